import CPUKernels

extension CPUBackend {
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

  public func gatedUnit(_ gateUp: Tensor, activation: Activation, into out: Tensor) throws {
    let op = "gatedUnit"
    let (n, f) = try Check.gatedUnit(op, gateUp, out: out)
    mpo_gated_unit(pool, try floats(gateUp, op), activation.c, try floats(out, op), n, f)
  }

  public func gatedUnitBackward(
    _ dOut: Tensor, gateUp: Tensor, activation: Activation, into dGateUp: Tensor
  ) throws {
    let op = "gatedUnitBackward"
    let (n, f) = try Check.gatedUnitBackward(dOut, gateUp: gateUp, into: dGateUp)
    mpo_gated_unit_backward(
      pool, try floats(dOut, op), try floats(gateUp, op), activation.c, try floats(dGateUp, op),
      n, f)
  }

  public func activate(_ x: Tensor, _ activation: Activation, into out: Tensor) throws {
    let op = "activate"
    try Check.activate(x, into: out)
    mpo_activate(pool, try floats(x, op), activation.c, try floats(out, op), x.count)
  }

  public func activateBackward(
    _ dOut: Tensor, x: Tensor, _ activation: Activation, into dX: Tensor
  ) throws {
    let op = "activateBackward"
    try Check.activateBackward(dOut, x: x, into: dX)
    mpo_activate_backward(
      pool, try floats(dOut, op), try floats(x, op), activation.c, try floats(dX, op), x.count)
  }
}

extension Activation {
  fileprivate var c: mpo_activation {
    switch self {
    case .silu: MPO_SILU
    case .geluTanh: MPO_GELU_TANH
    case .gelu: MPO_GELU
    }
  }
}
