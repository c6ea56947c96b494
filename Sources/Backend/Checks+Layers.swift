/// Rows, positions and feed-forward.
extension Check {
  /// `embedding` and `embeddingBackward`; table and out are dTable and dOut there.
  static func embedding(
    _ op: String, _ ids: Tensor, table: Tensor, out: Tensor
  ) throws -> (n: Int, v: Int, c: Int) {
    // Only the forward reads a bf16 table.
    let half = op == "embedding" && table.type == .bf16
    try tensor(op, "table", table, type: half ? .bf16 : .f32)
    try vector(op, "ids", ids, ids.count, type: .i32)
    try matrix(op, "out", out, ids.count, table.columns)
    return (ids.count, table.rows, table.columns)
  }

  /// `gatherRows` and `scatterRows`: x (N, C), rows (M), out (M, C).
  static func rows(_ op: String, _ x: Tensor, rows: Tensor, out: Tensor) throws -> (
    m: Int, n: Int, c: Int
  ) {
    try tensor(op, "x", x)
    try vector(op, "rows", rows, rows.count, type: .i32)
    try matrix(op, "out", out, rows.count, x.columns)
    return (rows.count, x.rows, x.columns)
  }

  static func rotary(
    _ x: Tensor, heads: Int, headWidth: Int, positions: Tensor, cosine: Tensor, sine: Tensor
  ) throws {
    let op = "rotary"
    try tensor(op, "x", x)
    try require(
      op, heads >= 0 && headWidth > 0 && headWidth % 2 == 0,
      "expected heads >= 0 of even width, found \(heads) of \(headWidth)")
    try require(
      op, x.columns >= heads * headWidth,
      "x: expected at least \(heads) * \(headWidth) columns, found \(x.shape)")
    try vector(op, "positions", positions, x.rows, type: .i32)
    try matrix(op, "cosine", cosine, cosine.rows, headWidth / 2)
    try matrix(op, "sine", sine, cosine.rows, headWidth / 2)
  }

  /// `gatedUnit` and its adjoint (out is dOut there). Returns rows and F.
  static func gatedUnit(_ op: String, _ gateUp: Tensor, out: Tensor) throws -> (n: Int, f: Int) {
    try tensor(op, "gateUp", gateUp)
    try require(
      op, gateUp.columns % 2 == 0, "gateUp: expected (N, 2F), found \(gateUp.shape)")
    try matrix(op, "out", out, gateUp.rows, gateUp.columns / 2)
    return (gateUp.rows, gateUp.columns / 2)
  }

  static func gatedUnitBackward(
    _ dOut: Tensor, gateUp: Tensor, into dGateUp: Tensor
  ) throws -> (n: Int, f: Int) {
    try matrix("gatedUnitBackward", "dGateUp", dGateUp, gateUp.rows, gateUp.columns)
    return try gatedUnit("gatedUnitBackward", gateUp, out: dOut)
  }
}
