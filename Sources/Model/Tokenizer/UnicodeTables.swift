import Foundation

/// Decompositions, combining classes and compositions for the normalization forms, of Unicode 9:
/// huggingface/tokenizers normalize by that version, and leave characters as they are that came
/// later. Derived once from the system's tables, character by character.
///
/// Hangul syllables are not in the tables but computed. Nothing changes after `init`, so threads
/// may share it.
final class UnicodeTables: Sendable {
  static let shared = UnicodeTables()

  /// Full decompositions of characters that have one.
  let canonical: [UInt32: [UInt32]]
  let compatible: [UInt32: [UInt32]]
  /// first << 32 | second to the character that they become.
  let composed: [UInt64: UInt32]
  /// Of planes 0 and 1; 0 above.
  private let classes: [UInt8]

  private init() {
    let scalars = [0..<UInt32(0x20000), 0x2F800..<0x2FA20].joined()
      .compactMap { UnicodeScalar($0) }.filter { $0 != "\n" }
    let known = scalars.filter {
      $0.properties.canonicalCombiningClass != .notReordered || Self.mayDecompose($0)
    }.filter { Self.isOld($0) }
    var classes = [UInt8](repeating: 0, count: 0x20000)
    for scalar in known where scalar.value < 0x20000 {
      classes[Int(scalar.value)] = scalar.properties.canonicalCombiningClass.rawValue
    }
    self.classes = classes
    canonical = Self.changes(known) { $0.decomposedStringWithCanonicalMapping }
    compatible = Self.changes(known) { $0.decomposedStringWithCompatibilityMapping }
    let excluded = Self.changes(known) { $0.precomposedStringWithCanonicalMapping }
    composed = Self.compositions(canonical, excluded)
  }

  /// Whether Unicode 9 had the character.
  private static func isOld(_ scalar: UnicodeScalar) -> Bool {
    scalar.properties.age.map { $0.major <= 9 } ?? false
  }

  /// Not ASCII, not an ideograph or syllable of the large blocks.
  private static func mayDecompose(_ scalar: UnicodeScalar) -> Bool {
    switch scalar.value {
    case 0..<0xA0, 0x3400..<0xA000, 0xAC00..<0xD7A4, 0xE000..<0xF900: false
    default: true
    }
  }

  /// What a form makes of each character alone, where that is something else. One call for all:
  /// they stand between line feeds, which no form touches.
  private static func changes(
    _ scalars: [UnicodeScalar], _ form: (String) -> String
  ) -> [UInt32: [UInt32]] {
    var text = String.UnicodeScalarView()
    for scalar in scalars {
      text.append(scalar)
      text.append("\n")
    }
    var result: [UInt32: [UInt32]] = [:]
    var line: [UInt32] = []
    var next = scalars.makeIterator()
    for scalar in form(String(text)).unicodeScalars {
      guard scalar == "\n" else {
        line.append(scalar.value)
        continue
      }
      if let source = next.next(), line != [source.value] { result[source.value] = line }
      line = []
    }
    return result
  }

  /// A character is composed of what its decomposition but for the last is composed of, and that
  /// last one.
  private static func compositions(
    _ canonical: [UInt32: [UInt32]], _ excluded: [UInt32: [UInt32]]
  ) -> [UInt64: UInt32] {
    var whole: [[UInt32]: UInt32] = [:]
    for (scalar, parts) in canonical where excluded[scalar] == nil { whole[parts] = scalar }
    var result: [UInt64: UInt32] = [:]
    for (parts, scalar) in whole {
      guard parts.count >= 2, let last = parts.last else { continue }
      let first = parts.count == 2 ? parts[0] : whole[Array(parts.dropLast())]
      if let first { result[UInt64(first) << 32 | UInt64(last)] = scalar }
    }
    return result
  }

  @inline(__always)
  func combiningClass(_ value: UInt32) -> UInt8 { value < 0x20000 ? classes[Int(value)] : 0 }
}
