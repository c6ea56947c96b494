/// A tensor to be written: its place in the file and where its values come from.
public struct SafetensorsTensor {
  /// Fills the buffer with the elements from `start` on; called in order, a piece at a time, so
  /// that a tensor on a device never has to be in host memory whole.
  public typealias FloatReader = (
    _ start: Int, _ into: UnsafeMutableBufferPointer<Float>
  ) throws -> Void

  enum Source {
    case floats(FloatReader)
    case integers([Int64])
    /// The tensor of that name in the file, byte for byte.
    case stored(SafetensorsFile, name: String)
  }

  public let name: String
  public let dtype: SafetensorsType
  public let shape: [Int]
  let source: Source

  /// Values that are in memory. `dtype` is F64, F32, F16 or BF16.
  public init(name: String, dtype: SafetensorsType = .f32, shape: [Int], values: [Float]) {
    self.init(name: name, dtype: dtype, shape: shape) { start, out in
      guard start + out.count <= values.count else {
        throw ModelError.argument(
          "tensor '\(name)': shape \(shape) needs more than the \(values.count) values given")
      }
      for i in 0..<out.count { out[i] = values[start + i] }
    }
    expected = values.count
  }

  /// Values that are read while writing. `dtype` is F64, F32, F16 or BF16.
  public init(
    name: String, dtype: SafetensorsType = .f32, shape: [Int], read: @escaping FloatReader
  ) {
    self.init(name: name, dtype: dtype, shape: shape, source: .floats(read))
  }

  /// A tensor of another file, byte for byte. Throws `ModelError.missing`.
  public init(copying name: String, from file: SafetensorsFile) throws {
    let entry = try file.entry(name)
    self.init(name: name, dtype: entry.dtype, shape: entry.shape, source: .stored(file, name: name))
  }

  private init(name: String, dtype: SafetensorsType, shape: [Int], source: Source) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.source = source
  }

  /// The same values under another name and, for floating-point values, in another type.
  func stored(as dtype: SafetensorsType? = nil, named name: String? = nil) -> SafetensorsTensor {
    var other = SafetensorsTensor(
      name: name ?? self.name, dtype: dtype ?? self.dtype, shape: shape, source: source)
    other.expected = expected
    return other
  }

  /// Whole numbers; `dtype` is I64, I32, U8 or BOOL.
  public init(name: String, dtype: SafetensorsType = .i64, shape: [Int], integers: [Int64]) {
    self.init(name: name, dtype: dtype, shape: shape, source: .integers(integers))
    expected = integers.count
  }

  /// The number of values given, where they are in memory.
  private var expected: Int?

  /// Bytes in the file; throws `ModelError.argument` when shape, type and values do not fit.
  func checkedByteCount() throws -> Int {
    guard let size = checkedSize(shape: shape, width: dtype.size) else {
      throw ModelError.argument("tensor '\(name)': shape \(shape) is negative or too large")
    }
    let count = size / dtype.size
    if let expected, expected != count {
      throw ModelError.argument(
        "tensor '\(name)': shape \(shape) has \(count) elements, \(expected) values were given")
    }
    switch (source, dtype) {
    case (.floats, _) where dtype.isFloatingPoint: break
    case (.stored(let file, let original), _):
      guard try file.entry(original).dtype == dtype else {
        throw ModelError.argument("tensor '\(name)': copied bytes keep their type")
      }
    case (.integers, .i64), (.integers, .i32), (.integers, .u8), (.integers, .bool): break
    case (.floats, _):
      throw ModelError.argument(
        "tensor '\(name)': floating-point values are written as F64, F32, F16 or BF16,"
          + " not \(dtype.rawValue)")
    case (.integers, _):
      throw ModelError.argument(
        "tensor '\(name)': whole numbers are written as I64, I32, U8 or BOOL, not"
          + " \(dtype.rawValue)")
    }
    return size
  }
}
