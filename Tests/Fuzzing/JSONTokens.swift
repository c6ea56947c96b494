/// A JSON text cut into tokens by a scanner of its own, which takes anything: what it changes must
/// not depend on the parser that is tested. Space between tokens is dropped.
struct JSONTokens {
  typealias Token = ArraySlice<UInt8>
  var tokens: [Token] = []

  init(_ bytes: [UInt8]) {
    var i = 0
    while i < bytes.count {
      let start = i
      i += 1
      switch bytes[start] {
      case 0x20, 0x09, 0x0A, 0x0D: continue
      case UInt8(ascii: "\""):
        while i < bytes.count, bytes[i] != UInt8(ascii: "\"") {
          i += bytes[i] == UInt8(ascii: "\\") ? 2 : 1
        }
        i = min(i + 1, bytes.count)
      case let byte where !Self.isPunctuation(byte):
        while i < bytes.count, !Self.isPunctuation(bytes[i]), bytes[i] > 0x22 { i += 1 }
      default: break
      }
      tokens.append(bytes[start..<i])
    }
  }

  private static func isPunctuation(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "]"),
      UInt8(ascii: ","), UInt8(ascii: ":"):
      return true
    default: return false
    }
  }

  var bytes: [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(tokens.reduce(0) { $0 + $1.count })
    for token in tokens { result += token }
    return result
  }

  func isMark(_ i: Int, _ marks: String) -> Bool {
    guard tokens.indices.contains(i), let byte = tokens[i].first else { return false }
    return Self.isPunctuation(byte) && marks.utf8.contains(byte)
  }

  func isString(_ i: Int) -> Bool { tokens[i].first == UInt8(ascii: "\"") }
  func isKey(_ i: Int) -> Bool { isString(i) && isMark(i + 1, ":") }
  func isNumber(_ i: Int) -> Bool {
    guard let byte = tokens[i].first else { return false }
    return byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte)
  }

  /// A random token for which `accepts` holds; looks at a few only.
  func find(_ random: inout FuzzRandom, _ accepts: (Int) -> Bool) -> Int? {
    for _ in 0..<24 {
      let i = random.below(tokens.count)
      if i < tokens.count, accepts(i) { return i }
    }
    return nil
  }

  /// Tokens of a random value: neither a name nor a mark.
  func value(_ random: inout FuzzRandom) -> Range<Int>? {
    find(&random) { !isKey($0) && !isMark($0, "}],:") }.map { $0..<end($0) }
  }

  /// Behind the value that begins at `i`.
  private func end(_ i: Int) -> Int {
    guard isMark(i, "{[") else { return i + 1 }
    var depth = 0
    for k in i..<tokens.count {
      if isMark(k, "{[") { depth += 1 }
      if isMark(k, "}]") { depth -= 1 }
      if depth == 0 { return k + 1 }
    }
    return tokens.count
  }

  /// A value with its name, where it has one.
  func member(_ value: Range<Int>) -> Range<Int> {
    value.lowerBound >= 2 && isMark(value.lowerBound - 1, ":")
      ? (value.lowerBound - 2)..<value.upperBound : value
  }
}
