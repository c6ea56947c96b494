import Foundation

/// What is asked about two responses: a template with `{prompt}`, `{response_a}` and `{response_b}`.
/// Braces around anything else are plain text, and so is all that stands in the filled-in texts.
public struct JudgeTemplate: Sendable, Equatable {
  public static let standard = """
    Compare two responses to a prompt. Which one is better?

    [Prompt]
    {prompt}

    [Response A]
    {response_a}

    [Response B]
    {response_b}

    [Question]
    Answer with A if response A is better, with B if response B is better, or with tie. The last \
    line of your answer must be A, B or tie and nothing else.
    """

  private enum Part: Sendable, Equatable {
    case text(String)
    case prompt, first, second
  }
  private static let names: [(String, Part)] = [
    ("{prompt}", .prompt), ("{response_a}", .first), ("{response_b}", .second),
  ]

  public let source: String
  private let parts: [Part]

  /// - Throws: `PreferenceError.rules` unless both responses occur.
  public init(_ source: String) throws {
    self.source = source
    var parts: [Part] = []
    var rest = source[...]
    while let found = Self.names.compactMap({ name, part in
      rest.range(of: name).map { (range: $0, part: part) }
    }).min(by: { $0.range.lowerBound < $1.range.lowerBound }) {
      parts += [.text(String(rest[..<found.range.lowerBound])), found.part]
      rest = rest[found.range.upperBound...]
    }
    self.parts = parts + [.text(String(rest))]
    for (name, part) in Self.names.dropFirst() where !parts.contains(part) {
      throw PreferenceError.rules("the template does not mention \(name)")
    }
  }

  public func filled(prompt: String, first: String, second: String) -> String {
    parts.map { part in
      switch part {
      case .text(let text): return text
      case .prompt: return prompt
      case .first: return first
      case .second: return second
      }
    }.joined()
  }
}

/// How a completion says which response is better. Its last line that is not blank, white space at
/// both ends removed, must be one of the answers, in upper or lower case, and nothing else. Earlier
/// lines are free, so a model may reason first.
public struct VerdictFormat: Sendable, Equatable {
  public let first: String
  public let second: String
  /// Nil: there are no ties.
  public let tie: String?

  /// - Throws: `PreferenceError.rules` for answers that are blank, of several lines or equal.
  public init(first: String = "A", second: String = "B", tie: String? = "tie") throws {
    let all = [first, second] + (tie.map { [$0] } ?? [])
    for answer in all where answer.isEmpty || answer != Self.lastLine(answer) {
      throw PreferenceError.rules("the answer \(quoted(answer)) is not one line of text")
    }
    guard Set(all.map { $0.lowercased() }).count == all.count else {
      throw PreferenceError.rules("two answers are the same: \(all.joined(separator: ", "))")
    }
    (self.first, self.second, self.tie) = (first, second, tie)
  }

  /// 1 where the first response is better, 0 where the second is, 1/2 for a tie; nil for no verdict.
  public func verdict(in completion: String) -> Double? {
    let line = Self.lastLine(completion).lowercased()
    if line == first.lowercased() { return 1 }
    if line == second.lowercased() { return 0 }
    return line == tie?.lowercased() ? 0.5 : nil
  }

  /// `A, B or tie`.
  public var text: String {
    tie.map { "\(first), \(second) or \($0)" } ?? "\(first) or \(second)"
  }

  private static func lastLine(_ text: String) -> String {
    text.trimmingCharacters(in: .whitespacesAndNewlines).split(whereSeparator: \.isNewline).last
      .map { $0.trimmingCharacters(in: .whitespaces) } ?? ""
  }
}

/// The part of a chat completion that is read: `choices[0].message.content` and `finish_reason`.
struct ChatAnswer: Decodable {
  struct Choice: Decodable {
    struct Message: Decodable { var content: String? }
    var message: Message
    var finishReason: String?
    enum CodingKeys: String, CodingKey {
      case message
      case finishReason = "finish_reason"
    }
  }
  var choices: [Choice]

  /// The text of the first choice.
  /// - Throws: `HTTPFailure.answer`, `.cut`.
  static func completion(_ body: [UInt8]) throws -> String {
    let text = String(decoding: body.prefix(2000), as: UTF8.self)
    let answer: ChatAnswer
    do {
      answer = try JSONDecoder().decode(ChatAnswer.self, from: Data(body))
    } catch DecodingError.keyNotFound(let key, _) {
      throw HTTPFailure.answer(
        "expected a chat completion with a key '\(key.stringValue)'", body: text)
    } catch {
      throw HTTPFailure.answer("expected the JSON of a chat completion", body: text)
    }
    guard let choice = answer.choices.first else {
      throw HTTPFailure.answer("expected a chat completion with a choice", body: text)
    }
    guard let content = choice.message.content else {
      throw HTTPFailure.answer("expected a chat completion with 'content'", body: text)
    }
    guard choice.finishReason != "length" else { throw HTTPFailure.cut(reply: content) }
    return content
  }
}
