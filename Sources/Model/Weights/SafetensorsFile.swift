/// A safetensors file, mapped read-only and checked whole when opened; a tensor's values are
/// converted when asked for.
public final class SafetensorsFile: Sendable {
  public let path: String
  /// The texts of `__metadata__`.
  public let metadata: [String: String]
  public let tensors: [String: SafetensorsEntry]
  private let file: MappedFile
  private let dataStart: Int

  /// Throws `ModelError` naming what is wrong with the file; see `SafetensorsHeader` for what is
  /// checked.
  public init(path: String) throws {
    file = try MappedFile(path: path)
    let header = try SafetensorsHeader(file: file)
    self.path = path
    metadata = header.metadata
    tensors = header.tensors
    dataStart = header.dataStart
  }

  /// The tensor's entry; throws `ModelError.missing` when there is none.
  public func entry(_ name: String) throws -> SafetensorsEntry {
    guard let entry = tensors[name] else {
      let near = tensors.keys.sorted().prefix(3).map { "'\($0)'" }.joined(separator: ", ")
      throw ModelError.missing(
        path: path,
        "no tensor '\(name)' among its \(tensors.count)\(near.isEmpty ? "" : " (\(near), ...)")")
    }
    return entry
  }

  /// The tensor's bytes as they are in the file (little-endian, row-major, maybe unaligned); they
  /// are gone when `body` returns and the file is released.
  public func withBytes<R>(
    _ name: String, _ body: (UnsafeRawBufferPointer) throws -> R
  ) throws -> R {
    let range = try entry(name).range
    let bytes = file.bytes[(dataStart + range.lowerBound)..<(dataStart + range.upperBound)]
    return try withExtendedLifetime(file) { try body(UnsafeRawBufferPointer(rebasing: bytes)) }
  }

  /// The values as Float. F32, F16 and BF16 are exact, F64 is rounded to nearest; other types
  /// throw.
  public func floats(_ name: String) throws -> [Float] {
    let count = try floatEntry(name).count
    return try [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      try readFloats(name, into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
      initialized = count
    }
  }

  /// Like `floats` for the elements from `start` on, into the caller's memory, as many as it
  /// holds; large pieces over several threads. Throws `ModelError.argument` when the tensor does not
  /// have so many.
  public func readFloats(
    _ name: String, from start: Int = 0, into out: UnsafeMutableBufferPointer<Float>
  ) throws {
    let entry = try floatEntry(name)
    try checkPart(name, entry.count, "elements", start, out.count)
    let offset = dataStart + entry.range.lowerBound + start * entry.dtype.size
    switch entry.dtype {
    case .f32: try file.read(at: offset, into: UnsafeMutableRawBufferPointer(out))
    case .bf16: try widen(at: offset, into: out, HalfFloats.widenBFloat16)
    case .f16: try widen(at: offset, into: out, HalfFloats.widenFloat16)
    default:
      try withBytes(name) { bytes in
        convert(UnsafeRawBufferPointer(rebasing: bytes[(start * 8)...]), out) {
          Float(Double(bitPattern: UInt64(littleEndian: $0)))
        }
      }
    }
  }

  /// The tensor's bytes from byte `start` on as they are in the file (little-endian, row-major), into
  /// the caller's memory, as many as it holds: the way to load a tensor in its stored type. Large
  /// pieces are read by several threads, past the mapping, so that only `out` counts as memory.
  /// Throws `ModelError.argument` when the tensor does not have so many, `ModelError.file` when the
  /// system refuses.
  public func readBytes(
    _ name: String, from start: Int = 0, into out: UnsafeMutableRawBufferPointer
  ) throws {
    let entry = try entry(name)
    try checkPart(name, entry.range.count, "bytes", start, out.count)
    try file.read(at: dataStart + entry.range.lowerBound + start, into: out)
  }

  private func checkPart(
    _ name: String, _ count: Int, _ unit: String, _ start: Int, _ wanted: Int
  ) throws {
    guard start >= 0, start <= count, wanted <= count - start else {
      throw ModelError.argument(
        "\(path): tensor '\(name)' has \(count) \(unit), asked for \(wanted) from number \(start)")
    }
  }

  /// Reads 16-bit values through a buffer that stays in a core's cache.
  private func widen(
    at offset: Int, into out: UnsafeMutableBufferPointer<Float>,
    _ convert: (UnsafeBufferPointer<UInt16>, UnsafeMutablePointer<Float>) -> Void
  ) throws {
    guard let target = out.baseAddress else { return }
    adviseHugePages(UnsafeMutableRawBufferPointer(out))
    let unit = 1 << 15
    try forEachPiece(of: out.count, size: 1 << 20) { piece in
      try withUnsafeTemporaryAllocation(of: UInt16.self, capacity: unit) { buffer in
        for begin in stride(from: piece.lowerBound, to: piece.upperBound, by: unit) {
          let part = UnsafeMutableBufferPointer(
            rebasing: buffer[..<min(unit, piece.upperBound - begin)])
          try file.readPiece(at: offset + begin * 2, into: UnsafeMutableRawBufferPointer(part))
          convert(UnsafeBufferPointer(part), target + begin)
        }
      }
    }
  }

  /// The values as Double; F64, F32, F16 and BF16, all exact.
  public func doubles(_ name: String) throws -> [Double] {
    let entry = try floatEntry(name)
    guard entry.dtype == .f64 else { return try floats(name).map(Double.init) }
    return try array(name, entry.count) { Double(bitPattern: UInt64(littleEndian: $0)) }
  }

  /// The values of an I64, I32, U8 or BOOL tensor.
  public func integers(_ name: String) throws -> [Int64] {
    let entry = try entry(name)
    switch entry.dtype {
    case .i64: return try array(name, entry.count) { Int64(littleEndian: $0) }
    case .i32: return try array(name, entry.count) { Int64(Int32(littleEndian: $0)) }
    case .u8: return try array(name, entry.count) { (byte: UInt8) in Int64(byte) }
    case .bool: return try array(name, entry.count) { (byte: UInt8) in byte == 0 ? 0 : 1 }
    case .f64, .f32, .f16, .bf16:
      throw wrongType(name, entry, "whole numbers (I64, I32, U8, BOOL)")
    }
  }

  private func floatEntry(_ name: String) throws -> SafetensorsEntry {
    let entry = try entry(name)
    guard entry.dtype.isFloatingPoint else {
      throw wrongType(name, entry, "floating point (F64, F32, F16, BF16)")
    }
    return entry
  }

  private func wrongType(
    _ name: String, _ entry: SafetensorsEntry, _ expected: String
  ) -> ModelError {
    .format(path: path, "tensor '\(name)': expected \(expected), found \(entry.dtype.rawValue)")
  }

  private func array<Raw, Value>(
    _ name: String, _ count: Int, _ value: (Raw) -> Value
  ) throws -> [Value] {
    try [Value](unsafeUninitializedCapacity: count) { buffer, initialized in
      try withBytes(name) { convert($0, .init(rebasing: buffer[..<count]), value) }
      initialized = count
    }
  }
}

/// One conversion loop for every type; `bytes` may be unaligned.
@inline(__always)
private func convert<Raw, Value>(
  _ bytes: UnsafeRawBufferPointer, _ out: UnsafeMutableBufferPointer<Value>,
  _ value: (Raw) -> Value
) {
  guard let source = bytes.baseAddress, let target = out.baseAddress else { return }
  let width = MemoryLayout<Raw>.size
  for i in 0..<out.count {
    let raw = source.loadUnaligned(fromByteOffset: i * width, as: Raw.self)
    (target + i).initialize(to: value(raw))
  }
}
