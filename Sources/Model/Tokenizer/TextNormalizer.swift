/// The `normalizer` of a tokenizer.json, applied to each stretch of text between added tokens.
struct TextNormalizer: Sendable {
  enum Stage: Sendable {
    case form(UnicodeForm)
    /// Each character's own lower case, whatever stands beside it.
    case lowercase
    /// Puts a text before one that is not empty.
    case prepend([UInt8])
    case replace(SplitPattern, with: [UInt8])
    /// White space at the start and the end.
    case strip(left: Bool, right: Bool)
    /// Takes marks away, those of Unicode 9.
    case stripAccents
    case charsmap(Charsmap)
    /// SentencePiece's first step: control characters go, other white space becomes a space.
    case nmt
  }

  let stages: [Stage]

  init(_ fields: FieldReader?) throws {
    stages = try fields.map { try Self.stages($0) } ?? []
    guard let fields else { return }
    try fields.limit(stages.count, "normalizer")
    // How many bytes a byte may become; stages multiply.
    var growth = 1
    for stage in stages where growth <= Self.largestGrowth {
      if case .replace(_, let content) = stage { growth *= max(1, content.count) }
      if case .charsmap(let map) = stage { growth *= max(1, map.longest) }
    }
    guard growth <= Self.largestGrowth else {
      throw ModelError.unsupported(
        path: fields.path,
        "normalizer: a character may become more than \(Self.largestGrowth) bytes")
    }
  }

  /// Far above what real files need (some hundreds); a hostile one could ask for any memory.
  private static let largestGrowth = 1 << 16

  private static func stages(_ fields: FieldReader) throws -> [Stage] {
    let type = try fields.string("type")
    if let form = UnicodeForm(rawValue: type) { return [.form(form)] }
    switch type {
    case "Sequence": return try fields.readers("normalizers").flatMap { try stages($0) }
    case "Lowercase": return [.lowercase]
    case "Prepend": return [.prepend(Array(try fields.string("prepend").utf8))]
    case "Replace":
      let (pattern, content) = try fields.replacement()
      return [.replace(pattern, with: content)]
    case "Strip":
      return [
        .strip(
          left: try fields.optionalBool("strip_left") ?? true,
          right: try fields.optionalBool("strip_right") ?? true)
      ]
    case "StripAccents": return [.stripAccents]
    case "Precompiled":
      let map = try fields.optionalString("precompiled_charsmap") ?? ""
      return map.isEmpty ? [] : [.charsmap(try Charsmap(base64: map, path: fields.path))]
    case "Nmt": return [.nmt]
    default:
      throw ModelError.unsupported(
        path: fields.path,
        "normalizer '\(type)' is not supported; supported are NFC, NFD, NFKC, NFKD, Lowercase,"
          + " Prepend, Replace, Strip, StripAccents, Precompiled, Nmt, Sequence")
    }
  }

  /// `keepsStart`: the first character of the result comes from the first of `text`.
  func apply(_ text: TextBytes) -> (bytes: [UInt8], keepsStart: Bool) {
    var bytes = Array(text)
    var keepsStart = true
    for stage in stages where !bytes.isEmpty {
      switch stage {
      case .form(let form): bytes = form.apply(bytes)
      case .lowercase: bytes = Self.lowercased(bytes)
      case .prepend(let prefix): bytes = prefix + bytes
      case .replace(let pattern, let content):
        let replaced = pattern.replacing(in: bytes, with: content)
        bytes = replaced.bytes
        if replaced.movesStart { keepsStart = false }
      case .strip(let left, let right):
        let range = bytes.withUnsafeBufferPointer { Self.stripped($0, left: left, right: right) }
        if range.lowerBound > 0 { keepsStart = false }
        if range.count < bytes.count { bytes = Array(bytes[range]) }
      case .stripAccents:
        let first = bytes.first
        bytes = Self.mapped(bytes) { scalar, flags in flags.contains(.accent) ? nil : scalar }
        if first != bytes.first { keepsStart = false }
      case .charsmap(let map): bytes = map.apply(bytes)
      case .nmt:
        if Self.nmt(UInt32(bytes[0])) == nil { keepsStart = false }
        bytes = Self.mapped(bytes) { scalar, _ in Self.nmt(scalar) }
      }
    }
    return (bytes, keepsStart)
  }

  private static func stripped(_ text: TextBytes, left: Bool, right: Bool) -> Range<Int> {
    let classes = ScalarClasses.shared
    let start = left ? classes.end(of: .space, from: 0, in: text) : 0
    var end = text.count
    while right && end > start {
      let last = previousScalar(end, in: text)
      guard classes.at(last, in: text).flags.contains(.space) else { break }
      end = last
    }
    return start..<end
  }

  private static func lowercased(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    bytes.withUnsafeBufferPointer { text in
      var i = 0
      while i < text.count {
        let (value, length) = scalarValue(at: i, in: text)
        if value < 0x80 {
          result.append(value >= 0x41 && value <= 0x5A ? text[i] | 0x20 : text[i])
        } else if let scalar = UnicodeScalar(value), scalar.properties.changesWhenLowercased {
          result.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
        } else {
          result.append(contentsOf: text[i..<(i + length)])
        }
        i += length
      }
    }
    return result
  }

  /// Each character as `change` gives it, without those for which it gives nil.
  private static func mapped(
    _ bytes: [UInt8], _ change: (UInt32, ScalarFlags) -> UInt32?
  ) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    bytes.withUnsafeBufferPointer { text in
      var i = 0
      while i < text.count {
        let value = scalarValue(at: i, in: text).value
        let (flags, length) = ScalarClasses.shared.at(i, in: text)
        if let changed = change(value, flags) {
          if changed == value {
            result.append(contentsOf: text[i..<(i + length)])
          } else if let scalar = UnicodeScalar(changed) {
            result.append(contentsOf: UTF8.encode(scalar) ?? .init())
          }
        }
        i += length
      }
    }
    return result
  }

  /// What SentencePiece's rule makes of a character; nil where it goes.
  private static func nmt(_ value: UInt32) -> UInt32? {
    switch value {
    case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: nil
    case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD:
      0x20
    default: value
    }
  }
}

extension FieldReader {
  /// Refuses a sequence of more stages than any real file has.
  func limit(_ stages: Int, _ what: String) throws {
    guard stages <= 64 else {
      throw ModelError.unsupported(
        path: path, "\(what): \(stages) stages; at most 64 are supported")
    }
  }

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

  /// `pattern` {"String": ...} or {"Regex": ...} and `content` of a Replace.
  func replacement() throws -> (pattern: SplitPattern, content: [UInt8]) {
    guard let pattern = try optionalObject("pattern") else {
      throw wrong("pattern", expected: "an object")
    }
    return (try SplitPattern(pattern), Array(try string("content").utf8))
  }
}
