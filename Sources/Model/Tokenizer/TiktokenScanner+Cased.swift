/// Words of o200k and Tekken, that begin anew at a capital after small letters:
///
///     [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+
///     [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*
///
/// each followed by `(?i:'s|'t|'re|'ve|'m|'ll|'d)?` in o200k.
extension TiktokenScanner {
  func casedWord(_ start: Int, _ text: TextBytes) -> Int? {
    let first = classes.at(start, in: text)
    var bodies = [start]
    // A mark may be the prefix or belong to the word: the prefix is tried first.
    if isPrefix(first.flags, text[start]) {
      guard first.flags.contains(.mark) || start + first.length < text.count else { return nil }
      bodies = first.flags.contains(.mark) ? [start + first.length, start] : [start + first.length]
    }
    var end: Int?
    for body in bodies where end == nil { end = smallEnding(body, text) }
    for body in bodies where end == nil { end = capitalBeginning(body, text) }
    guard let end else { return nil }
    guard words == .casedWithContraction else { return end }
    return contraction(at: end, in: text) ?? end
  }

  /// `U*L+`. Where no small letter follows the longest `U*`, it gives back to the last character
  /// that both classes have.
  private func smallEnding(_ body: Int, _ text: TextBytes) -> Int? {
    var both: Int?
    var i = body
    while i < text.count {
      let next = classes.at(i, in: text)
      if !next.flags.contains(.upper) { break }
      i += next.length
      if next.flags.contains(.lower) { both = i }
    }
    let end = classes.end(of: .lower, from: i, in: text)
    return end > i ? end : both
  }

  /// `U+L*`.
  private func capitalBeginning(_ body: Int, _ text: TextBytes) -> Int? {
    let end = classes.end(of: .upper, from: body, in: text)
    return end > body ? classes.end(of: .lower, from: end, in: text) : nil
  }
}
