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
  /// Whether a token begins with the byte.
  private var begins = [Bool](repeating: false, count: 256)
  /// A trie: (node << 8 | byte) to node; node 0 is the root.
  private var edges: [UInt32: UInt32] = [:]
  /// The token that ends at the node, -1 for none.
  private var ends: [Int] = [-1]

  var isEmpty: Bool { tokens.isEmpty }

  /// `patterns[i]` is what is looked for in the text for `tokens[i]`.
  init(_ tokens: [AddedToken], patterns: [[UInt8]]) {
    self.tokens = tokens
    for (i, pattern) in patterns.enumerated() {
      guard let first = pattern.first else { continue }
      begins[Int(first)] = true
      var node: UInt32 = 0
      for byte in pattern {
        let key = node << 8 | UInt32(byte)
        if let next = edges[key] {
          node = next
        } else {
          node = UInt32(ends.count)
          edges[key] = node
          ends.append(-1)
        }
      }
      ends[Int(node)] = i
    }
  }

  /// Calls `body` with the stretches of text (id nil, never empty) and the tokens, in order.
  func split(_ text: TextBytes, _ body: (TextBytes, Int32?) -> Void) {
    var done = 0
    var i = 0
    while i < text.count {
      guard begins[Int(text[i])], let match = longest(at: i, in: text) else {
        i += 1
        continue
      }
      let token = tokens[match.token]
      var (start, stop) = (i, match.end)
      i = stop
      if token.singleWord && (wordEnds(at: start, text) || wordBegins(at: stop, text)) { continue }
      if token.stripsLeft { start = startOfSpaces(before: start, notBelow: done, text) }
      if token.stripsRight { stop = endOfSpaces(from: stop, text) }
      if start > done { body(TextBytes(rebasing: text[done..<start]), nil) }
      body(TextBytes(rebasing: text[start..<stop]), token.id)
      done = stop
      i = stop
    }
    if done < text.count { body(TextBytes(rebasing: text[done...]), nil) }
  }

  private func longest(at start: Int, in text: TextBytes) -> (token: Int, end: Int)? {
    var node: UInt32 = 0
    var found: (token: Int, end: Int)?
    var i = start
    while i < text.count, let next = edges[node << 8 | UInt32(text[i])] {
      node = next
      i += 1
      if ends[Int(node)] >= 0 { found = (ends[Int(node)], i) }
    }
    return found
  }

  private func wordBegins(at i: Int, _ text: TextBytes) -> Bool {
    i < text.count && isWord(scalarValue(at: i, in: text).value)
  }

  private func wordEnds(at i: Int, _ text: TextBytes) -> Bool {
    i > 0 && isWord(scalarValue(at: previous(i, text), in: text).value)
  }

  private func previous(_ i: Int, _ text: TextBytes) -> Int {
    var i = i - 1
    while i > 0 && text[i] & 0xC0 == 0x80 { i -= 1 }
    return i
  }

  private func startOfSpaces(before end: Int, notBelow limit: Int, _ text: TextBytes) -> Int {
    var i = end
    while i > limit {
      let before = previous(i, text)
      guard ScalarClasses.shared.at(before, in: text).kind == .space else { break }
      i = before
    }
    return i
  }

  private func endOfSpaces(from start: Int, _ text: TextBytes) -> Int {
    var i = start
    while i < text.count {
      let next = ScalarClasses.shared.at(i, in: text)
      guard next.kind == .space else { break }
      i += next.length
    }
    return i
  }

  /// `\w`: letters, marks, decimal digits, connectors and joiners (Unicode UTS 18).
  private func isWord(_ value: UInt32) -> Bool {
    guard let properties = UnicodeScalar(value)?.properties else { return false }
    if properties.isAlphabetic || properties.isJoinControl { return true }
    switch properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation:
      return true
    default: return false
    }
  }
}
