/// The element types of safetensors files that are read.
public enum SafetensorsType: String, Sendable, CaseIterable {
  case f64 = "F64"
  case f32 = "F32"
  case f16 = "F16"
  case bf16 = "BF16"
  case i64 = "I64"
  case i32 = "I32"
  case u8 = "U8"
  case bool = "BOOL"

  /// Bytes of one element.
  public var size: Int {
    switch self {
    case .f64, .i64: return 8
    case .f32, .i32: return 4
    case .f16, .bf16: return 2
    case .u8, .bool: return 1
    }
  }

  public var isFloatingPoint: Bool {
    switch self {
    case .f64, .f32, .f16, .bf16: return true
    case .i64, .i32, .u8, .bool: return false
    }
  }
}

/// Where one tensor lies in a safetensors file.
public struct SafetensorsEntry: Sendable, Equatable {
  public let dtype: SafetensorsType
  /// Empty for a scalar; a 0 makes the tensor empty.
  public let shape: [Int]
  /// Bytes from the start of the data, which follow the header.
  public let range: Range<Int>

  /// Elements: the product of the shape.
  public var count: Int { range.count / dtype.size }

  init(dtype: SafetensorsType, shape: [Int], range: Range<Int>) {
    self.dtype = dtype
    self.shape = shape
    self.range = range
  }
}

/// prod(shape) * width, nil when it does not fit an Int or a dimension is negative.
func checkedSize(shape: [Int], width: Int) -> Int? {
  var size = width
  var empty = false
  for dimension in shape {
    guard dimension >= 0 else { return nil }
    if dimension == 0 {
      empty = true
      continue
    }
    let (product, overflow) = size.multipliedReportingOverflow(by: dimension)
    guard !overflow else { return nil }
    size = product
  }
  return empty ? 0 : size
}
