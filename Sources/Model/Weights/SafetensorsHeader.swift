/// The header of a safetensors file (huggingface/safetensors README, "Format"): 8 bytes of
/// little-endian length, then that many bytes of JSON that map a tensor's name to
/// `{"dtype", "shape", "data_offsets": [begin, end]}`, and `__metadata__` to texts.
///
/// Everything is checked before a tensor's memory is touched: length against the file and the
/// limit, offsets in bounds, tensors without overlap and without holes to the end of the file,
/// size = prod(shape) * width without overflow, no name twice.
struct SafetensorsHeader {
  /// Bytes of header that are read, as in the reference implementation.
  static let limit = 100_000_000

  var metadata: [String: String] = [:]
  var tensors: [String: SafetensorsEntry] = [:]
  /// First byte of the data in the file.
  let dataStart: Int

  init(file: MappedFile) throws {
    let path = file.path
    let bytes = file.bytes
    guard bytes.count >= 8 else {
      throw ModelError.format(
        path: path,
        "not a safetensors file: expected 8 bytes of header length, found \(bytes.count) bytes in"
          + " all; download the file again")
    }
    let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard length <= UInt64(Self.limit) else {
      throw ModelError.format(
        path: path,
        "the header claims \(length) bytes, the limit is \(Self.limit); this is not a safetensors"
          + " file or it is damaged")
    }
    let headerEnd = 8 + Int(length)
    guard headerEnd <= bytes.count else {
      throw ModelError.format(
        path: path,
        "the header claims \(length) bytes, the file has \(bytes.count - 8) after the length; it"
          + " is cut short or damaged, download it again")
    }
    dataStart = headerEnd
    let header = UnsafeRawBufferPointer(rebasing: bytes[8..<headerEnd])
    guard header.first == UInt8(ascii: "{") else {
      throw ModelError.format(path: path, "expected the header to start with '{'")
    }
    guard let root = try JSONValue(parsing: header, path: "\(path) (header)").object else {
      throw ModelError.format(path: path, "expected the header to be a JSON object")
    }
    try read(root, path: path)
    try checkLayout(dataSize: bytes.count - headerEnd, path: path)
  }

  private mutating func read(_ root: JSONObject, path: String) throws {
    tensors.reserveCapacity(root.members.count)
    for member in root.members {
      guard member.name == "__metadata__" else {
        tensors[member.name] = try Self.entry(member, path: path)
        continue
      }
      guard let texts = member.value.object else {
        throw ModelError.format(
          path: path, "__metadata__: expected an object of texts, found \(member.value.kind)")
      }
      for text in texts.members {
        guard let value = text.value.string else {
          throw ModelError.format(
            path: path, "__metadata__.\(text.name): expected a text, found \(text.value.kind)")
        }
        metadata[text.name] = value
      }
    }
  }

  private static func entry(_ member: JSONObject.Member, path: String) throws -> SafetensorsEntry {
    func wrong(_ text: String) -> ModelError {
      .format(path: path, "tensor '\(member.name)': \(text)")
    }
    guard let fields = member.value.object else {
      throw wrong("expected an object, found \(member.value.kind)")
    }
    guard let typeName = fields["dtype"]?.string else { throw wrong("expected a dtype") }
    guard let dtype = SafetensorsType(rawValue: typeName) else {
      let known = SafetensorsType.allCases.map(\.rawValue).joined(separator: ", ")
      throw ModelError.unsupported(
        path: path,
        "tensor '\(member.name)' has dtype \(typeName); supported are \(known). Convert the file")
    }
    guard let shape = integers(fields["shape"]), shape.allSatisfy({ $0 >= 0 }) else {
      throw wrong("expected a shape of whole numbers, none negative")
    }
    guard let offsets = integers(fields["data_offsets"]), offsets.count == 2,
      offsets[0] >= 0, offsets[0] <= offsets[1]
    else { throw wrong("expected data_offsets [begin, end] with 0 <= begin <= end") }
    guard let size = checkedSize(shape: shape, width: dtype.size) else {
      throw wrong("the size of \(shape) x \(dtype.size) bytes does not fit 64 bits")
    }
    guard size == offsets[1] - offsets[0] else {
      throw wrong(
        "\(typeName) \(shape) needs \(size) bytes, data_offsets give \(offsets[1] - offsets[0])")
    }
    return SafetensorsEntry(dtype: dtype, shape: shape, range: offsets[0]..<offsets[1])
  }

  private static func integers(_ value: JSONValue?) -> [Int]? {
    guard let items = value?.array else { return nil }
    var result: [Int] = []
    for item in items {
      guard case .integer(let number) = item else { return nil }
      result.append(number)
    }
    return result
  }

  /// The tensors, in the order of their offsets, cover the data exactly.
  private func checkLayout(dataSize: Int, path: String) throws {
    let ordered = tensors.sorted {
      ($0.value.range.lowerBound, $0.value.range.upperBound)
        < ($1.value.range.lowerBound, $1.value.range.upperBound)
    }
    if let last = ordered.max(by: { $0.value.range.upperBound < $1.value.range.upperBound }),
      last.value.range.upperBound > dataSize
    {
      throw ModelError.format(
        path: path,
        "tensor '\(last.key)' ends at byte \(last.value.range.upperBound) of the data, the file has"
          + " \(dataSize); it is cut short, download it again")
    }
    var end = 0
    var previous = "the header"
    for (name, entry) in ordered {
      let begin = entry.range.lowerBound
      guard begin == end else {
        throw ModelError.format(
          path: path,
          begin < end
            ? "tensors '\(previous)' and '\(name)' overlap: one ends at byte \(end), the other"
              + " begins at \(begin)"
            : "a hole of \(begin - end) bytes between '\(previous)' and '\(name)'")
      }
      end = entry.range.upperBound
      previous = "\(name)"
    }
    guard end == dataSize else {
      throw ModelError.format(
        path: path, "the tensors cover \(end) bytes, the file has \(dataSize) bytes of data")
    }
  }
}
