import MPOBackend

// The decoder's operations on the tape: each forward stands with its adjoint.
// N tokens, C width, F feed-forward width, S sequences.
extension Tape {
  /// `out[n] = scale * table[ids[n]]` (N, C).
  public func embedding(_ ids: Tensor, _ table: Parameter, scale: Float = 1) throws -> Variable {
    let out = Variable(try backend.empty([ids.count, table.value.columns]))
    try readEmbedding(ids, table, scale: scale, accumulate: false, into: out.value)
    record([], out) { [unowned self, slot = out.slot] in
      guard let g = take(slot), let dTable = table.gradient else { return }
      try backend.embeddingBackward(ids, dOut: g, scale: scale, into: dTable)
    }
    return out
  }

  /// `x[n] + table[ids[n]]` (N, C), in `x`'s memory: nothing else may read it.
  public func addEmbedding(_ ids: Tensor, _ table: Parameter, to x: Variable) throws -> Variable {
    try readEmbedding(ids, table, scale: 1, accumulate: true, into: x.value)
    let out = Variable(x.value)
    record([x], out) { [unowned self, slot = out.slot, input = x.slot] in
      guard let g = try takeOwned(slot) else { return }
      if let dTable = table.gradient {
        try backend.embeddingBackward(ids, dOut: g, scale: 1, into: dTable)
      }
      try give(g, to: input)
    }
    return out
  }

  /// With bf16 products the rows are bf16 too, whether the table is stored so or not: a policy and its
  /// `ParameterSet.reference` are one policy.
  private func readEmbedding(
    _ ids: Tensor, _ table: Parameter, scale: Float, accumulate: Bool, into out: Tensor
  ) throws {
    var (rows, stored) = (ids, table.product)
    if table.precision == .bf16, stored.type == .f32 {
      let read = try backend.empty([ids.count, stored.columns])
      try backend.embedding(ids, table: stored, scale: 1, accumulate: false, into: read)
      (rows, stored) = (
        try backend.indices(Array(0..<ids.count)), try backend.bfloat16(read)
      )
    }
    try backend.embedding(rows, table: stored, scale: scale, accumulate: accumulate, into: out)
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

  /// `activation(gate) * up` (N, F) from [gate | up] (N, 2F).
  public func gatedUnit(_ gateUp: Variable, _ activation: Activation) throws -> Variable {
    let out = Variable(try backend.empty([gateUp.value.rows, gateUp.value.columns / 2]))
    try backend.gatedUnit(gateUp.value, activation: activation, into: out.value)
    record([gateUp], out) { [unowned self, slot = out.slot] in
      guard let g = take(slot) else { return }
      try contribute(to: gateUp.slot) { dGateUp, accumulate in
        let target = accumulate ? try backend.empty(gateUp.value.shape) : dGateUp
        try backend.gatedUnitBackward(
          g, gateUp: gateUp.value, activation: activation, into: target)
        if accumulate { try backend.add(dGateUp, target, into: dGateUp) }
      }
    }
    guard recording else { return out }
    return out.remade { [backend, value = gateUp.value, shape = out.value.shape] in
      let again = try backend.empty(shape)
      try backend.gatedUnit(value, activation: activation, into: again)
      return again
    }
  }

  /// `activation(x)` (N, F).
  public func activate(_ x: Variable, _ activation: Activation) throws -> Variable {
    let out = Variable(overwrites ? x.value : try backend.empty(x.value.shape))
    try backend.activate(x.value, activation, into: out.value)
    record([x], out) { [unowned self, slot = out.slot] in
      guard let g = take(slot) else { return }
      try contribute(to: x.slot) { dX, accumulate in
        let target = accumulate ? try backend.empty(x.value.shape) : dX
        try backend.activateBackward(g, x: x.value, activation, into: target)
        if accumulate { try backend.add(dX, target, into: dX) }
      }
    }
    guard recording else { return out }
    return out.remade { [backend, value = x.value] in
      let again = try backend.empty(value.shape)
      try backend.activate(value, activation, into: again)
      return again
    }
  }

  /// Residual sum.
  public func add(_ a: Variable, _ b: Variable) throws -> Variable {
    let out = Variable(try backend.empty(a.value.shape))
    try backend.add(a.value, b.value, into: out.value)
    recordAdd(a, b, out)
    return out
  }

  func recordAdd(_ a: Variable, _ b: Variable, _ out: Variable) {
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
