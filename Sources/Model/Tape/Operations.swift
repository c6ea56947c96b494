import MPOBackend

// The decoder's operations on the tape: each forward stands with its adjoint.
// N tokens, C width, F feed-forward width, S sequences.
extension Tape {
  /// `out[n] = table[ids[n]]` (N, C).
  public func embedding(_ ids: Tensor, _ table: Parameter) throws -> Variable {
    let out = Variable(try backend.empty([ids.count, table.value.columns]))
    try backend.embedding(ids, table: table.value, into: out.value)
    record([], out) { [unowned self, slot = out.slot] in
      guard let g = take(slot), let dTable = table.gradient else { return }
      try backend.embeddingBackward(ids, dOut: g, into: dTable)
    }
    return out
  }

  /// `out = x weight^T` (N, M), weight (M, C). In bf16 where the weight has that copy, and then the
  /// adjoint's products too; all sums are f32.
  public func linear(_ x: Variable, _ weight: Parameter) throws -> Variable {
    let out = Variable(try backend.empty([x.value.rows, weight.value.rows]))
    let precision = weight.product.productPrecision
    try backend.matmul(
      x.value, weight.product, transposeB: true, into: out.value, precision: precision)
    record([x], out) { [unowned self, slot = out.slot] in
      guard let g = take(slot) else { return }
      if let dWeight = weight.gradient {
        try backend.matmul(
          g, x.value, transposeA: true, into: dWeight, accumulate: true, precision: precision)
      }
      try contribute(to: x.slot) { dX, accumulate in
        try backend.matmul(
          g, weight.product, into: dX, accumulate: accumulate, precision: precision)
      }
    }
    return out
  }

  /// A residual with a block's product and the norm behind it: `sum = residual + x weight^T` (N, M),
  /// `normed = rmsNorm(sum)`. Without recording `residual`'s memory becomes the sum.
  public func residualNorm(
    _ residual: Variable, adding x: Variable, times weight: Parameter, norm: Parameter,
    epsilon: Float
  ) throws -> (sum: Variable, normed: Variable) {
    if overwrites {
      let sum = try self.residual(residual, adding: x, times: weight)
      return (sum, try rmsNorm(sum, norm, epsilon: epsilon))
    }
    // The product's memory becomes the sum: its own adjoint does not read it.
    let product = try linear(x, weight)
    let sum = Variable(product.value)
    let normed = Variable(try backend.empty(sum.value.shape))
    let inverse = try backend.empty([sum.value.rows])
    try backend.addRMSNorm(
      residual.value, to: sum.value, weight: norm.value, settings: .init(epsilon: epsilon),
      into: normed.value, inverseRMS: inverse)
    recordAdd(residual, product, sum)
    recordNorm(sum, norm, epsilon, inverse, normed)
    return (sum, normed)
  }

  /// `residual + x weight^T` (N, M). Without recording it is added to `residual`'s memory, which
  /// must not be read again.
  public func residual(
    _ residual: Variable, adding x: Variable, times weight: Parameter
  ) throws -> Variable {
    guard overwrites else { return try add(residual, linear(x, weight)) }
    try backend.matmul(
      x.value, weight.product, transposeB: true, into: residual.value, accumulate: true,
      precision: weight.product.productPrecision)
    return residual
  }

  /// Root-mean-square norm with a learned scale (N, C).
  public func rmsNorm(_ x: Variable, _ weight: Parameter, epsilon: Float) throws -> Variable {
    let out = Variable(try backend.empty(x.value.shape))
    let inverse = try backend.empty([x.value.rows])
    try backend.rmsNorm(
      x.value, weight: weight.value, settings: .init(epsilon: epsilon), into: out.value,
      inverseRMS: inverse)
    recordNorm(x, weight, epsilon, inverse, out)
    return out
  }

  private func recordNorm(
    _ x: Variable, _ weight: Parameter, _ epsilon: Float, _ inverse: Tensor, _ out: Variable
  ) {
    record([x], out) { [unowned self, slot = out.slot] in
      guard let g = take(slot) else { return }
      try contribute(to: x.slot) { dX, accumulate in
        try backend.rmsNormBackward(
          g, x: x.value, weight: weight.value, settings: .init(epsilon: epsilon),
          inverseRMS: inverse, into: dX, accumulate: accumulate, dWeight: weight.gradient)
      }
    }
  }

