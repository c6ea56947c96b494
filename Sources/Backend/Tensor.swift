/// The type of one element in device memory.
///
/// `.f64` is for tabular games (`ComputeBackend.magneticUpdate`), transfers and copies, on devices
/// that have it (`DeviceDescription.supportsFloat64`); other operations refuse it. `.bf16`
/// (bfloat16: the upper half of an f32) is for operands of matrix products, transfers, copies and
/// `convert`.
public enum ElementType: Sendable, Equatable {
  case f32, i32, f64, bf16
  /// Bytes of one element.
  public var size: Int {
    switch self {
    case .f32, .i32: 4
    case .f64: 8
    case .bf16: 2
    }
  }
}

/// How a matrix product reads its operands; sums are f32 either way.
public enum ProductPrecision: Sendable, Equatable {
  /// As they are: a bf16 operand is exact.
  case f32
  /// An f32 operand is rounded to the nearest bf16 first, ties to even. Each product of two
  /// elements is then exact in f32; the relative error of a product of matrices with random signs
  /// is near 2^-9 = 2e-3 by norm.
  case bf16
}

/// A block of device memory. Each backend has its own subclass; the memory goes back to the
/// backend's pool when the last tensor that uses it is gone.
open class DeviceBuffer {
  public let type: ElementType
  /// Elements, not bytes.
  public let count: Int

  public init(type: ElementType, count: Int) {
    self.type = type
    self.count = count
  }
}

/// A shaped, row-major view of device memory. The last dimension is contiguous; `rowStride` is the
/// distance in elements between consecutive rows of a 2-D view, equal to the last dimension unless
/// the view selects columns of a wider matrix.
public struct Tensor {
  public let storage: DeviceBuffer
  /// First element, in elements from the start of `storage`.
  public let offset: Int
  public let shape: [Int]
  public let rowStride: Int

  public init(storage: DeviceBuffer, offset: Int = 0, shape: [Int], rowStride: Int? = nil) {
    self.storage = storage
    self.offset = offset
    self.shape = shape
    self.rowStride = rowStride ?? (shape.last ?? 1)
  }

  public var type: ElementType { storage.type }
  /// Elements in the view.
  public var count: Int { shape.reduce(1, *) }
  public var isContiguous: Bool { rowStride == (shape.last ?? 1) || rows <= 1 }
  /// Product of all dimensions but the last.
  public var rows: Int { shape.dropLast().reduce(1, *) }
  /// The last dimension (1 for a scalar).
  public var columns: Int { shape.last ?? 1 }

  /// The same contiguous elements under another shape.
  public func reshaped(_ shape: [Int]) -> Tensor {
    precondition(isContiguous && shape.reduce(1, *) == count, "reshape keeps the elements")
    return Tensor(storage: storage, offset: offset, shape: shape)
  }

  /// Rows `range` of a view taken as (rows, columns).
  public func rows(_ range: Range<Int>) -> Tensor {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows out of range")
    return Tensor(
      storage: storage, offset: offset + range.lowerBound * rowStride,
      shape: [range.count, columns], rowStride: rowStride)
  }

  /// Columns `range` of a view taken as (rows, columns); not contiguous in general.
  public func columns(_ range: Range<Int>) -> Tensor {
    precondition(range.lowerBound >= 0 && range.upperBound <= columns, "columns out of range")
    return Tensor(
      storage: storage, offset: offset + range.lowerBound, shape: [rows, range.count],
      rowStride: rowStride)
  }

  /// Elements `range` of a contiguous view, as a vector.
  public func elements(_ range: Range<Int>) -> Tensor {
    precondition(isContiguous && range.lowerBound >= 0 && range.upperBound <= count)
    return Tensor(storage: storage, offset: offset + range.lowerBound, shape: [range.count])
  }
}
