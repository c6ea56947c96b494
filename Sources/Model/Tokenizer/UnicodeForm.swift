import Foundation

/// The normalization forms of Unicode (UAX 15).
enum UnicodeForm: String, Sendable, CaseIterable {
  case nfc = "NFC"
  case nfd = "NFD"
  case nfkc = "NFKC"
  case nfkd = "NFKD"

  func apply(_ text: String) -> String {
    switch self {
    case .nfc: text.precomposedStringWithCanonicalMapping
    case .nfd: text.decomposedStringWithCanonicalMapping
    case .nfkc: text.precomposedStringWithCompatibilityMapping
    case .nfkd: text.decomposedStringWithCompatibilityMapping
    }
  }

  /// Only the stretches that the form may change are handed to Foundation: characters that change
  /// or combine, each run with the character before it.
  func apply(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.contains(where: { $0 >= 0x80 }) else { return bytes }
    let inert = InertScalars.of(self)
    return bytes.withUnsafeBufferPointer { text in
      var result: [UInt8] = []
      result.reserveCapacity(text.count + text.count / 8)
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
        var end = i + length
        while end < text.count {
          let (value, length) = scalarValue(at: end, in: text)
          if inert.contains(value) { break }
          end += length
        }
        result.append(contentsOf: text[done..<previous])
        let stretch = String(decoding: text[previous..<end], as: UTF8.self)
        result.append(contentsOf: apply(stretch).utf8)
        (done, previous, i) = (end, end, end)
      }
      result.append(contentsOf: text[done...])
      return result
    }
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

  /// Of the basic plane.
  private let table: [Bool]

  private init(_ form: UnicodeForm) {
    let scalars = (UInt32(0)..<0x10000).compactMap { UnicodeScalar($0) }
    var table = [Bool](repeating: false, count: 0x10000)
    for (scalar, line) in zip(scalars.filter { $0 != "\n" }, Self.lines(form, scalars)) {
      table[Int(scalar.value)] =
        line.count == 1 && line.first == scalar
        && scalar.properties.canonicalCombiningClass == .notReordered
    }
    table[0x0A] = true
    // What stands second in a composed character may join the one before it.
    for line in Self.lines(.nfd, scalars) {
      for scalar in line.dropFirst() where scalar.value < 0x10000 {
        table[Int(scalar.value)] = false
      }
    }
    self.table = table
  }

  private static func lines(
    _ form: UnicodeForm, _ scalars: [UnicodeScalar]
  ) -> [Substring.UnicodeScalarView] {
    // Each between line feeds, which no form touches: one call for all of them.
    var text = String.UnicodeScalarView()
    for scalar in scalars where scalar != "\n" {
      text.append(scalar)
      text.append("\n")
    }
    return form.apply(String(text)).unicodeScalars
      .split(separator: "\n", omittingEmptySubsequences: false)
  }

  func contains(_ value: UInt32) -> Bool {
    if value < 0x10000 { return table[Int(value)] }
    switch value {
    // Emoji, and ideographs of planes 2 and 3 but for those of compatibility.
    case 0x1F000..<0x1F100, 0x1F300..<0x1FB00, 0x20000..<0x2F800, 0x30000..<0x32000: return true
    default: return false
    }
  }
}
