#if canImport(CLKernels)
  import Foundation

  extension OpenCLBackend {
    private static let optimizer = ProgramKey(family: "optimizer")

    public func norm(_ x: Tensor, into out: Tensor) throws {
      try Check.norm(x, into: out)
      let slice = max(block, ceilDivide(ceilDivide(x.count, 1024), vector) * vector)
      let slices = ceilDivide(x.count, slice)
      let partial = try scratch(max(slices, 1))
      try launch(
        "sum_squares", Self.optimizer, groups: [slices],
        [.tensor(x), .size(x.count), .size(slice), .tensor(partial), reduction])
      try launch(
        "norm_end", Self.optimizer, groups: [1],
        [.tensor(partial), .size(slices), .tensor(out), reduction])
    }

    public func adamW(
      parameters: Tensor, gradients: Tensor, firstMoment: Tensor, secondMoment: Tensor,
      gradNorm: Tensor, settings: AdamWSettings
    ) throws {
      try Check.adamW(
        parameters: parameters, gradients: gradients, firstMoment: firstMoment,
        secondMoment: secondMoment, gradNorm: gradNorm, settings: settings)
      func correction(_ beta: Float) -> Float {
        Float(1 - pow(Double(beta), Double(settings.step)))
      }
      try launch(
        "adamw", Self.optimizer, groups: blocks(rows: 1, columns: parameters.count),
        [
          .tensor(parameters), .tensor(gradients), .tensor(firstMoment), .tensor(secondMoment),
          .tensor(gradNorm), .size(parameters.count), .float(settings.learningRate),
          .float(settings.beta1), .float(settings.beta2), .float(settings.epsilon),
          .float(settings.weightDecay), .float(correction(settings.beta1)),
          .float(correction(settings.beta2)), .float(settings.maxGradNorm),
        ])
    }
  }
#endif
