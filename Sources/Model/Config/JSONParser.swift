extension JSONValue {
  /// Levels of lists and objects inside each other that are read; more is refused.
  public static let depthLimit = 128

  /// Reads a document (RFC 8259: UTF-8, no comments, no trailing comma, no NaN). A name that
  /// occurs twice in an object is refused. `path` is for messages, which give line and column.
  public init(parsing bytes: UnsafeRawBufferPointer, path: String) throws {
    var parser = JSONParser(bytes: bytes, path: path)
    self = try parser.document()
  }

  public init(parsing text: String, path: String) throws {
    var text = text
    self = try text.withUTF8 { try JSONValue(parsing: UnsafeRawBufferPointer($0), path: path) }
  }

  /// Reads a file.
  public init(file path: String) throws {
    let file = try MappedFile(path: path)
    try self.init(parsing: file.bytes, path: path)
    withExtendedLifetime(file) {}
  }
}

/// A recursive-descent parser over bytes.
struct JSONParser {
  let bytes: UnsafeRawBufferPointer
  let path: String
  var position = 0
  var depth = 0

  init(bytes: UnsafeRawBufferPointer, path: String) {
    self.bytes = bytes
    self.path = path
  }

  mutating func document() throws -> JSONValue {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    let value = try self.value()
    skipSpace()
    guard position == bytes.count else { throw failure("expected the end of the file") }
    return value
  }

  /// "expected X" with where and what was found.
  func failure(_ text: String, at offset: Int? = nil) -> ModelError {
    let offset = min(offset ?? position, bytes.count)
    var line = 1
    var start = 0
    for i in 0..<offset where bytes[i] == 0x0A {
      line += 1
      start = i + 1
    }
    var found = "the end of the file"
    if offset < bytes.count {
      let byte = bytes[offset]
      found =
        byte > 0x20 && byte < 0x7F
        ? "'\(Character(UnicodeScalar(byte)))'" : "byte 0x\(String(byte, radix: 16))"
    }
    return .format(
      path: path,
      "not valid JSON at line \(line), column \(offset - start + 1): \(text), found \(found)")
  }

  mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  mutating func value() throws -> JSONValue {
    skipSpace()
    guard position < bytes.count else { throw failure("expected a value") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return try nested { try $0.object() }
    case UInt8(ascii: "["): return try nested { try $0.array() }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func nested(
    _ body: (inout JSONParser) throws -> JSONValue
  ) throws -> JSONValue {
    guard depth < JSONValue.depthLimit else {
      throw failure("expected at most \(JSONValue.depthLimit) levels of nesting")
    }
    depth += 1
    defer { depth -= 1 }
    return try body(&self)
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws -> JSONValue {
    let end = position + word.utf8CodeUnitCount
    for i in 0..<word.utf8CodeUnitCount {
      guard position + i < bytes.count, bytes[position + i] == word.utf8Start[i] else {
        throw failure("expected '\(word)'")
      }
    }
    position = end
    return value
  }

  private mutating func array() throws -> JSONValue {
    position += 1
    var items: [JSONValue] = []
    skipSpace()
    if take(UInt8(ascii: "]")) { return .array(items) }
    while true {
      items.append(try value())
      skipSpace()
      if take(UInt8(ascii: "]")) { return .array(items) }
      guard take(UInt8(ascii: ",")) else { throw failure("expected ',' or ']'") }
    }
  }

  private mutating func object() throws -> JSONValue {
    position += 1
    var members: [JSONObject.Member] = []
    var seen: Set<ByteText> = []
    skipSpace()
    if take(UInt8(ascii: "}")) { return .object(JSONObject()) }
    while true {
      skipSpace()
      let start = position
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
        throw failure("expected a name in quotes")
      }
      let name = try string()
      guard seen.insert(ByteText(text: name)).inserted else {
        throw failure("the name \"\(name)\" occurs twice in one object", at: start)
      }
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw failure("expected ':'") }
      members.append(JSONObject.Member(name: name, value: try value()))
      skipSpace()
      if take(UInt8(ascii: "}")) { return .object(JSONObject(members)) }
      guard take(UInt8(ascii: ",")) else { throw failure("expected ',' or '}'") }
    }
  }

  mutating func take(_ byte: UInt8) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }
}
