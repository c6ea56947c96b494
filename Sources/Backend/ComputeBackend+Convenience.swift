/// Allocation and host transfer in one call.
extension ComputeBackend {
  /// A new tensor with undefined contents.
  public func empty(_ shape: [Int], _ type: ElementType = .f32) throws -> Tensor {
    Tensor(storage: try allocate(shape.reduce(1, *), type), shape: shape)
  }

  public func zeros(_ shape: [Int]) throws -> Tensor {
    let t = try empty(shape)
    try fill(t, with: 0)
    return t
  }

  public func tensor(_ values: [Float], _ shape: [Int]? = nil) throws -> Tensor {
    let shape = shape ?? [values.count]
    guard shape.reduce(1, *) == values.count else {
      throw BackendError.argument(
        op: "tensor", "shape \(shape) does not hold \(values.count) values")
    }
    let t = try empty(shape)
    try values.withUnsafeBytes { try upload($0, to: t) }
    return t
  }

  /// A double-precision tensor (f64). Throws `BackendError.argument` on a device without it.
  public func tensor(doubles values: [Double], _ shape: [Int]? = nil) throws -> Tensor {
    let shape = shape ?? [values.count]
    guard shape.reduce(1, *) == values.count else {
      throw BackendError.argument(
        op: "tensor", "shape \(shape) does not hold \(values.count) values")
    }
    let t = try empty(shape, .f64)
    try values.withUnsafeBytes { try upload($0, to: t) }
    return t
  }

  /// Index tensor (i32).
  public func indices(_ values: [Int32]) throws -> Tensor {
    let t = try empty([values.count], .i32)
    try values.withUnsafeBytes { try upload($0, to: t) }
    return t
  }

  /// Index tensor from `Int`s; throws when one does not fit 32 bits.
  public func indices(_ values: [Int]) throws -> Tensor {
    try indices(
      values.map { v in
        guard let small = Int32(exactly: v) else {
          throw BackendError.argument(op: "indices", "\(v) does not fit 32 bits")
        }
        return small
      })
  }

  public func floats(_ tensor: Tensor) throws -> [Float] {
    guard tensor.type == .f32 else {
      throw BackendError.argument(op: "floats", "expected f32, found \(tensor.type)")
    }
    if !tensor.isContiguous {
      let whole = try empty(tensor.shape)
      try copy(tensor, to: whole)
      return try floats(whole)
    }
    var out = [Float](repeating: 0, count: tensor.count)
    try out.withUnsafeMutableBytes { try download(tensor, to: $0) }
    return out
  }

  /// The elements of an f64 tensor.
  public func doubles(_ tensor: Tensor) throws -> [Double] {
    guard tensor.type == .f64 else {
      throw BackendError.argument(op: "doubles", "expected f64, found \(tensor.type)")
    }
    if !tensor.isContiguous {
      let whole = try empty(tensor.shape, .f64)
      try copy(tensor, to: whole)
      return try doubles(whole)
    }
    var out = [Double](repeating: 0, count: tensor.count)
    try out.withUnsafeMutableBytes { try download(tensor, to: $0) }
    return out
  }

  public func ints(_ tensor: Tensor) throws -> [Int32] {
    guard tensor.type == .i32 else {
      throw BackendError.argument(op: "ints", "expected i32, found \(tensor.type)")
    }
    var out = [Int32](repeating: 0, count: tensor.count)
    try out.withUnsafeMutableBytes { try download(tensor, to: $0) }
    return out
  }

  /// `op(a) * op(b)` with the usual defaults.
  public func matmul(
    _ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false,
    into c: Tensor, accumulate: Bool = false, precision: ProductPrecision = .f32
  ) throws {
    try matmul(
      a, transposed: transposeA, b, transposed: transposeB, into: c, accumulate: accumulate,
      scale: 1, precision: precision)
  }

  /// `out[n] = table[ids[n]]`
  public func embedding(_ ids: Tensor, table: Tensor, into out: Tensor) throws {
    try embedding(ids, table: table, scale: 1, accumulate: false, into: out)
  }

  /// `dTable[ids[n]] += dOut[n]`
  public func embeddingBackward(_ ids: Tensor, dOut: Tensor, into dTable: Tensor) throws {
    try embeddingBackward(ids, dOut: dOut, scale: 1, into: dTable)
  }

  /// A bf16 copy of an f32 tensor, in memory of its own.
  public func bfloat16(_ x: Tensor) throws -> Tensor {
    let half = try empty(x.shape, .bf16)
    try convert(x, into: half)
    return half
  }
}
