/// Writes safetensors files: beside the target under a temporary name, flushed, then renamed, so
/// that a file is never half there and a mapping of the previous one stays whole.
public enum SafetensorsWriter {
  /// Elements that are converted and written at a time.
  static let chunk = 1 << 18

  /// Wider types first, so that every tensor is aligned to its elements; the caller's order
  /// otherwise. The header is padded with spaces to a multiple of 8 bytes.
  ///
  /// Throws `ModelError.argument` before anything is written when names repeat or values do not
  /// fit their shapes, `ModelError.file` when the system refuses (a full disk); the previous file
  /// is then unchanged and no temporary is left.
  public static func write(
    tensors: [SafetensorsTensor], metadata: [String: String] = ["format": "pt"], to path: String
  ) throws {
    let ordered = tensors.enumerated().sorted {
      ($1.element.dtype.size, $0.offset) < ($0.element.dtype.size, $1.offset)
    }.map(\.element)
    let header = try header(ordered, metadata: metadata)
    let file = try AtomicFile(path: path)
    var length = UInt64(header.utf8.count).littleEndian
    try withUnsafeBytes(of: &length) { try file.write($0) }
    try file.write(header)
    for tensor in ordered { try write(tensor, to: file) }
    try file.commit()
  }

  private static func header(
    _ tensors: [SafetensorsTensor], metadata: [String: String]
  ) throws -> String {
    var root = JSONObject()
    var names: Set<ByteText> = []
    if !metadata.isEmpty {
      let texts = metadata.sorted { $0.key < $1.key }.map {
        JSONObject.Member(name: $0.key, value: .string($0.value))
      }
      root.members.append(.init(name: "__metadata__", value: .object(JSONObject(texts))))
    }
    var offset = 0
    for tensor in tensors {
      guard tensor.name != "__metadata__", names.insert(ByteText(text: tensor.name)).inserted else {
        throw ModelError.argument("two tensors to be written are named '\(tensor.name)'")
      }
      let size = try tensor.checkedByteCount()
      let (end, overflow) = offset.addingReportingOverflow(size)
      guard !overflow else { throw ModelError.argument("the tensors do not fit one file") }
      let fields = JSONObject([
        .init(name: "dtype", value: .string(tensor.dtype.rawValue)),
        .init(name: "shape", value: .array(tensor.shape.map { .integer($0) })),
        .init(name: "data_offsets", value: .array([.integer(offset), .integer(end)])),
      ])
      root.members.append(.init(name: tensor.name, value: .object(fields)))
      offset = end
    }
    var text = JSONValue.object(root).serialized(indent: 0)
    let padding = (8 - text.utf8.count % 8) % 8
    text += String(repeating: " ", count: padding)
    guard text.utf8.count <= SafetensorsHeader.limit else {
      throw ModelError.argument("too many tensors for one file: the header passes its limit")
    }
    return text
  }

  private static func write(_ tensor: SafetensorsTensor, to file: AtomicFile) throws {
    let count = try tensor.checkedByteCount() / tensor.dtype.size
    switch tensor.source {
    case .floats(let read):
      var floats = [Float](repeating: 0, count: min(chunk, count))
      for start in stride(from: 0, to: count, by: chunk) {
        let n = min(chunk, count - start)
        try floats.withUnsafeMutableBufferPointer {
          try read(start, UnsafeMutableBufferPointer(rebasing: $0[..<n]))
        }
        switch tensor.dtype {
        case .f16: try emit(floats[..<n].map { HalfFloats.toFloat16($0).littleEndian }, to: file)
        case .bf16: try emit(floats[..<n].map { HalfFloats.toBFloat16($0).littleEndian }, to: file)
        case .f64: try emit(floats[..<n].map { Double($0).bitPattern.littleEndian }, to: file)
        default: try floats[..<n].withUnsafeBytes { try file.write($0) }
        }
      }
    case .stored(let source, let name):
      let size = count * tensor.dtype.size
      var bytes = [UInt8](repeating: 0, count: min(chunk * 4, size))
      for start in stride(from: 0, to: size, by: chunk * 4) {
        try bytes.withUnsafeMutableBytes {
          let part = UnsafeMutableRawBufferPointer(rebasing: $0[..<min(chunk * 4, size - start)])
          try source.readBytes(name, from: start, into: part)
          try file.write(UnsafeRawBufferPointer(part))
        }
      }
    case .integers(let values):
      switch tensor.dtype {
      case .i64: try emit(values.map(\.littleEndian), to: file)
      case .i32: try emit(try narrow(values, Int32.self, tensor).map(\.littleEndian), to: file)
      default: try emit(try narrow(values, UInt8.self, tensor), to: file)
      }
    }
  }

  private static func emit<Value>(_ values: [Value], to file: AtomicFile) throws {
    try values.withUnsafeBytes { try file.write($0) }
  }

  private static func narrow<Narrow: FixedWidthInteger>(
    _ values: [Int64], _ type: Narrow.Type, _ tensor: SafetensorsTensor
  ) throws -> [Narrow] {
    try values.map { value in
      guard let narrow = Narrow(exactly: value), tensor.dtype != .bool || value < 2 else {
        throw ModelError.argument(
          "tensor '\(tensor.name)': \(value) does not fit \(tensor.dtype.rawValue)")
      }
      return narrow
    }
  }
}
