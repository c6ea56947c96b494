/// Everything a preference source throws. Indices are those of the call: prompt n, responses i, j.
public enum PreferenceError: Error, Equatable, CustomStringConvertible {
  /// The number of values, prompts or responses is not what the call implies.
  case shape(source: String, String)
  /// A single value is no preference: outside [0, 1], not finite, not antisymmetric, diagonal not 1/2.
  case value(source: String, prompt: Int, i: Int, j: Int, value: Float, String)
  /// A response belongs to no category and there is no catch-all.
  case unclassified(response: String, categories: [String])
  /// A regular expression does not compile.
  case pattern(name: String, pattern: String, String)
  /// The game's matrix is not a preference matrix; the worst cell is named in the text.
  case matrix(String)
  /// The rules of a source contradict themselves (no annotators, a weight of 0, ...).
  case rules(String)
  /// The user's program could not be started.
  case commandStart(command: String, String)
  /// The user's program ended; how, and the last of its standard error.
  case commandEnded(command: String, prompt: Int, status: String, stderr: String)
  /// The user's program did not answer in time.
  case commandTimeout(command: String, prompt: Int, seconds: Double, stderr: String)
  /// The user's program answered with something else than a K x K matrix.
  case commandAnswer(command: String, prompt: Int, String, line: String)
  /// A reward that is not a finite number.
  case reward(source: String, prompt: Int, response: Int, value: Double)
  /// A chat endpoint gave no verdict, `tries` times or once where another try is pointless.
  case http(url: String, prompt: Int, tries: Int, HTTPFailure)
  /// The environment variable that should hold a key is not set, or its text is no key.
  case apiKey(variable: String, String)
  /// More questions about one prompt than `max_questions` allows.
  case tooManyQuestions(source: String, pairs: Int, questions: Int, limit: Int)
  /// The folder of kept answers cannot be used.
  case cache(path: String, String)
  /// A signal came while answers were waited for; nothing was changed.
  case interrupted(source: String)

  public var description: String {
    switch self {
    case .shape(let source, let text): return "\(source): \(text)"
    case .value(let source, let n, let i, let j, let value, let text):
      return "\(source): prompt \(n), P(response \(i) over response \(j)) is \(value): \(text)"
    case .unclassified(let response, let categories):
      return "no category matches the response \(quoted(response)); the categories are "
        + "\(categories.joined(separator: ", ")). Add a last one with an empty pattern, which "
        + "matches everything"
    case .pattern(let name, let pattern, let text):
      return "'\(name)': the regular expression \(quoted(pattern)) does not compile: \(text)"
    case .matrix(let text): return "matrix: \(text)"
    case .rules(let text): return text
    case .commandStart(let command, let text): return "could not start \(command): \(text)"
    case .commandEnded(let command, let n, let status, let stderr):
      return "\(command) \(status) before it answered prompt \(n)\(lastWords(stderr))"
    case .commandTimeout(let command, let n, let seconds, let stderr):
      return "\(command) did not answer prompt \(n) within \(shortNumber(seconds)) s. Raise "
        + "'timeout', and see that the program flushes its output after every line"
        + lastWords(stderr)
    case .commandAnswer(let command, let n, let text, let line):
      return "\(command), prompt \(n): \(text); it answered \(quoted(line))"
    case .reward(let source, let n, let i, let value):
      return "\(source): prompt \(n), the reward of response \(i) is \(value): expected a finite "
        + "number"
    case .http(let url, let n, let tries, let failure):
      let count = tries == 1 ? "" : ", \(tries) tries"
      return "\(url), prompt \(n)\(count): \(failure)"
    case .apiKey(let variable, let text): return "environment variable '\(variable)': \(text)"
    case .tooManyQuestions(let source, let pairs, let questions, let limit):
      return "\(source): \(pairs) pairs of responses to one prompt are \(questions) questions, "
        + "more than 'max_questions' (\(limit)) allows. Raise it, or lower num_generations"
    case .cache(let path, let text): return "judge cache \(path): \(text)"
    case .interrupted(let source): return "\(source): interrupted while it waited for answers"
    }
  }

  /// The same error where prompt 0 of the call was prompt `first` of a longer list.
  func offset(by first: Int) -> PreferenceError {
    switch self {
    case .value(let source, let n, let i, let j, let value, let text):
      return .value(source: source, prompt: first + n, i: i, j: j, value: value, text)
    case .commandEnded(let command, let n, let status, let stderr):
      return .commandEnded(command: command, prompt: first + n, status: status, stderr: stderr)
    case .commandTimeout(let command, let n, let seconds, let stderr):
      return .commandTimeout(
        command: command, prompt: first + n, seconds: seconds, stderr: stderr)
    case .commandAnswer(let command, let n, let text, let line):
      return .commandAnswer(command: command, prompt: first + n, text, line: line)
    case .reward(let source, let n, let i, let value):
      return .reward(source: source, prompt: first + n, response: i, value: value)
    case .http(let url, let n, let tries, let failure):
      return .http(url: url, prompt: first + n, tries: tries, failure)
    case .shape, .unclassified, .pattern, .matrix, .rules, .commandStart, .apiKey,
      .tooManyQuestions, .cache, .interrupted:
      return self
    }
  }

  private func lastWords(_ stderr: String) -> String {
    let lines = stderr.split(whereSeparator: \.isNewline).suffix(12)
    guard !lines.isEmpty else { return " (nothing on its standard error)" }
    return "; the last lines of its standard error:\n"
      + lines.map { "  | \($0)" }.joined(separator: "\n")
  }
}

/// `text` in quotes on one line, control characters escaped, cut after `limit` characters.
package func quoted(_ text: String, limit: Int = 200) -> String {
  var out = "\""
  var count = 0
  for scalar in text.unicodeScalars {
    if count == limit { return out + "\"... (\(text.utf8.count) bytes)" }
    switch scalar {
    case "\"", "\\": out += "\\\(scalar)"
    case "\n": out += "\\n"
    case "\r": out += "\\r"
    case "\t": out += "\\t"
    default:
      let control = scalar.value < 32 || scalar.value == 127
      out += control ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
    }
    count += 1
  }
  return out + "\""
}

/// `3` for 3.0, `0.5` for 0.5: a number as a person writes it.
package func shortNumber(_ value: Double) -> String {
  if value == value.rounded(), abs(value) < 1e15 { return String(Int(value)) }
  return "\(value)"
}
