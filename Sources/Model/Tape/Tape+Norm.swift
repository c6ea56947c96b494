import MPOBackend

// Norms on the tape. N tokens, C width, H query heads, G key heads, D head width.
extension Tape {
  /// The norm of every row (N, C), with learned scale (and shift).
  public func norm(_ x: Variable, _ norm: NormParameters) throws -> Variable {
    switch norm.shape {
    case .rms(let settings): return try rmsNorm(x, norm.weight, settings)
    case .layer(let epsilon): return try layerNorm(x, norm, epsilon)
    }
  }

  /// Root-mean-square norm with a learned scale (N, C).
  public func rmsNorm(
    _ x: Variable, _ weight: Parameter, _ settings: RMSNormSettings
  ) throws -> Variable {
    let out = Variable(try backend.empty(x.value.shape))
    let inverse = try backend.empty([x.value.rows])
    try backend.rmsNorm(
      x.value, weight: weight.value, settings: settings, into: out.value, inverseRMS: inverse)
    return recordNorm(x, weight, settings, inverse, out)
  }

  /// `out`, to be made again from x where the backward pass reads it.
  private func recordNorm(
    _ x: Variable, _ weight: Parameter, _ settings: RMSNormSettings, _ inverse: Tensor,
    _ out: Variable
  ) -> Variable {
    record([x], out) { [unowned self, slot = out.slot] in
      guard let g = take(slot) else { return }
      try contribute(to: x.slot) { dX, accumulate in
        try backend.rmsNormBackward(
          g, x: x.value, weight: weight.value, settings: settings, inverseRMS: inverse, into: dX,
          accumulate: accumulate, dWeight: weight.gradient)
      }
    }
    guard recording else { return out }
    return out.remade { [backend, value = x.value] in
      let again = try backend.empty(value.shape)
      try backend.rmsNorm(
        value, weight: weight.value, settings: settings, into: again, inverseRMS: inverse)
      return again
    }
  }

  /// `sum = residual + branch` and its norm in one pass. The branch's memory becomes the sum: the
  /// adjoint of what made it must not read it.
  func addNorm(
    _ residual: Variable, _ branch: Variable, _ norm: NormParameters, _ settings: RMSNormSettings
  ) throws -> (sum: Variable, normed: Variable) {
    let sum = Variable(branch.value)
    let normed = Variable(try backend.empty(sum.value.shape))
    let inverse = try backend.empty([sum.value.rows])
    try backend.addRMSNorm(
      residual.value, to: sum.value, weight: norm.weight.value, settings: settings,
      into: normed.value, inverseRMS: inverse)
    recordAdd(residual, branch, sum)
    return (sum, recordNorm(sum, norm.weight, settings, inverse, normed))
  }

  private func layerNorm(
    _ x: Variable, _ norm: NormParameters, _ epsilon: Float
  ) throws -> Variable {
    guard let bias = norm.bias else {
      throw BackendError.argument(op: "layerNorm", "a layer norm needs a bias")
    }
    let out = Variable(try backend.empty(x.value.shape))
    let statistics = try backend.empty([2, x.value.rows])
    try backend.layerNorm(
      x.value, weight: norm.weight.value, bias: bias.value, epsilon: epsilon, into: out.value,
      statistics: statistics)
    record([x], out) { [unowned self, slot = out.slot] in
      guard let g = take(slot) else { return }
      try contribute(to: x.slot) { dX, accumulate in
        try backend.layerNormBackward(
          g, x: x.value, weight: norm.weight.value, statistics: statistics, into: dX,
          accumulate: accumulate, dWeight: norm.weight.gradient, dBias: bias.gradient)
      }
    }
    guard recording else { return out }
    return out.remade { [backend, value = x.value] in
      let again = try backend.empty(value.shape)
      try backend.layerNorm(
        value, weight: norm.weight.value, bias: bias.value, epsilon: epsilon, into: again,
        statistics: statistics)
      return again
    }
  }

  /// Norms of every query head and key head of packed qkv (N, (H + 2G) * D), weights (D) each; value
  /// heads pass.
  public func headNorm(
    _ qkv: Variable, query: NormParameters, key: NormParameters, shape: AttentionShape
  ) throws -> Variable {
    guard case .rms(let settings) = query.shape else {
      throw BackendError.argument(op: "headNorm", "heads have RMS norms only")
    }
    let out = Variable(try backend.empty(qkv.value.shape))
    let inverse = try backend.empty([qkv.value.rows, shape.heads + shape.keyValueHeads])
    try backend.headRMSNorm(
      qkv.value, queryWeight: query.weight.value, keyWeight: key.weight.value, shape: shape,
      settings: settings, into: out.value, inverseRMS: inverse)
    record([qkv], out) { [unowned self, slot = out.slot] in
      guard let g = take(slot) else { return }
      try contribute(to: qkv.slot) { dQKV, accumulate in
        let target = accumulate ? try backend.empty(qkv.value.shape) : dQKV
        try backend.headRMSNormBackward(
          g, qkv: qkv.value, queryWeight: query.weight.value, keyWeight: key.weight.value,
          shape: shape, settings: settings, inverseRMS: inverse, into: target,
          dQueryWeight: query.weight.gradient, dKeyWeight: key.weight.gradient)
        if accumulate { try backend.add(dQKV, target, into: dQKV) }
      }
    }
    return out
  }
}
