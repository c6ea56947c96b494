/// Why one question to a chat endpoint had no answer that can be used. Texts of the server are cut
/// and never hold the key.
public enum HTTPFailure: Error, Equatable, Sendable, CustomStringConvertible {
  /// Refused, reset, closed before the answer was whole, no such host, a bad certificate.
  case connection(String)
  case timeout(seconds: Double)
  /// A status other than 2xx; what the server said, and what to do.
  case status(Int, body: String, advice: String)
  /// Redirects are not followed: the key would go where the user did not send it.
  case redirect(Int, to: String)
  /// The answer is longer than any answer; it was not read to its end.
  case tooLong(limit: Int)
  /// The server asks for a longer wait than the user allows.
  case wait(seconds: Double, limit: Double)
  /// Not the JSON of a chat completion.
  case answer(String, body: String)
  /// A completion that is no verdict.
  case verdict(expected: String, reply: String)
  /// A completion that ended because it was too long, so its last line is not its conclusion.
  case cut(reply: String)

  public var description: String {
    switch self {
    case .connection(let text): return "no answer: \(text)"
    case .timeout(let seconds):
      return "no answer within \(shortNumber(seconds)) s; raise 'timeout', or lower 'concurrency'"
    case .status(let code, let body, let advice):
      let said = body.isEmpty ? "" : ", the server says \(quoted(body))"
      return "status \(code)\(said)" + (advice.isEmpty ? "" : "; \(advice)")
    case .redirect(let code, let target):
      return "status \(code) redirects to \(quoted(target)), which is not followed; if it is "
        + "right, set 'url' to it"
    case .tooLong(let limit): return "the answer is longer than \(limit) bytes"
    case .wait(let seconds, let limit):
      return "the server asks to wait \(shortNumber(seconds)) s, longer than 'max_wait' "
        + "(\(shortNumber(limit)) s) allows"
    case .answer(let text, let body): return "\(text), found \(quoted(body))"
    case .verdict(let expected, let reply):
      return "no verdict: expected \(expected) alone on the last line, found \(quoted(reply)); "
        + "see 'template', 'answers' and 'on_unparsable'"
    case .cut(let reply):
      return "no verdict: the completion was cut at its longest length; raise 'max_tokens' "
        + "(found \(quoted(reply)))"
    }
  }

  /// Whether the same question may succeed later: everything but what the server refuses for good.
  var isPassing: Bool {
    switch self {
    case .connection, .timeout, .answer, .verdict, .cut: return true
    case .status(let code, _, _): return [408, 425, 429].contains(code) || code >= 500
    case .redirect, .tooLong, .wait: return false
    }
  }

  /// Whether the server answered well, but with no verdict.
  var isUnparsable: Bool {
    switch self {
    case .verdict, .cut: return true
    default: return false
    }
  }
}
