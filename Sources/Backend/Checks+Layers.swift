/// Rows, norms, positions and feed-forward.
extension Check {
  /// `embedding` and `embeddingBackward`; table and out are dTable and dOut there.
  static func embedding(_ op: String, _ ids: Tensor, table: Tensor, out: Tensor) throws -> (
    n: Int, v: Int, c: Int
  ) {
    try tensor(op, "table", table)
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

  static func rmsNorm(
    _ x: Tensor, weight: Tensor, into out: Tensor, inverseRMS: Tensor
  ) throws -> (n: Int, c: Int) {
    try tensor("rmsNorm", "x", x)
    try vector("rmsNorm", "weight", weight, x.columns)
    try matrix("rmsNorm", "out", out, x.rows, x.columns)
    try vector("rmsNorm", "inverseRMS", inverseRMS, x.rows)
    return (x.rows, x.columns)
  }

  static func addRMSNorm(
    _ x: Tensor, to sum: Tensor, weight: Tensor, into out: Tensor, inverseRMS: Tensor
  ) throws -> (n: Int, c: Int) {
    try matrix("addRMSNorm", "x", x, sum.rows, sum.columns)
    return try rmsNorm(sum, weight: weight, into: out, inverseRMS: inverseRMS)
  }

  static func rmsNormBackward(
    _ dOut: Tensor, x: Tensor, weight: Tensor, inverseRMS: Tensor, into dX: Tensor, dWeight: Tensor
  ) throws -> (n: Int, c: Int) {
    let op = "rmsNormBackward"
    try tensor(op, "x", x)
    try matrix(op, "dOut", dOut, x.rows, x.columns)
    try vector(op, "weight", weight, x.columns)
    try vector(op, "inverseRMS", inverseRMS, x.rows)
    try matrix(op, "dX", dX, x.rows, x.columns)
    try vector(op, "dWeight", dWeight, x.columns)
    return (x.rows, x.columns)
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

  /// `swiGLU` and its adjoint (out is dOut there). Returns rows and F.
  static func swiGLU(_ op: String, _ gateUp: Tensor, out: Tensor) throws -> (n: Int, f: Int) {
    try tensor(op, "gateUp", gateUp)
    try require(
      op, gateUp.columns % 2 == 0, "gateUp: expected (N, 2F), found \(gateUp.shape)")
    try matrix(op, "out", out, gateUp.rows, gateUp.columns / 2)
    return (gateUp.rows, gateUp.columns / 2)
  }

  static func swiGLUBackward(
    _ dOut: Tensor, gateUp: Tensor, into dGateUp: Tensor
  ) throws -> (n: Int, f: Int) {
    try matrix("swiGLUBackward", "dGateUp", dGateUp, gateUp.rows, gateUp.columns)
    return try swiGLU("swiGLUBackward", gateUp, out: dOut)
  }
}
