/// Text in UTF-8; valid, since it comes from a `String`.
typealias TextBytes = UnsafeBufferPointer<UInt8>

/// What the patterns of tokenizer files tell apart, by Unicode's general categories.
struct ScalarFlags: OptionSet, Sendable {
  let rawValue: UInt16

  /// `\p{L}`, `\p{N}`, `\s` (White_Space), `\p{M}`; no character has two of them.
  static let letter = ScalarFlags(rawValue: 1)
  static let number = ScalarFlags(rawValue: 2)
  static let space = ScalarFlags(rawValue: 4)
  static let mark = ScalarFlags(rawValue: 8)
  /// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]` and `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`.
  static let upper = ScalarFlags(rawValue: 16)
  static let lower = ScalarFlags(rawValue: 32)
  /// `\w`: letters, marks, decimal digits, connectors and joiners (Unicode UTS 18).
  static let word = ScalarFlags(rawValue: 64)
  /// `\p{Nd}`.
  static let decimal = ScalarFlags(rawValue: 128)
  /// `\p{P}` of Unicode 8 and ASCII's symbols: what huggingface/tokenizers take for punctuation.
  static let punctuation = ScalarFlags(rawValue: 256)
  /// `\p{M}` of Unicode 9: what they take for an accent.
  static let accent = ScalarFlags(rawValue: 512)

  /// What GPT-2's pattern looks at.
  static let kinds: ScalarFlags = [.letter, .number, .space]

  init(rawValue: UInt16) { self.rawValue = rawValue }

  init(_ scalar: UnicodeScalar) {
    let properties = scalar.properties
    var flags: ScalarFlags = properties.isWhitespace ? .space : []
    if properties.isAlphabetic || properties.isJoinControl { flags.insert(.word) }
    switch properties.generalCategory {
    case .uppercaseLetter, .titlecaseLetter: flags.formUnion([.letter, .upper])
    case .lowercaseLetter: flags.formUnion([.letter, .lower])
    case .modifierLetter, .otherLetter: flags.formUnion([.letter, .upper, .lower])
    case .nonspacingMark, .spacingMark, .enclosingMark:
      flags.formUnion([.mark, .upper, .lower, .word])
      if Self.age(scalar) <= 9 { flags.insert(.accent) }
    case .decimalNumber: flags.formUnion([.number, .decimal, .word])
    case .letterNumber, .otherNumber: flags.insert(.number)
    case .connectorPunctuation:
      flags.insert(.word)
      if Self.age(scalar) <= 8 { flags.insert(.punctuation) }
    case .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
      .finalPunctuation, .otherPunctuation:
      if Self.age(scalar) <= 8 { flags.insert(.punctuation) }
    case .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol:
      if scalar.isASCII { flags.insert(.punctuation) }
    default: break
    }
    flags.correct(scalar.value)
    self = flags
  }

  /// Characters whose category those versions had otherwise.
  private mutating func correct(_ value: UInt32) {
    switch value {
    case 0x1CF2, 0x1CF3: insert(.accent)
    case 0x166D: insert(.punctuation)
    case 0x111C9:
      insert(.punctuation)
      remove(.accent)
    default: break
    }
  }

  private static func age(_ scalar: UnicodeScalar) -> Int {
    scalar.properties.age?.major ?? Int.max
  }
}

/// The flags of planes 0 and 1 in a table; the rest is looked up. Nothing changes after `init`, so
/// threads may share it.
final class ScalarClasses: @unchecked Sendable {
  static let shared = ScalarClasses()
  private static let tabled: UInt32 = 0x20000
  private let table: UnsafeMutablePointer<ScalarFlags>

  private init() {
    table = .allocate(capacity: Int(Self.tabled))
    for value in 0..<Self.tabled {
      let flags = UnicodeScalar(value).map { ScalarFlags($0) } ?? []
      (table + Int(value)).initialize(to: flags)
    }
  }

  deinit { table.deallocate() }

  /// The flags of the character at byte `i`, and its bytes.
  @inline(__always)
  func at(_ i: Int, in text: TextBytes) -> (flags: ScalarFlags, length: Int) {
    let byte = text[i]
    if byte < 0x80 { return (table[Int(byte)], 1) }
    let (value, length) = scalarValue(at: i, in: text)
    if value < Self.tabled { return (table[Int(value)], length) }
    return (UnicodeScalar(value).map { ScalarFlags($0) } ?? [], length)
  }

  /// The end of the run of characters from `start` on that have one of `flags`.
  @inline(__always)
  func end(of flags: ScalarFlags, from start: Int, in text: TextBytes) -> Int {
    var i = start
    while i < text.count {
      let next = at(i, in: text)
      if next.flags.isDisjoint(with: flags) { break }
      i += next.length
    }
    return i
  }
}

/// The character at byte `i` and its bytes.
@inline(__always)
func scalarValue(at i: Int, in text: TextBytes) -> (value: UInt32, length: Int) {
  let first = UInt32(text[i])
  if first < 0x80 { return (first, 1) }
  @inline(__always) func next(_ k: Int) -> UInt32 { UInt32(text[i + k]) & 0x3F }
  if first < 0xE0 { return ((first & 0x1F) << 6 | next(1), 2) }
  if first < 0xF0 { return ((first & 0x0F) << 12 | next(1) << 6 | next(2), 3) }
  return ((first & 0x07) << 18 | next(1) << 12 | next(2) << 6 | next(3), 4)
}

/// The first byte of the character that ends before `i`.
func previousScalar(_ i: Int, in text: TextBytes) -> Int {
  var i = i - 1
  while i > 0 && text[i] & 0xC0 == 0x80 { i -= 1 }
  return i
}
