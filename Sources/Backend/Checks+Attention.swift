/// Attention and its cache.
extension Check {
  static func heads(_ op: String, _ s: AttentionShape) throws {
    try require(
      op,
      s.heads > 0 && s.keyValueHeads > 0 && s.heads % s.keyValueHeads == 0 && s.headWidth > 0
        && s.headWidth % 2 == 0,
      "expected heads a multiple of key/value heads and an even width, found \(s.heads), "
        + "\(s.keyValueHeads), \(s.headWidth)")
    try require(
      op, s.window >= 0 && s.softcap >= 0 && s.softcap.isFinite,
      "expected a window >= 0 and a finite softcap >= 0, found \(s.window), \(s.softcap)")
  }

  static func attention(
    _ op: String = "attention", qkv: Tensor, sequences: Tensor, longest: Int,
    shape: AttentionShape, out: Tensor, logSumExp: Tensor
  ) throws -> (n: Int, s: Int) {
    try heads(op, shape)
    try matrix(op, "qkv", qkv, qkv.rows, shape.packedWidth)
    try vector(op, "sequences", sequences, sequences.count, type: .i32)
    try require(
      op, sequences.count >= 1, "sequences: expected S + 1 elements, found \(sequences.shape)")
    try require(
      op, longest >= 0 && longest <= qkv.rows,
      "longest: expected 0...\(qkv.rows), found \(longest)")
    try matrix(op, "out", out, qkv.rows, shape.outputWidth)
    try matrix(op, "logSumExp", logSumExp, qkv.rows, shape.heads)
    return (qkv.rows, sequences.count - 1)
  }

  static func attentionBackward(
    _ dOut: Tensor, qkv: Tensor, out: Tensor, logSumExp: Tensor, sequences: Tensor, longest: Int,
    shape: AttentionShape, into dQKV: Tensor
  ) throws -> (n: Int, s: Int) {
    let op = "attentionBackward"
    let sizes = try attention(
      op, qkv: qkv, sequences: sequences, longest: longest, shape: shape, out: out,
      logSumExp: logSumExp)
    try matrix(op, "dOut", dOut, qkv.rows, shape.outputWidth)
    try matrix(op, "dQKV", dQKV, qkv.rows, shape.packedWidth)
    return sizes
  }

  /// Key and value caches (entries, G, D); returns the entries.
  static func caches(
    _ op: String, keys: Tensor, values: Tensor, shape: AttentionShape
  ) throws -> Int {
    try heads(op, shape)
    for (name, t) in [("keys", keys), ("values", values)] {
      try tensor(op, name, t)
      try require(
        op,
        t.shape.count == 3 && Array(t.shape[1...]) == [shape.keyValueHeads, shape.headWidth]
          && t.shape == keys.shape,
        "\(name): expected (entries, \(shape.keyValueHeads), \(shape.headWidth)), "
          + "found \(t.shape)")
    }
    return keys.shape[0]
  }

  static func appendKV(
    qkv: Tensor, entries: Tensor, shape: AttentionShape, keys: Tensor, values: Tensor
  ) throws -> Int {
    let op = "appendKV"
    _ = try caches(op, keys: keys, values: values, shape: shape)
    try matrix(op, "qkv", qkv, qkv.rows, shape.packedWidth)
    try vector(op, "entries", entries, qkv.rows, type: .i32)
    return qkv.rows
  }

  static func attentionDecode(
    qkv: Tensor, keys: Tensor, values: Tensor, runs: Tensor, longest: Int, shape: AttentionShape,
    into out: Tensor
  ) throws -> Int {
    let op = "attentionDecode"
    let entries = try caches(op, keys: keys, values: values, shape: shape)
    try matrix(op, "qkv", qkv, qkv.rows, shape.packedWidth)
    try matrix(op, "runs", runs, qkv.rows, 4, type: .i32)
    try require(
      op, longest >= 0 && longest <= 2 * entries,
      "longest: expected 0...\(2 * entries) (two runs of the cache's entries), found \(longest)")
    try matrix(op, "out", out, qkv.rows, shape.outputWidth)
    return qkv.rows
  }
}
