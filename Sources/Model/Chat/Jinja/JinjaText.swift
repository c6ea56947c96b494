/// Python's operations on text. Texts are sequences of Unicode scalars here, as they are in Python,
/// and never of grapheme clusters.
enum JinjaText {
  typealias Scalars = String.UnicodeScalarView

  static func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
    var view = Scalars()
    view.append(contentsOf: scalars)
    return String(view)
  }

  static func equal(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }

  /// Order by scalars, which is that of the UTF-8 bytes.
  static func less(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }

  /// `strip`, `lstrip`, `rstrip`: of whitespace, or of the scalars of `set`.
  static func strip(
    _ text: String, _ set: String?, start: Bool = true, end: Bool = true
  ) -> String {
    let members = set.map { Set($0.unicodeScalars) }
    func goes(_ scalar: Unicode.Scalar) -> Bool {
      members?.contains(scalar) ?? scalar.isPythonSpace
    }
    var rest = Substring(text).unicodeScalars
    while start, let first = rest.first, goes(first) { rest.removeFirst() }
    while end, let last = rest.last, goes(last) { rest.removeLast() }
    return String(Substring(rest))
  }

  /// Places of `part` in `bytes` one after the other, none overlapping; none for an empty part.
  /// Knuth, Morris and Pratt's search: linear whatever the texts are.
  static func places(of part: [UInt8], in bytes: [UInt8], limit: Int = .max) -> [Int] {
    guard !part.isEmpty, part.count <= bytes.count, limit > 0 else { return [] }
    var border = [0]
    border.reserveCapacity(part.count)
    var length = 0
    for byte in part.dropFirst() {
      while length > 0, part[length] != byte { length = border[length - 1] }
      if part[length] == byte { length += 1 }
      border.append(length)
    }
    var places: [Int] = []
    length = 0
    for (i, byte) in bytes.enumerated() {
      while length > 0, part[length] != byte { length = border[length - 1] }
      if part[length] == byte { length += 1 }
      guard length == part.count else { continue }
      places.append(i + 1 - length)
      length = 0
      if places.count == limit { break }
    }
    return places
  }

  static func contains(_ text: String, _ part: String) -> Bool {
    part.isEmpty || !places(of: Array(part.utf8), in: Array(text.utf8), limit: 1).isEmpty
  }

  private static func string(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes, as: UTF8.self)
  }

  /// Parts between the places of `separator`, at most `limit` of them cut.
  static func split(_ text: String, by separator: String, limit: Int) -> [String] {
    let bytes = Array(text.utf8)
    let part = Array(separator.utf8)
    var parts: [String] = []
    var start = 0
    for place in places(of: part, in: bytes, limit: limit) {
      parts.append(string(bytes[start..<place]))
      start = place + part.count
    }
    return parts + [string(bytes[start...])]
  }

  /// The same from the end.
  static func splitFromEnd(_ text: String, by separator: String, limit: Int) -> [String] {
    let bytes = Array(text.utf8)
    let part = Array(separator.utf8)
    var parts: [String] = []
    var end = bytes.count
    for place in places(of: part.reversed(), in: bytes.reversed(), limit: limit) {
      let start = bytes.count - place
      parts.append(string(bytes[start..<end]))
      end = start - part.count
    }
    return [string(bytes[..<end])] + parts.reversed()
  }

  /// Words between whitespace; what is left after `limit` cuts stays whole but for the whitespace
  /// at its ends.
  static func words(_ text: String, limit: Int = .max) -> [String] {
    var rest = Substring(text).unicodeScalars
    var words: [String] = []
    while true {
      while let first = rest.first, first.isPythonSpace { rest.removeFirst() }
      if rest.isEmpty { return words }
      if words.count == limit { return words + [String(Substring(rest))] }
      let end = rest.firstIndex { $0.isPythonSpace } ?? rest.endIndex
      words.append(String(Substring(rest[..<end])))
      rest = rest[end...]
    }
  }

  /// The same from the end.
  static func wordsFromEnd(_ text: String, limit: Int) -> [String] {
    var rest = Substring(text).unicodeScalars
    var words: [String] = []
    while true {
      while let last = rest.last, last.isPythonSpace { rest.removeLast() }
      if rest.isEmpty { return words.reversed() }
      if words.count == limit { return [String(Substring(rest))] + words.reversed() }
      let start = rest.lastIndex { $0.isPythonSpace }.map { rest.index(after: $0) }
      words.append(String(Substring(rest[(start ?? rest.startIndex)...])))
      rest = rest[..<(start ?? rest.startIndex)]
    }
  }

  /// Lines without their ends, as `str.splitlines` cuts them.
  static func lines(_ text: String, keepsEnds: Bool = false) -> [String] {
    var lines: [String] = []
    var line = Scalars()
    var isOpen = false
    var previous: Unicode.Scalar?
    for scalar in text.unicodeScalars {
      defer { previous = scalar }
      if scalar == "\n", previous == "\r", !isOpen {
        if keepsEnds, let last = lines.popLast() { lines.append(last + "\n") }
        continue
      }
      switch scalar.value {
      case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029:
        if keepsEnds { line.append(scalar) }
        lines.append(String(line))
        line = Scalars()
        isOpen = false
      default:
        line.append(scalar)
        isOpen = true
      }
    }
    return isOpen ? lines + [String(line)] : lines
  }

  static func replace(_ text: String, _ old: String, _ new: String, limit: Int) -> String {
    guard limit != 0 else { return text }
    let most = limit < 0 ? Int.max : limit
    if old.isEmpty {
      var result = Scalars()
      var left = most
      for scalar in text.unicodeScalars {
        if left > 0 { result.append(contentsOf: new.unicodeScalars) }
        left -= 1
        result.append(scalar)
      }
      if left > 0 { result.append(contentsOf: new.unicodeScalars) }
      return String(result)
    }
    let bytes = Array(text.utf8)
    let part = Array(old.utf8)
    var result: [UInt8] = []
    var start = 0
    for place in places(of: part, in: bytes, limit: most) {
      result += bytes[start..<place]
      result += new.utf8
      start = place + part.count
    }
    return string((result + bytes[start...])[...])
  }

  // MARK: Case

  static func upper(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars { result += scalar.properties.uppercaseMapping }
    return result
  }

  /// With Python's rule for a sigma that ends a word.
  static func lower(_ text: String) -> String {
    guard text.unicodeScalars.contains("\u{3A3}") else {
      var result = ""
      for scalar in text.unicodeScalars { result += scalar.properties.lowercaseMapping }
      return result
    }
    let scalars = Array(text.unicodeScalars)
    return scalars.indices.reduce(into: "") { $0 += lowered(scalars, $1) }
  }

  private static func lowered(_ scalars: [Unicode.Scalar], _ i: Int) -> String {
    guard scalars[i] == "\u{3A3}" else { return scalars[i].properties.lowercaseMapping }
    let before = scalars[..<i].last { !$0.properties.isCaseIgnorable }
    let after = scalars[(i + 1)...].first { !$0.properties.isCaseIgnorable }
    let isFinal = before?.properties.isCased == true && after?.properties.isCased != true
    return isFinal ? "\u{3C2}" : "\u{3C3}"
  }

  /// First scalar in title case, the rest lower.
  static func capitalized(_ text: String) -> String {
    guard let first = text.unicodeScalars.first else { return "" }
    let rest = lower(text).unicodeScalars
    let lowered = first.properties.lowercaseMapping.unicodeScalars.count
    return first.properties.titlecaseMapping + String(Scalars(rest.dropFirst(lowered)))
  }

  /// Python's `str.title`: every run of cased scalars begins in title case.
  static func title(_ text: String) -> String {
    var result = ""
    var wasCased = false
    let scalars = Array(text.unicodeScalars)
    for (i, scalar) in scalars.enumerated() {
      let properties = scalar.properties
      result += wasCased ? lowered(scalars, i) : properties.titlecaseMapping
      wasCased = properties.isCased
    }
    return result
  }

  /// Jinja's filter `title`: words begin after whitespace, a hyphen or an opening bracket.
  static func filterTitle(_ text: String) -> String {
    var result = ""
    var word = Scalars()
    var isBreak = false
    func flush() {
      guard let first = word.first else { return }
      result += upper(String(first)) + lower(String(Scalars(word.dropFirst())))
      word = Scalars()
    }
    for scalar in text.unicodeScalars {
      let breaks = scalar.isPythonSpace || "-({[<".unicodeScalars.contains(scalar)
      if breaks != isBreak { flush() }
      isBreak = breaks
      word.append(scalar)
    }
    flush()
    return result
  }
}
