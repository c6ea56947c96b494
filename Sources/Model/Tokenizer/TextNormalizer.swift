import Foundation

/// The `normalizer` of a tokenizer.json, applied to each stretch of text between added tokens.
struct TextNormalizer: Sendable {
  enum Stage: Sendable, Equatable {
    /// Canonical composition (Unicode NFC).
    case nfc
    /// Puts a text before one that is not empty.
    case prepend([UInt8])
    case replace([UInt8], with: [UInt8])
  }

  let stages: [Stage]

  init(_ fields: FieldReader?) throws {
    stages = try fields.map { try Self.stages($0) } ?? []
  }

  private static func stages(_ fields: FieldReader) throws -> [Stage] {
    let type = try fields.string("type")
    switch type {
    case "Sequence": return try fields.readers("normalizers").flatMap { try stages($0) }
    case "NFC": return [.nfc]
    case "Prepend": return [.prepend(Array(try fields.string("prepend").utf8))]
    case "Replace":
      let (pattern, content) = try fields.replacement()
      return [.replace(pattern, with: content)]
    default:
      throw ModelError.unsupported(
        path: fields.path,
        "normalizer '\(type)' is not supported; supported are NFC, Prepend, Replace, Sequence")
    }
  }

  func apply(_ text: TextBytes) -> [UInt8] {
    var bytes = Array(text)
    for stage in stages {
      switch stage {
      case .nfc: bytes = Self.composed(bytes)
      case .prepend(let prefix): if !bytes.isEmpty { bytes = prefix + bytes }
      case .replace(let pattern, let content): bytes = replacing(pattern, with: content, in: bytes)
      }
    }
    return bytes
  }

  /// No character below U+0300 is changed by NFC; in UTF-8 those begin with a byte below 0xCC.
  private static func composed(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.contains(where: { $0 >= 0xCC }) else { return bytes }
    return Array(String(decoding: bytes, as: UTF8.self).precomposedStringWithCanonicalMapping.utf8)
  }
}

/// Every occurrence from left to right, none overlapping.
func replacing(_ pattern: [UInt8], with content: [UInt8], in bytes: [UInt8]) -> [UInt8] {
  guard let first = pattern.first, bytes.contains(first) else { return bytes }
  var result: [UInt8] = []
  result.reserveCapacity(bytes.count + bytes.count / 4)
  var i = 0
  while i < bytes.count {
    if bytes[i] == first, bytes.count - i >= pattern.count,
      pattern.count == 1 || bytes[i..<(i + pattern.count)].elementsEqual(pattern)
    {
      result.append(contentsOf: content)
      i += pattern.count
    } else {
      result.append(bytes[i])
      i += 1
    }
  }
  return result
}

extension FieldReader {
  /// The objects of a list.
  func readers(_ name: String) throws -> [FieldReader] {
    guard let items = value(name)?.array else { throw wrong(name, expected: "a list") }
    return try items.enumerated().map { i, item in
      guard let object = item.object else {
        throw wrong(name, expected: "a list of objects", found: item.kind)
      }
      return FieldReader(path: path, object: object, prefix: "\(prefix)\(name)[\(i)].")
    }
  }

  /// `pattern` {"String": ...} and `content` of a Replace; a regular expression is refused.
  func replacement() throws -> (pattern: [UInt8], content: [UInt8]) {
    guard let pattern = try optionalObject("pattern") else {
      throw wrong("pattern", expected: "an object")
    }
    guard let text = try pattern.optionalString("String") else {
      throw ModelError.unsupported(
        path: path, "\(prefix)pattern: Replace is supported with a String, not with a Regex")
    }
    return (Array(text.utf8), Array(try string("content").utf8))
  }
}
