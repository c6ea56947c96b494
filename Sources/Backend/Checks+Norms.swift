/// Norms of rows and of heads.
extension Check {
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
    _ dOut: Tensor, x: Tensor, weight: Tensor, inverseRMS: Tensor, into dX: Tensor, dWeight: Tensor?
  ) throws -> (n: Int, c: Int) {
    let op = "rmsNormBackward"
    try tensor(op, "x", x)
    try matrix(op, "dOut", dOut, x.rows, x.columns)
    try vector(op, "weight", weight, x.columns)
    try vector(op, "inverseRMS", inverseRMS, x.rows)
    try matrix(op, "dX", dX, x.rows, x.columns)
    if let dWeight { try vector(op, "dWeight", dWeight, x.columns) }
    return (x.rows, x.columns)
  }

  static func headRMSNorm(
    _ qkv: Tensor, op: String = "headRMSNorm", queryWeight: Tensor, keyWeight: Tensor,
    shape: AttentionShape, into out: Tensor, inverseRMS: Tensor
  ) throws -> Int {
    try heads(op, shape)
    try matrix(op, "qkv", qkv, qkv.rows, shape.packedWidth)
    try vector(op, "queryWeight", queryWeight, shape.headWidth)
    try vector(op, "keyWeight", keyWeight, shape.headWidth)
    try matrix(op, "out", out, qkv.rows, shape.packedWidth)
    try require(op, !overlap(qkv, out), "out: expected another memory than qkv's")
    try matrix(op, "inverseRMS", inverseRMS, qkv.rows, shape.heads + shape.keyValueHeads)
    return qkv.rows
  }

  static func headRMSNormBackward(
    _ dOut: Tensor, qkv: Tensor, queryWeight: Tensor, keyWeight: Tensor, shape: AttentionShape,
    inverseRMS: Tensor, into dQKV: Tensor, dQueryWeight: Tensor?, dKeyWeight: Tensor?
  ) throws -> Int {
    let op = "headRMSNormBackward"
    let n = try headRMSNorm(
      qkv, op: op, queryWeight: queryWeight, keyWeight: keyWeight, shape: shape, into: dQKV,
      inverseRMS: inverseRMS)
    try matrix(op, "dOut", dOut, n, shape.packedWidth)
    try require(op, !overlap(dOut, dQKV), "dQKV: expected another memory than dOut's")
    if let dQueryWeight { try vector(op, "dQueryWeight", dQueryWeight, shape.headWidth) }
    if let dKeyWeight { try vector(op, "dKeyWeight", dKeyWeight, shape.headWidth) }
    return n
  }

  static func layerNorm(
    _ x: Tensor, weight: Tensor, bias: Tensor, into out: Tensor, statistics: Tensor
  ) throws -> (n: Int, c: Int) {
    let op = "layerNorm"
    try tensor(op, "x", x)
    try vector(op, "weight", weight, x.columns)
    try vector(op, "bias", bias, x.columns)
    try matrix(op, "out", out, x.rows, x.columns)
    try matrix(op, "statistics", statistics, 2, x.rows)
    return (x.rows, x.columns)
  }

  static func layerNormBackward(
    _ dOut: Tensor, x: Tensor, weight: Tensor, statistics: Tensor, into dX: Tensor,
    dWeight: Tensor?, dBias: Tensor?
  ) throws -> (n: Int, c: Int) {
    let op = "layerNormBackward"
    try tensor(op, "x", x)
    try matrix(op, "dOut", dOut, x.rows, x.columns)
    try vector(op, "weight", weight, x.columns)
    try matrix(op, "statistics", statistics, 2, x.rows)
    try matrix(op, "dX", dX, x.rows, x.columns)
    if let dWeight { try vector(op, "dWeight", dWeight, x.columns) }
    if let dBias { try vector(op, "dBias", dBias, x.columns) }
    return (x.rows, x.columns)
  }
}
