import CPUKernels

extension CPUBackend {
  public func rmsNorm(
    _ x: Tensor, weight: Tensor, settings: RMSNormSettings, into out: Tensor, inverseRMS: Tensor
  ) throws {
    let op = "rmsNorm"
    let (n, c) = try Check.rmsNorm(x, weight: weight, into: out, inverseRMS: inverseRMS)
    mpo_rms_norm(
      pool, try floats(x, op), nil, try floats(weight, op), settings.c, try floats(out, op),
      try floats(inverseRMS, op), n, c)
  }

  public func addRMSNorm(
    _ x: Tensor, to sum: Tensor, weight: Tensor, settings: RMSNormSettings, into out: Tensor,
    inverseRMS: Tensor
  ) throws {
    let op = "addRMSNorm"
    let (n, c) = try Check.addRMSNorm(
      x, to: sum, weight: weight, into: out, inverseRMS: inverseRMS)
    mpo_rms_norm(
      pool, try floats(sum, op), try floats(x, op), try floats(weight, op), settings.c,
      try floats(out, op), try floats(inverseRMS, op), n, c)
  }

  public func rmsNormBackward(
    _ dOut: Tensor, x: Tensor, weight: Tensor, settings: RMSNormSettings, inverseRMS: Tensor,
    into dX: Tensor, accumulate: Bool, dWeight: Tensor?
  ) throws {
    let op = "rmsNormBackward"
    let (n, c) = try Check.rmsNormBackward(
      dOut, x: x, weight: weight, inverseRMS: inverseRMS, into: dX, dWeight: dWeight)
    mpo_rms_norm_backward(
      pool, try floats(dOut, op), try floats(x, op), try floats(weight, op), settings.c,
      try floats(inverseRMS, op), try floats(dX, op), accumulate ? 1 : 0,
      try dWeight.map { try floats($0, op) }, n, c)
  }

  public func headRMSNorm(
    _ qkv: Tensor, queryWeight: Tensor, keyWeight: Tensor, shape: AttentionShape,
    settings: RMSNormSettings, into out: Tensor, inverseRMS: Tensor
  ) throws {
    let op = "headRMSNorm"
    let n = try Check.headRMSNorm(
      qkv, queryWeight: queryWeight, keyWeight: keyWeight, shape: shape, into: out,
      inverseRMS: inverseRMS)
    mpo_head_norm(
      pool, try floats(qkv, op), try floats(queryWeight, op), try floats(keyWeight, op), shape.c,
      settings.c, try floats(out, op), try floats(inverseRMS, op), n)
  }

  public func headRMSNormBackward(
    _ dOut: Tensor, qkv: Tensor, queryWeight: Tensor, keyWeight: Tensor, shape: AttentionShape,
    settings: RMSNormSettings, inverseRMS: Tensor, into dQKV: Tensor, dQueryWeight: Tensor?,
    dKeyWeight: Tensor?
  ) throws {
    let op = "headRMSNormBackward"
    let n = try Check.headRMSNormBackward(
      dOut, qkv: qkv, queryWeight: queryWeight, keyWeight: keyWeight, shape: shape,
      inverseRMS: inverseRMS, into: dQKV, dQueryWeight: dQueryWeight, dKeyWeight: dKeyWeight)
    mpo_head_norm_backward(
      pool, try floats(dOut, op), try floats(qkv, op), try floats(queryWeight, op),
      try floats(keyWeight, op), shape.c, settings.c, try floats(inverseRMS, op),
      try floats(dQKV, op), try dQueryWeight.map { try floats($0, op) },
      try dKeyWeight.map { try floats($0, op) }, n)
  }

  public func layerNorm(
    _ x: Tensor, weight: Tensor, bias: Tensor, epsilon: Float, into out: Tensor,
    statistics: Tensor
  ) throws {
    let op = "layerNorm"
    let (n, c) = try Check.layerNorm(
      x, weight: weight, bias: bias, into: out, statistics: statistics)
    mpo_layer_norm(
      pool, try floats(x, op), try floats(weight, op), try floats(bias, op), epsilon,
      try floats(out, op), try floats(statistics, op), n, c)
  }

  public func layerNormBackward(
    _ dOut: Tensor, x: Tensor, weight: Tensor, statistics: Tensor, into dX: Tensor,
    accumulate: Bool, dWeight: Tensor?, dBias: Tensor?
  ) throws {
    let op = "layerNormBackward"
    let (n, c) = try Check.layerNormBackward(
      dOut, x: x, weight: weight, statistics: statistics, into: dX, dWeight: dWeight,
      dBias: dBias)
    mpo_layer_norm_backward(
      pool, try floats(dOut, op), try floats(x, op), try floats(weight, op),
      try floats(statistics, op), try floats(dX, op), accumulate ? 1 : 0,
      try dWeight.map { try floats($0, op) }, try dBias.map { try floats($0, op) }, n, c)
  }
}

extension RMSNormSettings {
  fileprivate var c: mpo_rms_settings {
    mpo_rms_settings(epsilon: epsilon, weight_offset: weightOffset)
  }
}
