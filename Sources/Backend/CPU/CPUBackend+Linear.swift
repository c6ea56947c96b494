import CPUKernels

extension CPUBackend {
  public func matmul(
    _ a: Tensor, transposed ta: Bool, _ b: Tensor, transposed tb: Bool, into c: Tensor,
    accumulate: Bool, scale: Float, precision: ProductPrecision
  ) throws {
    let (m, n, k) = try Check.matmul(a, transposed: ta, b, transposed: tb, into: c)
    let op = "matmul"
    let (a, b) = (try widened(a, precision, op), try widened(b, precision, op))
    let status = mpo_matmul(
      pool, sgemm, ta ? 1 : 0, tb ? 1 : 0, m, n, k, scale, try floats(a, op), stride(a),
      try floats(b, op), stride(b), accumulate ? 1 : 0, try floats(c, op), stride(c))
    try check(status, op)
  }

  /// A one-row view may have any stride, but BLAS wants at least a row's width.
  private func stride(_ t: Tensor) -> Int { max(1, t.rowStride, t.columns) }

  /// An operand as the f32 values that enter the product.
  private func widened(_ x: Tensor, _ precision: ProductPrecision, _ op: String) throws -> Tensor {
    guard x.type == .bf16 || precision == .bf16 else { return x }
    let wide = try empty(x.shape)
    mpo_convert_rows(
      pool, try bytes(x, op), x.type.c, x.rowStride, try floats(wide, op), MPO_F32, 1, x.rows,
      x.columns)
    return wide
  }

  public func add(_ a: Tensor, _ b: Tensor, into out: Tensor) throws {
    try Check.add(a, b, into: out)
    mpo_add(
      pool, try floats(a, "add"), try floats(b, "add"), try floats(out, "add"), out.count)
  }

  public func interpolate(_ x: Tensor, towards y: Tensor, by t: Float) throws {
    try Check.interpolate(x, towards: y, by: t)
    mpo_interpolate(pool, try floats(x, "interpolate"), try floats(y, "interpolate"), t, x.count)
  }

  // MARK: Rows

  public func embedding(_ ids: Tensor, table: Tensor, into out: Tensor) throws {
    let op = "embedding"
    let (n, _, c) = try Check.embedding(op, ids, table: table, out: out)
    mpo_gather_rows(pool, try floats(table, op), try ints(ids, op), try floats(out, op), n, c)
  }

  public func embeddingBackward(_ ids: Tensor, dOut: Tensor, into dTable: Tensor) throws {
    let op = "embeddingBackward"
    let (n, _, c) = try Check.embedding(op, ids, table: dTable, out: dOut)
    mpo_embedding_backward(
      pool, try ints(ids, op), try floats(dOut, op), try floats(dTable, op), n, c)
  }

  public func gatherRows(_ x: Tensor, rows: Tensor, into out: Tensor) throws {
    let op = "gatherRows"
    let (m, _, c) = try Check.rows(op, x, rows: rows, out: out)
    mpo_gather_rows(pool, try floats(x, op), try ints(rows, op), try floats(out, op), m, c)
  }

  public func scatterRows(_ dOut: Tensor, rows: Tensor, into dX: Tensor) throws {
    let op = "scatterRows"
    let (m, _, c) = try Check.rows(op, dX, rows: rows, out: dOut)
    mpo_scatter_rows(pool, try floats(dOut, op), try ints(rows, op), try floats(dX, op), m, c)
  }
}

extension ElementType {
  /// Of the two types that products take.
  var c: mpo_type { self == .bf16 ? MPO_BF16 : MPO_F32 }
}
