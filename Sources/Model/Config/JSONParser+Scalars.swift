/// Texts and numbers.
extension JSONParser {
  /// At the opening quote.
  mutating func string() throws -> String {
    let start = position
    position += 1
    let first = position
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        let text = try validated(bytes[first..<position], at: start)
        position += 1
        return text
      }
      if byte == UInt8(ascii: "\\") { return try escapedString(start: start, first: first) }
      guard byte >= 0x20 else { throw failure("expected a text without control characters") }
      position += 1
    }
    throw failure("expected '\"' that ends the text begun earlier")
  }

  private func validated(_ part: Slice<UnsafeRawBufferPointer>, at start: Int) throws -> String {
    guard let text = String(validating: part, as: UTF8.self) else {
      throw failure("expected a text in UTF-8", at: start)
    }
    return text
  }

  /// Goes on at the first backslash.
  private mutating func escapedString(start: Int, first: Int) throws -> String {
    var text = Array(bytes[first..<position])
    while position < bytes.count {
      let byte = bytes[position]
      guard byte >= 0x20 else { throw failure("expected a text without control characters") }
      position += 1
      if byte == UInt8(ascii: "\"") {
        guard let text = String(validating: text, as: UTF8.self) else {
          throw failure("expected a text in UTF-8", at: start)
        }
        return text
      }
      guard byte == UInt8(ascii: "\\") else {
        text.append(byte)
        continue
      }
      try escape(into: &text)
    }
    throw failure("expected '\"' that ends the text begun earlier")
  }

  /// After the backslash.
  private mutating func escape(into text: inout [UInt8]) throws {
    guard position < bytes.count else { throw failure("expected an escape") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"): text.append(contentsOf: UTF8.encode(try scalar()) ?? .init())
    default:
      throw failure("expected one of \" \\ / b f n r t u after a backslash", at: position - 1)
    }
  }

  /// After `\u`; joins a surrogate pair.
  private mutating func scalar() throws -> UnicodeScalar {
    let start = position
    let high = try hex()
    if let scalar = UnicodeScalar(high) { return scalar }
    if high < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
      let low = try hex()
      if (0xDC00...0xDFFF).contains(low),
        let scalar = UnicodeScalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
      {
        return scalar
      }
    }
    throw failure("expected a whole surrogate pair", at: start)
  }

  private mutating func hex() throws -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard position < bytes.count,
        let digit = Character(UnicodeScalar(bytes[position])).hexDigitValue, bytes[position] < 0x80
      else { throw failure("expected four hexadecimal digits") }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  mutating func number() throws -> JSONValue {
    let start = position
    var whole = true
    _ = take(UInt8(ascii: "-"))
    let first = position
    guard digits() > 0 else { throw failure("expected a value", at: start) }
    if bytes[first] == UInt8(ascii: "0") && position - first > 1 {
      throw failure("expected a number without leading zeros", at: start)
    }
    if take(UInt8(ascii: ".")) {
      whole = false
      guard digits() > 0 else { throw failure("expected digits after the point") }
    }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      whole = false
      _ = take(UInt8(ascii: "+")) || take(UInt8(ascii: "-"))
      guard digits() > 0 else { throw failure("expected digits in the exponent") }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if whole, let value = Int(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else {
      throw failure("expected a number that 64 bits can hold", at: start)
    }
    return .number(value)
  }

  private mutating func digits() -> Int {
    let start = position
    while position < bytes.count, bytes[position] >= 0x30, bytes[position] <= 0x39 {
      position += 1
    }
    return position - start
  }
}
