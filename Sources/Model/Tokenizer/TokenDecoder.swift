/// The `decoder` of a tokenizer.json: from pieces to text. Without one, pieces are joined by
/// spaces.
struct TokenDecoder: Sendable {
  enum Stage: Sendable {
    case replace(SplitPattern, with: [UInt8])
    /// Runs of `<0xXX>` become text; where they are not UTF-8, U+FFFD for each byte.
    case byteFallback
    case fuse
    /// Takes up to so many of a character from the start and the end of each piece.
    case strip([UInt8], start: Int, stop: Int)
    /// GPT-2's characters to bytes; a piece with another character is taken as it is.
    case byteLevel
    /// The mark becomes a space; in the first piece, where a prefix was put, it goes.
    case metaspace(Metaspace)
  }

  private static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]
  private let stages: [Stage]?

  init(_ fields: FieldReader?) throws {
    stages = try fields.map { try Self.stages($0) }
    try fields?.limit(stages?.count ?? 0, "decoder")
  }

  private static func stages(_ fields: FieldReader) throws -> [Stage] {
    let type = try fields.string("type")
    switch type {
    case "Sequence": return try fields.readers("decoders").flatMap { try stages($0) }
    case "ByteLevel": return [.byteLevel]
    case "ByteFallback": return [.byteFallback]
    case "Fuse": return [.fuse]
    case "Metaspace": return [.metaspace(try Metaspace(fields))]
    case "Replace":
      let (pattern, content) = try fields.replacement()
      return [.replace(pattern, with: content)]
    case "Strip":
      let range = 0...FieldReader.largest
      return [
        .strip(
          Array(try fields.string("content").utf8),
          start: try fields.optionalInteger("start", in: range) ?? 0,
          stop: try fields.optionalInteger("stop", in: range) ?? 0)
      ]
    default:
      throw ModelError.unsupported(
        path: fields.path,
        "decoder '\(type)' is not supported; supported are ByteLevel, ByteFallback, Fuse,"
          + " Metaspace, Replace, Strip, Sequence")
    }
  }

  /// The text of the pieces; bytes that are not UTF-8 become U+FFFD, one for each maximal part.
  func text(_ pieces: [String]) -> String {
    guard let stages else { return pieces.joined(separator: " ") }
    var parts = pieces.map { Array($0.utf8) }
    for stage in stages {
      switch stage {
      case .replace(let pattern, let content):
        parts = parts.map { pattern.replacing(in: $0, with: content).bytes }
      case .metaspace(let metaspace):
        let pattern = SplitPattern.literal(metaspace.mark)
        parts = parts.enumerated().map { i, part in
          let goes = i == 0 && metaspace.prefix != .never
          return pattern.replacing(in: part, with: goes ? [] : [0x20]).bytes
        }
      case .byteFallback: parts = Self.joinBytes(parts)
      case .fuse: parts = [Array(parts.joined())]
      case .strip(let content, let start, let stop):
        parts = parts.map { Self.strip($0, content, start, stop) }
      case .byteLevel:
        let bytes = parts.flatMap { ByteLevelAlphabet.bytes(of: $0) ?? $0 }
        parts = [Array(String(decoding: bytes, as: UTF8.self).utf8)]
      }
    }
    return String(decoding: parts.joined(), as: UTF8.self)
  }

  private static func joinBytes(_ parts: [[UInt8]]) -> [[UInt8]] {
    var result: [[UInt8]] = []
    var pending: [UInt8] = []
    func flush() {
      guard !pending.isEmpty else { return }
      let sound = String(validating: pending, as: UTF8.self) != nil
      result.append(sound ? pending : Array(pending.map { _ in replacement }.joined()))
      pending = []
    }
    for part in parts {
      if let byte = byte(part) {
        pending.append(byte)
      } else {
        flush()
        result.append(part)
      }
    }
    flush()
    return result
  }

  /// The byte that `<0xXX>` names.
  private static func byte(_ part: [UInt8]) -> UInt8? {
    guard part.count == 6, part.starts(with: "<0x".utf8), part[5] == UInt8(ascii: ">") else {
      return nil
    }
    return UInt8(String(decoding: part[3..<5], as: UTF8.self), radix: 16)
  }

  private static func strip(
    _ part: [UInt8], _ content: [UInt8], _ start: Int, _ stop: Int
  ) -> [UInt8] {
    guard !content.isEmpty else { return part }
    var rest = part[...]
    for _ in 0..<start {
      guard rest.starts(with: content) else { break }
      rest = rest.dropFirst(content.count)
    }
    for _ in 0..<stop {
      guard rest.count >= content.count, rest.suffix(content.count).elementsEqual(content) else {
        break
      }
      rest = rest.dropLast(content.count)
    }
    return Array(rest)
  }
}
