/// The normalization forms of Unicode (UAX 15), with the tables of `UnicodeTables`.
enum UnicodeForm: String, Sendable, CaseIterable {
  case nfc = "NFC"
  case nfd = "NFD"
  case nfkc = "NFKC"
  case nfkd = "NFKD"

  private var composes: Bool { self == .nfc || self == .nfkc }
  private var isCompatible: Bool { self == .nfkc || self == .nfkd }

  /// Only the stretches that the form may change are worked on: characters that change or combine,
  /// each run with the character before it.
  func apply(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.contains(where: { $0 >= 0x80 }) else { return bytes }
    let inert = InertScalars.of(self)
    return bytes.withUnsafeBufferPointer { text in
      var result: [UInt8] = []
      result.reserveCapacity(text.count + text.count / 8)
      var stretch: [UInt32] = []
      var done = 0
      var previous = 0
      var i = 0
      while i < text.count {
        let (value, length) = scalarValue(at: i, in: text)
        if inert.contains(value) {
          previous = i
          i += length
          continue
        }
        result.append(contentsOf: text[done..<previous])
        stretch.removeAll(keepingCapacity: true)
        i = previous
        while i < text.count {
          let (value, length) = scalarValue(at: i, in: text)
          if i > previous && inert.contains(value) { break }
          stretch.append(value)
          i += length
        }
        for value in normalized(stretch) {
          if let scalar = UnicodeScalar(value) {
            result.append(contentsOf: UTF8.encode(scalar) ?? .init())
          }
        }
        (done, previous) = (i, i)
      }
      result.append(contentsOf: text[done...])
      return result
    }
  }

  /// The form of a text.
  func normalized(_ scalars: [UInt32]) -> [UInt32] {
    let tables = UnicodeTables.shared
    let parts = isCompatible ? tables.compatible : tables.canonical
    var result: [UInt32] = []
    for scalar in scalars {
      if let syllable = Hangul.parts(of: scalar) {
        result.append(contentsOf: syllable)
      } else {
        result.append(contentsOf: parts[scalar] ?? [scalar])
      }
    }
    Self.order(&result, tables)
    return composes ? Self.composed(result, tables) : result
  }

  /// Marks in the order of their classes, those of one class as they were (UAX 15, D109).
  private static func order(_ scalars: inout [UInt32], _ tables: UnicodeTables) {
    var start = 0
    while start < scalars.count {
      var end = start
      while end < scalars.count, tables.combiningClass(scalars[end]) != 0 { end += 1 }
      if end - start > 1 {
        let run = scalars[start..<end].enumerated().sorted { a, b in
          let (x, y) = (tables.combiningClass(a.element), tables.combiningClass(b.element))
          return (x, a.offset) < (y, b.offset)
        }
        scalars.replaceSubrange(start..<end, with: run.map(\.element))
      }
      start = max(end, start + 1)
    }
  }

  /// Each character joined to the last starter where nothing between blocks it (UAX 15, D117).
  private static func composed(_ scalars: [UInt32], _ tables: UnicodeTables) -> [UInt32] {
    var result: [UInt32] = []
    var starter: Int?
    var lastClass: UInt8 = 0
    for scalar in scalars {
      let combining = tables.combiningClass(scalar)
      let isNext = starter.map { $0 == result.count - 1 } ?? false
      if let starter, isNext || (lastClass != 0 && lastClass < combining) {
        let pair = UInt64(result[starter]) << 32 | UInt64(scalar)
        if let whole = Hangul.whole(result[starter], scalar) ?? tables.composed[pair] {
          result[starter] = whole
          continue
        }
      }
      if combining == 0 { starter = result.count }
      lastClass = combining
      result.append(scalar)
    }
    return result
  }
}

/// Syllables of Hangul and their letters, by arithmetic (The Unicode Standard, 3.12).
enum Hangul {
  static func parts(of scalar: UInt32) -> [UInt32]? {
    guard (0xAC00..<0xD7A4).contains(scalar) else { return nil }
    let index = scalar - 0xAC00
    let pair = [0x1100 + index / 588, 0x1161 + index % 588 / 28]
    return index % 28 == 0 ? pair : pair + [0x11A7 + index % 28]
  }

  static func whole(_ first: UInt32, _ second: UInt32) -> UInt32? {
    if (0x1100..<0x1113).contains(first), (0x1161..<0x1176).contains(second) {
      return 0xAC00 + (first - 0x1100) * 588 + (second - 0x1161) * 28
    }
    if (0xAC00..<0xD7A4).contains(first), (first - 0xAC00) % 28 == 0,
      (0x11A8..<0x11C3).contains(second)
    {
      return first + second - 0x11A7
    }
    return nil
  }
}

/// The characters that a form neither changes nor joins to the character before. Nothing changes
/// after `init`, so threads may share it.
private final class InertScalars: Sendable {
  private static let nfc = InertScalars(.nfc)
  private static let nfd = InertScalars(.nfd)
  private static let nfkc = InertScalars(.nfkc)
  private static let nfkd = InertScalars(.nfkd)

  static func of(_ form: UnicodeForm) -> InertScalars {
    switch form {
    case .nfc: nfc
    case .nfd: nfd
    case .nfkc: nfkc
    case .nfkd: nfkd
    }
  }

  /// Of planes 0 and 1.
  private let table: [Bool]

  private init(_ form: UnicodeForm) {
    let tables = UnicodeTables.shared
    var table = (UInt32(0)..<0x20000).map { tables.combiningClass($0) == 0 }
    // What stands second in a composed character may join the one before it.
    for pair in tables.composed.keys where pair & 0xFFFF_FFFF < 0x20000 {
      table[Int(pair & 0xFFFF_FFFF)] = false
    }
    for letter in 0x1161..<0x11C3 { table[letter] = false }
    let changing = Set(tables.canonical.keys).union(tables.compatible.keys)
    for scalar in changing where scalar < 0x20000 && form.normalized([scalar]) != [scalar] {
      table[Int(scalar)] = false
    }
    if form == .nfd || form == .nfkd {
      for syllable in 0xAC00..<0xD7A4 { table[syllable] = false }
    }
    self.table = table
  }

  @inline(__always)
  func contains(_ value: UInt32) -> Bool {
    // Above plane 1 only ideographs of compatibility change.
    value < 0x20000 ? table[Int(value)] : !(0x2F800..<0x2FA20).contains(value)
  }
}
