/// The patterns that OpenAI's tiktoken began (cl100k, o200k), by hand; Llama 3, Qwen and Mistral's
/// Tekken use variants of them. The alternatives, in this order:
///
///     contraction          (?i:'s|'t|'re|'ve|'m|'ll|'d)            Llama 3, Qwen
///     word                 [^\r\n\p{L}\p{N}]?\p{L}+                or cased words (+Cased)
///     number               \p{N}{1,3} or \p{N}
///     punctuation           ?[^\s\p{L}\p{N}]+[\r\n]*               o200k: [\r\n/]*
///     spaces               \s*[\r\n]+|\s+(?!\S)|\s+
struct TiktokenScanner: Sendable, Equatable {
  enum Words: Sendable { case plain, withMarks, cased, casedWithContraction }

  var words: Words
  /// The longest run of numbers that stays together.
  var numbers: Int
  let classes = ScalarClasses.shared

  static func == (a: Self, b: Self) -> Bool { a.words == b.words && a.numbers == b.numbers }

  /// The end of the match that begins at `start`; every character is matched by something.
  func end(from start: Int, in text: TextBytes) -> Int {
    let isCased = words == .cased || words == .casedWithContraction
    if !isCased, let end = contraction(at: start, in: text) { return end }
    if let end = isCased ? casedWord(start, text) : word(start, text) { return end }
    let first = classes.at(start, in: text)
    if first.flags.contains(.number) {
      var i = start + first.length
      var count = 1
      while count < numbers && i < text.count {
        let next = classes.at(i, in: text)
        if !next.flags.contains(.number) { break }
        i += next.length
        count += 1
      }
      return i
    }
    return punctuation(start, text, slash: isCased) ?? endOfSpaces(start, text)
  }

  /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)`; U+017F is an s without regard to case.
  func contraction(at start: Int, in text: TextBytes) -> Int? {
    guard start + 1 < text.count, text[start] == UInt8(ascii: "'") else { return nil }
    let second = start + 2 < text.count ? text[start + 2] | 0x20 : 0
    switch text[start + 1] | 0x20 {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
      return start + 2
    case UInt8(ascii: "r"), UInt8(ascii: "v"):
      return second == UInt8(ascii: "e") ? start + 3 : nil
    case UInt8(ascii: "l"): return second == UInt8(ascii: "l") ? start + 3 : nil
    default:
      let isLongS = start + 2 < text.count && text[start + 1] == 0xC5 && text[start + 2] == 0xBF
      return isLongS ? start + 3 : nil
    }
  }

  private var letters: ScalarFlags { words == .withMarks ? [.letter, .mark] : .letter }

  /// `[^\r\n\p{L}\p{N}]?\p{L}+`
  private func word(_ start: Int, _ text: TextBytes) -> Int? {
    let first = classes.at(start, in: text)
    var body = start
    if isPrefix(first.flags, text[start]), start + first.length < text.count {
      body = start + first.length
    }
    // A mark is a letter here and may be the prefix as well: the prefix is tried first.
    let end = classes.end(of: letters, from: body, in: text)
    if end > body { return end }
    return first.flags.isDisjoint(with: letters) ? nil : start + first.length
  }

  /// `[^\r\n\p{L}\p{N}]`
  func isPrefix(_ flags: ScalarFlags, _ byte: UInt8) -> Bool {
    flags.isDisjoint(with: [.letter, .number]) && byte != 0x0A && byte != 0x0D
  }

  /// ` ?[^\s\p{L}\p{N}]+[\r\n]*`, with `slash` `[\r\n/]*`.
  private func punctuation(_ start: Int, _ text: TextBytes, slash: Bool) -> Int? {
    let body = text[start] == 0x20 ? start + 1 : start
    let refused: ScalarFlags = words == .withMarks ? [.kinds, .mark] : .kinds
    var i = body
    while i < text.count {
      let next = classes.at(i, in: text)
      if !next.flags.isDisjoint(with: refused) { break }
      i += next.length
    }
    guard i > body else { return nil }
    while i < text.count {
      let byte = text[i]
      guard byte == 0x0A || byte == 0x0D || (slash && byte == UInt8(ascii: "/")) else { break }
      i += 1
    }
    return i
  }

  /// `\s*[\r\n]+|\s+(?!\S)|\s+`
  private func endOfSpaces(_ start: Int, _ text: TextBytes) -> Int {
    var afterNewline: Int?
    var i = start
    while i < text.count {
      let next = classes.at(i, in: text)
      if !next.flags.contains(.space) { break }
      i += next.length
      if text[i - 1] == 0x0A || text[i - 1] == 0x0D { afterNewline = i }
    }
    // At a mark that no alternative took nothing has matched: it stands alone.
    if i == start { return start + classes.at(start, in: text).length }
    return afterNewline ?? classes.endOfSpaces(start, in: text)
  }
}
