import CPUKernels

extension CPUBackend {
  public func rmsNorm(
    _ x: Tensor, weight: Tensor, epsilon: Float, into out: Tensor, inverseRMS: Tensor
  ) throws {
    let op = "rmsNorm"
    let (n, c) = try Check.rmsNorm(x, weight: weight, into: out, inverseRMS: inverseRMS)
    mpo_rms_norm(
      pool, try floats(x, op), nil, try floats(weight, op), epsilon, try floats(out, op),
      try floats(inverseRMS, op), n, c)
  }

  public func addRMSNorm(
    _ x: Tensor, to sum: Tensor, weight: Tensor, epsilon: Float, into out: Tensor,
    inverseRMS: Tensor
  ) throws {
    let op = "addRMSNorm"
    let (n, c) = try Check.addRMSNorm(
      x, to: sum, weight: weight, into: out, inverseRMS: inverseRMS)
    mpo_rms_norm(
      pool, try floats(sum, op), try floats(x, op), try floats(weight, op), epsilon,
      try floats(out, op), try floats(inverseRMS, op), n, c)
  }

  public func rmsNormBackward(
    _ dOut: Tensor, x: Tensor, weight: Tensor, inverseRMS: Tensor, into dX: Tensor,
    accumulate: Bool, dWeight: Tensor
  ) throws {
    let op = "rmsNormBackward"
    let (n, c) = try Check.rmsNormBackward(
      dOut, x: x, weight: weight, inverseRMS: inverseRMS, into: dX, dWeight: dWeight)
    mpo_rms_norm_backward(
      pool, try floats(dOut, op), try floats(x, op), try floats(weight, op),
      try floats(inverseRMS, op), try floats(dX, op), accumulate ? 1 : 0,
      try floats(dWeight, op), n, c)
  }

  public func rotary(
    _ x: Tensor, heads: Int, headWidth: Int, positions: Tensor, cosine: Tensor, sine: Tensor,
    inverse: Bool
  ) throws {
    let op = "rotary"
    try Check.rotary(
      x, heads: heads, headWidth: headWidth, positions: positions, cosine: cosine, sine: sine)
    mpo_rotary(
      pool, try floats(x, op), try ints(positions, op), try floats(cosine, op),
      try floats(sine, op), x.rows, x.columns, heads, headWidth, inverse ? 1 : 0)
  }

  public func swiGLU(_ gateUp: Tensor, into out: Tensor) throws {
    let op = "swiGLU"
    let (n, f) = try Check.swiGLU(op, gateUp, out: out)
    mpo_swiglu(pool, try floats(gateUp, op), try floats(out, op), n, f)
  }

  public func swiGLUBackward(_ dOut: Tensor, gateUp: Tensor, into dGateUp: Tensor) throws {
    let op = "swiGLUBackward"
    let (n, f) = try Check.swiGLUBackward(dOut, gateUp: gateUp, into: dGateUp)
    mpo_swiglu_backward(
      pool, try floats(dOut, op), try floats(gateUp, op), try floats(dGateUp, op), n, f)
  }
}
