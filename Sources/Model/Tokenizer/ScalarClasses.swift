/// Text in UTF-8; valid, since it comes from a `String`.
typealias TextBytes = UnsafeBufferPointer<UInt8>

/// What the pre-tokenizers' patterns tell apart: `\p{L}`, `\p{N}`, `\s` (White_Space) and the rest.
enum ScalarClass: UInt8 {
  case other, letter, number, space

  init(_ scalar: UnicodeScalar) {
    let properties = scalar.properties
    if properties.isWhitespace {
      self = .space
      return
    }
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      self = .letter
    case .decimalNumber, .letterNumber, .otherNumber: self = .number
    default: self = .other
    }
  }
}

/// The classes of the basic plane in a table; the rest is looked up. Nothing changes after `init`,
/// so threads may share it.
final class ScalarClasses: @unchecked Sendable {
  static let shared = ScalarClasses()
  private let table: UnsafeMutablePointer<ScalarClass>

  private init() {
    table = .allocate(capacity: 0x10000)
    for value in UInt32(0)..<0x10000 {
      let kind = UnicodeScalar(value).map { ScalarClass($0) } ?? .other
      (table + Int(value)).initialize(to: kind)
    }
  }

  deinit { table.deallocate() }

  /// The class of the character at byte `i`, and its bytes.
  @inline(__always)
  func at(_ i: Int, in text: TextBytes) -> (kind: ScalarClass, length: Int) {
    let byte = text[i]
    if byte < 0x80 { return (table[Int(byte)], 1) }
    return slow(i, text)
  }

  private func slow(_ i: Int, _ text: TextBytes) -> (kind: ScalarClass, length: Int) {
    let (value, length) = scalarValue(at: i, in: text)
    if value < 0x10000 { return (table[Int(value)], length) }
    return (UnicodeScalar(value).map { ScalarClass($0) } ?? .other, length)
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
