/// GPT-2's pattern, by hand:
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
///
/// The alternatives are exclusive but for the spaces: of a run of white space before something
/// else, `\s+(?!\S)` leaves the last one, which then goes with what follows if it is a plain
/// space, or stands alone.
struct GPT2Scanner: Sendable {
  static let pattern =
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

  let classes = ScalarClasses.shared

  /// The end of the match that begins at `start`; every character is matched by something.
  func end(from start: Int, in text: TextBytes) -> Int {
    let count = text.count
    let first = text[start]
    if first == UInt8(ascii: "'") {
      let length = contraction(start, text)
      if length > 0 { return start + length }
    }
    let body = first == 0x20 && start + 1 < count ? start + 1 : start
    let head = classes.at(body, in: text)
    let kind = head.flags.intersection(.kinds)
    if kind == .space { return classes.endOfSpaces(start, in: text) }
    var i = body + head.length
    while i < count {
      let next = classes.at(i, in: text)
      if next.flags.intersection(.kinds) != kind { break }
      i += next.length
    }
    return i
  }

  /// The length of `'s 't 'm 'd 're 've 'll` at `start`, lower case only; 0 for none.
  private func contraction(_ start: Int, _ text: TextBytes) -> Int {
    guard start + 1 < text.count else { return 0 }
    let second = start + 2 < text.count ? text[start + 2] : 0
    switch text[start + 1] {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return 2
    case UInt8(ascii: "r"), UInt8(ascii: "v"): return second == UInt8(ascii: "e") ? 3 : 0
    case UInt8(ascii: "l"): return second == UInt8(ascii: "l") ? 3 : 0
    default: return 0
    }
  }
}

extension ScalarClasses {
  /// `\s+(?!\S)|\s+` at a white space.
  func endOfSpaces(_ start: Int, in text: TextBytes) -> Int {
    var last = start
    var i = start
    while i < text.count {
      let next = at(i, in: text)
      if !next.flags.contains(.space) { return last > start ? last : i }
      last = i
      i += next.length
    }
    return i
  }
}
