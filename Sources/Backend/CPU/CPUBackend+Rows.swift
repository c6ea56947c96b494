import CPUKernels

extension CPUBackend {
  public func embedding(
    _ ids: Tensor, table: Tensor, scale: Float, accumulate: Bool, into out: Tensor
  ) throws {
    let op = "embedding"
    let (n, _, c) = try Check.embedding(op, ids, table: table, out: out)
    mpo_embedding(
      pool, try ints(ids, op), try bytes(table, op), table.type.c, scale, accumulate ? 1 : 0,
      try floats(out, op), n, c)
  }

  public func embeddingBackward(
    _ ids: Tensor, dOut: Tensor, scale: Float, into dTable: Tensor
  ) throws {
    let op = "embeddingBackward"
    let (n, _, c) = try Check.embedding(op, ids, table: dTable, out: dOut)
    mpo_embedding_backward(
      pool, try ints(ids, op), try floats(dOut, op), scale, try floats(dTable, op), n, c)
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
