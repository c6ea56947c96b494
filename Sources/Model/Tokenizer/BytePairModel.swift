/// The `model` of a tokenizer.json of type BPE: pieces, merges, and what becomes of characters that
/// are not in the vocabulary.
///
/// Symbols are bytes after a ByteLevel pre-tokenizer, Unicode scalars otherwise; never grapheme
/// clusters.
struct BytePairModel: Sendable {
  /// Ids above this are refused, so that a hostile file cannot ask for the memory.
  static let largestID = 1 << 24

  /// By id; nil where an id has no piece.
  private(set) var pieces: [String?] = []
  private(set) var ids: [ByteText: Int32] = [:]
  private let merges: MergeTable
  /// The id of each byte's symbol, -1 for none: of its character for ByteLevel, else of `<0xXX>`.
  private var byteSymbols = [Int32](repeating: -1, count: 256)
  private var scalarSymbols: [UInt32: Int32] = [:]
  private let isByteLevel: Bool
  private let ignoresMerges: Bool
  /// With `ignoresMerges`: pieces that are taken whole, by the bytes that the text has.
  private var wholePieces: [[UInt8]: Int32] = [:]
  private let unknownID: Int32?
  private let fusesUnknown: Bool
  private let fallsBackToBytes: Bool
  /// No piece has U+2581 after another character, so that the text may be cut there: merges never
  /// cross such a place.
  private let cutsAtSpaceMark: Bool

  /// U+2581, SentencePiece's space.
  private static let spaceMark: [UInt8] = [0xE2, 0x96, 0x81]

  init(_ fields: FieldReader, isByteLevel: Bool) throws {
    try Self.refuseUnsupported(fields)
    self.isByteLevel = isByteLevel
    (pieces, ids) = try Self.vocabulary(fields)
    merges = try Self.merges(fields, ids)
    ignoresMerges = try fields.optionalBool("ignore_merges") ?? false
    fusesUnknown = try fields.optionalBool("fuse_unk") ?? false
    fallsBackToBytes = try fields.optionalBool("byte_fallback") ?? false
    if let unknown = try fields.optionalString("unk_token"), !unknown.isEmpty {
      guard let id = ids[ByteText(text: unknown)] else {
        throw ModelError.missing(
          path: fields.path, "unk_token '\(unknown)' is not in the vocabulary")
      }
      unknownID = id
    } else {
      unknownID = nil
    }
    for byte in UInt8.min...UInt8.max {
      let name =
        isByteLevel
        ? String(Character(ByteLevelAlphabet.scalars[Int(byte)])) : Self.byteName(byte)
      byteSymbols[Int(byte)] = ids[ByteText(text: name)] ?? -1
    }
    var cuts = !isByteLevel
    for (key, id) in ids {
      let utf8 = Array(key.text.utf8)
      if !isByteLevel {
        let scalars = key.text.unicodeScalars
        if let first = scalars.first, scalars.count == 1 { scalarSymbols[first.value] = id }
        cuts = cuts && utf8.withUnsafeBufferPointer { Self.nextCut($0, from: 0) } == utf8.count
      }
      if ignoresMerges {
        wholePieces[isByteLevel ? ByteLevelAlphabet.bytes(of: utf8) ?? utf8 : utf8] = id
      }
    }
    cutsAtSpaceMark = cuts && scalarSymbols[0x2581] != nil
  }

  /// The piece that stands for a byte with byte fallback: `<0x0A>`.
  static func byteName(_ byte: UInt8) -> String {
    let hex = String(byte, radix: 16, uppercase: true)
    return "<0x\(hex.utf8.count == 1 ? "0" : "")\(hex)>"
  }

  /// Appends the ids of one piece of text.
  func encode(_ piece: TextBytes, _ merger: inout PairMerger, into out: inout [Int32]) {
    if ignoresMerges, let id = wholePieces[Array(piece)] {
      out.append(id)
      return
    }
    var start = 0
    while start < piece.count {
      let end = cutsAtSpaceMark ? Self.nextCut(piece, from: start) : piece.count
      merger.symbols.removeAll(keepingCapacity: true)
      symbols(TextBytes(rebasing: piece[start..<end]), into: &merger.symbols)
      merger.merge(merges)
      out.append(contentsOf: merger.symbols)
      start = end
    }
  }

  /// The next place after `start` where a U+2581 follows another character, or the end.
  private static func nextCut(_ text: TextBytes, from start: Int) -> Int {
    var afterMark = true
    var i = start
    while i < text.count {
      let isMark =
        text[i] == spaceMark[0] && i + 2 < text.count && text[i + 1] == spaceMark[1]
        && text[i + 2] == spaceMark[2]
      if isMark && !afterMark { return i }
      afterMark = isMark
      i += isMark ? 3 : 1
    }
    return text.count
  }

  /// The symbols before any merge. A character that has none becomes its bytes where the
  /// vocabulary has them all, else the unknown token, else nothing.
  private func symbols(_ text: TextBytes, into out: inout [Int32]) {
    var unknown: Int32?
    var i = 0
    while i < text.count {
      let length: Int
      let symbol: Int32
      if isByteLevel {
        (length, symbol) = (1, byteSymbols[Int(text[i])])
      } else {
        let scalar = scalarValue(at: i, in: text)
        (length, symbol) = (scalar.length, scalarSymbols[scalar.value] ?? -1)
      }
      let bytes = text[i..<(i + length)]
      i += length
      if symbol >= 0 {
        if let id = unknown { out.append(id) }
        unknown = nil
        out.append(symbol)
      } else if fallsBackToBytes && bytes.allSatisfy({ byteSymbols[Int($0)] >= 0 }) {
        for byte in bytes { out.append(byteSymbols[Int(byte)]) }
      } else if let id = unknownID {
        if let pending = unknown, !fusesUnknown { out.append(pending) }
        unknown = id
      }
    }
    if let id = unknown { out.append(id) }
  }
}
