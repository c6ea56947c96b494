#if canImport(CLKernels)
  extension OpenCLBackend {
    private static let norm = ProgramKey(family: "norm")
    private static let layer = ProgramKey(family: "layer_norm")

    public func rmsNorm(
      _ x: Tensor, weight: Tensor, settings: RMSNormSettings, into out: Tensor, inverseRMS: Tensor
    ) throws {
      let (n, c) = try Check.rmsNorm(x, weight: weight, into: out, inverseRMS: inverseRMS)
      try launch(
        "rms_norm", Self.norm, groups: [n],
        [
          .rows(x), .tensor(weight), .float(settings.epsilon), .float(settings.weightOffset),
          .rows(out), .tensor(inverseRMS), .size(c), reduction,
        ])
    }

    public func addRMSNorm(
      _ x: Tensor, to sum: Tensor, weight: Tensor, settings: RMSNormSettings, into out: Tensor,
      inverseRMS: Tensor
    ) throws {
      let (n, c) = try Check.addRMSNorm(
        x, to: sum, weight: weight, into: out, inverseRMS: inverseRMS)
      try launch(
        "add_rms_norm", Self.norm, groups: [n],
        [
          .rows(x), .rows(sum), .tensor(weight), .float(settings.epsilon),
          .float(settings.weightOffset), .rows(out), .tensor(inverseRMS), .size(c), reduction,
        ])
    }

    public func rmsNormBackward(
      _ dOut: Tensor, x: Tensor, weight: Tensor, settings: RMSNormSettings, inverseRMS: Tensor,
      into dX: Tensor, accumulate: Bool, dWeight: Tensor?
    ) throws {
      let (n, c) = try Check.rmsNormBackward(
        dOut, x: x, weight: weight, inverseRMS: inverseRMS, into: dX, dWeight: dWeight)
      try launch(
        "rms_norm_backward", Self.norm, groups: [n],
        [
          .rows(dOut), .rows(x), .tensor(weight), .float(settings.weightOffset),
          .tensor(inverseRMS), .rows(dX), .size(c), .flag(accumulate), reduction,
        ])
      guard let dWeight else { return }
      try sumSlices(of: n, columns: c, into: dWeight) { partial, slices in
        try launch(
          "rms_norm_weight_partial", Self.norm, groups: slices.groups,
          [
            .rows(dOut), .rows(x), .tensor(inverseRMS), .tensor(partial), .size(n), .size(c),
            .size(slices.rows),
          ])
      }
    }

    // MARK: Heads

    /// A head is narrower than a row: work-groups of no more than its width, in steps of 32.
    private func headItems(_ shape: AttentionShape) -> Int {
      isNarrow ? workGroup : min(workGroup, ceilDivide(shape.headWidth, 32) * 32)
    }

    public func headRMSNorm(
      _ qkv: Tensor, queryWeight: Tensor, keyWeight: Tensor, shape: AttentionShape,
      settings: RMSNormSettings, into out: Tensor, inverseRMS: Tensor
    ) throws {
      let n = try Check.headRMSNorm(
        qkv, queryWeight: queryWeight, keyWeight: keyWeight, shape: shape, into: out,
        inverseRMS: inverseRMS)
      let items = headItems(shape)
      try launch(
        "head_rms_norm", ProgramKey(family: "head_norm", defines: ["WG": items]),
        groups: [n * (shape.heads + 2 * shape.keyValueHeads)],
        [
          .rows(qkv), .tensor(queryWeight), .tensor(keyWeight), .float(settings.epsilon),
          .float(settings.weightOffset), .rows(out), .tensor(inverseRMS), .size(shape.heads),
          .size(shape.keyValueHeads), .size(shape.headWidth), .local(4 * items),
        ])
    }

    public func headRMSNormBackward(
      _ dOut: Tensor, qkv: Tensor, queryWeight: Tensor, keyWeight: Tensor, shape: AttentionShape,
      settings: RMSNormSettings, inverseRMS: Tensor, into dQKV: Tensor, dQueryWeight: Tensor?,
      dKeyWeight: Tensor?
    ) throws {
      let n = try Check.headRMSNormBackward(
        dOut, qkv: qkv, queryWeight: queryWeight, keyWeight: keyWeight, shape: shape,
        inverseRMS: inverseRMS, into: dQKV, dQueryWeight: dQueryWeight, dKeyWeight: dKeyWeight)
      let items = headItems(shape)
      let program = ProgramKey(family: "head_norm", defines: ["WG": items])
      try launch(
        "head_rms_norm_backward", program, groups: [n * (shape.heads + 2 * shape.keyValueHeads)],
        [
          .rows(dOut), .rows(qkv), .tensor(queryWeight), .tensor(keyWeight),
          .float(settings.weightOffset), .tensor(inverseRMS), .rows(dQKV), .size(shape.heads),
          .size(shape.keyValueHeads), .size(shape.headWidth), .local(4 * items),
        ])
      let normed = shape.heads + shape.keyValueHeads
      for (gradient, heads) in [
        (dQueryWeight, 0..<shape.heads), (dKeyWeight, shape.heads..<normed),
      ] {
        guard let gradient else { continue }
        try sumSlices(
          of: n * heads.count, columns: shape.headWidth, items: items, into: gradient
        ) { partial, slices in
          try launch(
            "head_rms_norm_weight_partial", program, groups: slices.groups,
            [
              .rows(dOut), .rows(qkv), .tensor(inverseRMS), .tensor(partial), .size(n),
              .size(heads.lowerBound), .size(heads.count), .size(normed), .size(shape.headWidth),
              .size(slices.rows),
            ])
        }
      }
    }

    // MARK: Layer norm

    public func layerNorm(
      _ x: Tensor, weight: Tensor, bias: Tensor, epsilon: Float, into out: Tensor,
      statistics: Tensor
    ) throws {
      let (n, c) = try Check.layerNorm(
        x, weight: weight, bias: bias, into: out, statistics: statistics)
      try launch(
        "layer_norm", Self.layer, groups: [n],
        [
          .rows(x), .tensor(weight), .tensor(bias), .float(epsilon), .rows(out),
          .tensor(statistics), .size(n), .size(c), reduction,
        ])
    }

    public func layerNormBackward(
      _ dOut: Tensor, x: Tensor, weight: Tensor, statistics: Tensor, into dX: Tensor,
      accumulate: Bool, dWeight: Tensor?, dBias: Tensor?
    ) throws {
      let (n, c) = try Check.layerNormBackward(
        dOut, x: x, weight: weight, statistics: statistics, into: dX, dWeight: dWeight,
        dBias: dBias)
      try launch(
        "layer_norm_backward", Self.layer, groups: [n],
        [
          .rows(dOut), .rows(x), .tensor(weight), .tensor(statistics), .rows(dX), .size(n),
          .size(c), .flag(accumulate), reduction,
        ])
      if let dWeight {
        try sumSlices(of: n, columns: c, into: dWeight) { partial, slices in
          try launch(
            "layer_norm_weight_partial", Self.layer, groups: slices.groups,
            [
              .rows(dOut), .rows(x), .tensor(statistics), .tensor(partial), .size(n), .size(c),
              .size(slices.rows),
            ])
        }
      }
      if let dBias { try sumRows(dOut, into: dBias) }
    }
  }
#endif
