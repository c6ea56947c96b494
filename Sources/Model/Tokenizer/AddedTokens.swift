/// A token that is found in the text before anything else is done to it.
struct AddedToken: Sendable {
  var id: Int32
  let content: String
  let isSpecial: Bool
  /// Not inside a word: neither side may be a letter, digit, mark or underscore.
  let singleWord: Bool
  /// Takes the white space before or after it.
  let stripsLeft: Bool
  let stripsRight: Bool
  /// Found in the normalized text rather than the original.
  let isNormalized: Bool

  init(_ fields: FieldReader) throws {
    id = Int32(try fields.integer("id", in: 0...BytePairModel.largestID))
    content = try fields.string("content")
    isSpecial = try fields.optionalBool("special") ?? false
    singleWord = try fields.optionalBool("single_word") ?? false
    stripsLeft = try fields.optionalBool("lstrip") ?? false
    stripsRight = try fields.optionalBool("rstrip") ?? false
    isNormalized = try fields.optionalBool("normalized") ?? !isSpecial
  }
}

/// Finds added tokens: leftmost first, the longest of those.
struct AddedTokenMatcher: Sendable {
  private let tokens: [AddedToken]
  private var trie = ByteTrie()

  var isEmpty: Bool { tokens.isEmpty }

  /// `patterns[i]` is what is looked for in the text for `tokens[i]`; of equal ones the first.
  init(_ tokens: [AddedToken], patterns: [[UInt8]]) {
    self.tokens = tokens
    for (i, pattern) in patterns.enumerated() {
      trie.insert(pattern, Int32(truncatingIfNeeded: i), replaces: false)
    }
  }

  /// Calls `body` with the stretches of text (id nil, never empty) and the tokens, in order.
  func split(_ text: TextBytes, _ body: (Range<Int>, Int32?) -> Void) {
    guard !isEmpty else { return text.isEmpty ? () : body(0..<text.count, nil) }
    var done = 0
    var i = 0
    while i < text.count {
      guard trie.begins[Int(text[i])], let match = longest(at: i, in: text) else {
        i += 1
        continue
      }
      let token = tokens[match.token]
      var (start, stop) = (i, match.end)
      i = stop
      if token.singleWord && (wordEnds(at: start, text) || wordBegins(at: stop, text)) { continue }
      if token.stripsLeft { start = startOfSpaces(before: start, notBelow: done, text) }
      if token.stripsRight { stop = ScalarClasses.shared.end(of: .space, from: stop, in: text) }
      if start > done { body(done..<start, nil) }
      body(start..<max(start, stop), token.id)
      // The search goes on behind the token itself: the spaces it took may be a token again.
      done = stop
    }
    if done < text.count { body(done..<text.count, nil) }
  }

  private func longest(at start: Int, in text: TextBytes) -> (token: Int, end: Int)? {
    var found: (token: Int, end: Int)?
    trie.matches(at: start, in: text) { found = (Int($0), $1) }
    return found
  }

  private func wordBegins(at i: Int, _ text: TextBytes) -> Bool {
    i < text.count && ScalarClasses.shared.at(i, in: text).flags.contains(.word)
  }

  private func wordEnds(at i: Int, _ text: TextBytes) -> Bool {
    i > 0
      && ScalarClasses.shared.at(previousScalar(i, in: text), in: text).flags.contains(.word)
  }

  private func startOfSpaces(before end: Int, notBelow limit: Int, _ text: TextBytes) -> Int {
    var i = end
    while i > limit {
      let before = previousScalar(i, in: text)
      guard ScalarClasses.shared.at(before, in: text).flags.contains(.space) else { break }
      i = before
    }
    return i
  }
}