  /// Rotary embedding of the first `heads` heads of every row. Works in place on `x`'s memory:
  /// `x` must not be read again (its own adjoint does not need its value).
  public func rotary(
    _ x: Variable, heads: Int, headWidth: Int, positions: Tensor, table: RotaryTable
  ) throws -> Variable {
    try backend.rotary(
      x.value, heads: heads, headWidth: headWidth, positions: positions, cosine: table.cosine,
      sine: table.sine, inverse: false)
    let out = Variable(x.value)
    record([x], out) { [unowned self, slot = out.slot, input = x.slot] in
      guard let g = try takeOwned(slot) else { return }
      try backend.rotary(
        g, heads: heads, headWidth: headWidth, positions: positions, cosine: table.cosine,
        sine: table.sine, inverse: true)
      try give(g, to: input)
    }
    return out
  }

  /// Causal attention within packed sequences (N, H*D) from packed (N, (H+2G)*D).
  public func attention(
    _ qkv: Variable, sequences: PackedSequences, shape: AttentionShape
  ) throws -> Variable {
    let n = qkv.value.rows
    let out = Variable(try backend.empty([n, shape.outputWidth]))
    let logSumExp = try backend.empty([n, shape.heads])
    try backend.attention(
      qkv: qkv.value, sequences: sequences.starts, longest: sequences.longest, shape: shape,
      into: out.value, logSumExp: logSumExp)
    record([qkv], out) { [unowned self, slot = out.slot] in
      guard let g = take(slot) else { return }
      try contribute(to: qkv.slot) { dQKV, accumulate in
        let target = accumulate ? try backend.empty(qkv.value.shape) : dQKV
        try backend.attentionBackward(
          g, qkv: qkv.value, out: out.value, logSumExp: logSumExp,
          sequences: sequences.starts, longest: sequences.longest, shape: shape, into: target)
        if accumulate { try backend.add(dQKV, target, into: dQKV) }
      }
    }
    return out
  }

  /// `silu(gate) * up` (N, F) from [gate | up] (N, 2F).
  public func swiGLU(_ gateUp: Variable) throws -> Variable {
    let out = Variable(try backend.empty([gateUp.value.rows, gateUp.value.columns / 2]))
    try backend.gatedUnit(gateUp.value, activation: .silu, into: out.value)
    record([gateUp], out) { [unowned self, slot = out.slot] in
      guard let g = take(slot) else { return }
      try contribute(to: gateUp.slot) { dGateUp, accumulate in
        let target = accumulate ? try backend.empty(gateUp.value.shape) : dGateUp
        try backend.gatedUnitBackward(
          g, gateUp: gateUp.value, activation: .silu, into: target)
        if accumulate { try backend.add(dGateUp, target, into: dGateUp) }
      }
    }
    return out
  }

  /// Residual sum.
  public func add(_ a: Variable, _ b: Variable) throws -> Variable {
    let out = Variable(try backend.empty(a.value.shape))
    try backend.add(a.value, b.value, into: out.value)
    recordAdd(a, b, out)
    return out
  }

  private func recordAdd(_ a: Variable, _ b: Variable, _ out: Variable) {
    let mayShare = maySplit(a, b)
    record([a, b], out) { [unowned self, slot = out.slot, a = a.slot, b = b.slot] in
      try split(slot, into: a, b, mayShare: mayShare)
    }
  }

  /// Rows `rows` of x (M, C), distinct; the adjoint adds them back.
  public func gatherRows(_ x: Variable, rows: Tensor) throws -> Variable {
    let out = Variable(try backend.empty([rows.count, x.value.columns]))
    try backend.gatherRows(x.value, rows: rows, into: out.value)
    record([x], out) { [unowned self, slot = out.slot, input = x.slot] in
      guard let g = take(slot) else { return }
      try contribute(to: input) { dX, accumulate in
        if !accumulate { try backend.fill(dX, with: 0) }
        try backend.scatterRows(g, rows: rows, into: dX)
      }
    }
    return out
  }
}

/// Cosines and sines of the rotary embedding for every position, (P, D/2) each.
public struct RotaryTable {
  public var cosine: Tensor
  public var sine: Tensor
}
