/// What keeps an evaluation from its end.
public enum EvaluationError: Error, Equatable, CustomStringConvertible {
  /// A list of policies that cannot be evaluated: a name twice, a pattern without folders, too few.
  case policies(String)
  /// Responses that do not fit the prompts or each other.
  case responses(policy: String, String)
  /// What was asked for needs something that the judge has not.
  case judge(String)
  /// A signal came; nothing was written.
  case stopped(String)

  public var description: String {
    switch self {
    case .policies(let text), .judge(let text), .stopped(let text): return text
    case .responses(let policy, let text): return "policy '\(policy)': \(text)"
    }
  }
}
