import CPUKernels

extension CPUBackend {
  public func matmul(
    _ a: Tensor, transposed ta: Bool, _ b: Tensor, transposed tb: Bool, into c: Tensor,
    accumulate: Bool, scale: Float, precision: ProductPrecision
  ) throws {
    let (m, n, k) = try Check.matmul(a, transposed: ta, b, transposed: tb, into: c)
    let op = "matmul"
    let roundsWeights = precision == .bf16 && b.type == .f32
    if tb && !ta && k > 0 && (!(usesTiles || roundsWeights) || m <= Self.fewRows)
      && mpo_skinny_suits(m, n, k, b.type.c) != 0
    {
      let status = mpo_skinny(
        pool, m, n, k, scale, try bytes(a, op), a.type.c, stride(a), try bytes(b, op), b.type.c,
        stride(b), precision == .bf16 ? 1 : 0, accumulate ? 1 : 0, try floats(c, op), stride(c))
      return try check(status, op)
    }
    // Tiles that are not full are better than a rounded copy of the weights.
    if usesTiles, scale == 1, mpo_tiles_suit(roundsWeights ? max(m, 16) : m, n, k) != 0 {
      let status = mpo_tiles(
        pool, ta ? 1 : 0, tb ? 1 : 0, m, n, k, try bytes(a, op), a.type.c, stride(a),
        try bytes(b, op), b.type.c, stride(b), precision == .bf16 ? 1 : 0, accumulate ? 1 : 0,
        try floats(c, op), stride(c))
      return try check(status, op)
    }
    if let half = halfProduct, precision == .bf16, scale == 1, k > 0 {
      let (a, b) = (try narrowed(a, op), try narrowed(b, op))
      let status = mpo_matmul_bf16(
        pool, half, ta ? 1 : 0, tb ? 1 : 0, m, n, k, try bytes(a, op), stride(a), try bytes(b, op),
        stride(b), accumulate ? 1 : 0, try floats(c, op), stride(c))
      if status == 0 { return }
      // What was to be added to may already hold some of it; else the f32 product overwrites it.
      if accumulate {
        throw BackendError.device(
          call: "oneDNN matmul", status: status, "bf16 product of (\(m), \(k)) and (\(k), \(n))")
      }
    }
    if b.type == .bf16 && b.count > Self.widenedElements && b.rows > 1 {
      return try matmulInParts(
        a, transposed: ta, b, transposed: tb, into: c, accumulate: accumulate, scale: scale,
        precision: precision)
    }
    let (wideA, wideB) = (try widened(a, precision, op), try widened(b, precision, op))
    let status = mpo_matmul(
      pool, sgemm, ta ? 1 : 0, tb ? 1 : 0, m, n, k, scale, try floats(wideA, op), stride(wideA),
      try floats(wideB, op), stride(wideB), accumulate ? 1 : 0, try floats(c, op), stride(c))
    try check(status, op)
  }

  /// Rows up to which reading the weights once beats packing them for matrix tiles, or rounding them
  /// once for all rows.
  private static let fewRows = 24

  /// Most elements of a bf16 weight whose f32 copy is made at once: 16 MiB, so that a large frozen
  /// weight needs no f32 memory of its own size.
  private static let widenedElements = 4 << 20

  /// The product by blocks of rows of b: of its columns when b is transposed, else of its sum.
  private func matmulInParts(
    _ a: Tensor, transposed ta: Bool, _ b: Tensor, transposed tb: Bool, into c: Tensor,
    accumulate: Bool, scale: Float, precision: ProductPrecision
  ) throws {
    let step = max(1, Self.widenedElements / b.columns)
    for start in Swift.stride(from: 0, to: b.rows, by: step) {
      let rows = start..<min(start + step, b.rows)
      let part = tb ? a : ta ? a.rows(rows) : a.columns(rows)
      try matmul(
        part, transposed: ta, b.rows(rows), transposed: tb, into: tb ? c.columns(rows) : c,
        accumulate: accumulate || (!tb && start > 0), scale: scale, precision: precision)
    }
  }

  /// A one-row view may have any stride, but BLAS wants at least a row's width.
  private func stride(_ t: Tensor) -> Int { max(1, t.rowStride, t.columns) }

  /// An operand as the f32 values that enter the product.
  private func widened(_ x: Tensor, _ precision: ProductPrecision, _ op: String) throws -> Tensor {
    guard x.type == .bf16 || precision == .bf16 else { return x }
    return try converted(x, .f32, op)
  }

  /// An operand as bf16.
  private func narrowed(_ x: Tensor, _ op: String) throws -> Tensor {
    x.type == .bf16 ? x : try converted(x, .bf16, op)
  }

  /// Contiguous bf16 values in memory of either type.
  private func converted(_ x: Tensor, _ type: ElementType, _ op: String) throws -> Tensor {
    let out = try empty(x.shape, type)
    mpo_convert_rows(
      pool, try bytes(x, op), x.type.c, x.rowStride, try bytes(out, op), type.c, 1, x.rows,
      x.columns)
    return out
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

  public func addRow(_ row: Tensor, to x: Tensor) throws {
    let op = "addRow"
    let (n, m) = try Check.addRow(row, to: x)
    mpo_add_row(pool, try floats(row, op), try floats(x, op), x.rowStride, n, m)
  }

  public func sumRows(_ x: Tensor, into out: Tensor) throws {
    let op = "sumRows"
    let (n, m) = try Check.sumRows(x, into: out)
    mpo_sum_rows(pool, try floats(x, op), x.rowStride, try floats(out, op), n, m)
  }

  public func softCap(_ x: Tensor, cap: Float) throws {
    try Check.softCap(x, cap: cap)
    mpo_soft_cap(pool, try floats(x, "softCap"), cap, x.count)
  }

  public func dropout(
    _ x: Tensor, rate: Float, seed: UInt64, stream: UInt32, into out: Tensor
  ) throws {
    try Check.dropout(x, rate: rate, into: out)
    mpo_dropout(
      pool, try floats(x, "dropout"), rate, seed, stream, try floats(out, "dropout"), x.count)
  }
}

extension ElementType {
  /// Of the two types that products take.
  var c: mpo_type { self == .bf16 ? MPO_BF16 : MPO_F32 }
}
