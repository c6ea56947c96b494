import Foundation

/// What one annotator of a panel looks at: a number for a response, more is better.
public enum PanelRule: Sendable, Equatable, CustomStringConvertible {
  /// What a length counts: `words` are maximal runs of non-whitespace, `characters` are graphemes.
  public enum LengthUnit: String, Sendable, CaseIterable { case words, characters }

  /// `-|length - target|`.
  case length(target: Int, unit: LengthUnit)
  /// Weighted count of listed words: `sum_w weight(w) * occurrences(w)`. A word is a run of letters,
  /// digits and apostrophes; lists are lower-case unless case matters.
  case words([String: Double], caseSensitive: Bool)
  /// `-(1 - distinct n-grams / n-grams)` over lower-cased words; 0 with fewer than n words.
  case repetition(ngram: Int)
  /// Number of matches.
  case regex(Pattern)
  /// 1 where the response, white space at both ends removed, starts (ends) with the text.
  case startsWith(String)
  case endsWith(String)
  /// Kinds of responses, the best first: `-i` for the first pattern i (from 0) that matches, minus the
  /// number of patterns where none does. An empty pattern matches all.
  case ranking([Pattern])

  /// The number this rule gives a response.
  public func score(_ response: String) -> Double {
    switch self {
    case .length(let target, let unit):
      let length =
        unit == .words ? response.split(whereSeparator: \.isWhitespace).count : response.count
      return -Double(abs(length - target))
    case .words(let weights, let caseSensitive):
      let words = Self.words(caseSensitive ? response : response.lowercased())
      return words.reduce(0) { $0 + (weights[$1] ?? 0) }
    case .repetition(let n):
      let words = Self.words(response.lowercased())
      guard n > 0, words.count >= n else { return 0 }
      let grams = (0...(words.count - n)).map { words[$0..<($0 + n)] }
      return Double(Set(grams).count) / Double(grams.count) - 1
    case .regex(let pattern):
      return Double(pattern.count(in: response))
    case .startsWith(let text):
      return Self.trimmed(response).hasPrefix(text) ? 1 : 0
    case .endsWith(let text):
      return Self.trimmed(response).hasSuffix(text) ? 1 : 0
    case .ranking(let patterns):
      return -Double(patterns.firstIndex { $0.matches(response) } ?? patterns.count)
    }
  }

  /// For the list of resolved settings.
  public var description: String {
    switch self {
    case .length(let target, let unit): return "length, target \(target) \(unit)"
    case .words(let weights, let caseSensitive):
      let list = weights.sorted { $0.key < $1.key }.map { "\($0.key) \(shortNumber($0.value))" }
      return "words \(list.joined(separator: ", "))" + (caseSensitive ? ", case-sensitive" : "")
    case .repetition(let n): return "repetition of \(n)-grams"
    case .regex(let pattern): return "regex \(quoted(pattern.source))"
    case .startsWith(let text): return "starts with \(quoted(text))"
    case .endsWith(let text): return "ends with \(quoted(text))"
    case .ranking(let patterns):
      return "ranking \(patterns.map { quoted($0.source) }.joined(separator: " > "))"
    }
  }

  /// Maximal runs of letters, digits and apostrophes.
  static func words(_ text: String) -> [String] {
    text.split { !($0.isLetter || $0.isNumber || $0 == "'" || $0 == "\u{2019}") }.map(String.init)
  }

  private static func trimmed(_ text: String) -> String {
    text.trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
