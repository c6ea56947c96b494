import Foundation

/// A regular expression in ICU's syntax, searched anywhere in a text. `\b` is the conventional
/// boundary between `\w` and `\W` (not Swift Regex's default, Unicode's word segmentation, in which
/// "3.5" is one word). Case matters; `(?i)` in front turns that off. An empty pattern matches
/// every text.
public struct Pattern: Sendable, Equatable {
  public let source: String
  private let expression: NSRegularExpression?

  /// - Throws: `PreferenceError.pattern` naming `name` (of the category or rule).
  public init(_ source: String, name: String) throws {
    self.source = source
    guard !source.isEmpty else {
      expression = nil
      return
    }
    do {
      expression = try NSRegularExpression(pattern: source)
    } catch {
      throw PreferenceError.pattern(
        name: name, pattern: source, "expected ICU syntax, as in '\\bgirl\\b' or '(?i)yes|no'")
    }
  }

  public func matches(_ text: String) -> Bool {
    guard let expression else { return true }
    let range = NSRange(text.startIndex..., in: text)
    return expression.firstMatch(in: text, range: range) != nil
  }

  /// Non-overlapping matches; 0 for the empty pattern.
  public func count(in text: String) -> Int {
    guard let expression else { return 0 }
    return expression.numberOfMatches(in: text, range: NSRange(text.startIndex..., in: text))
  }

  public static func == (a: Pattern, b: Pattern) -> Bool { a.source == b.source }
}
