/// A place in a template: lines and columns count from 1, columns in Unicode scalars.
public struct JinjaLocation: Sendable, Equatable, CustomStringConvertible {
  public var line: Int
  public var column: Int
  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }
  public var description: String { "line \(line), column \(column)" }
}

/// What is wrong with a template or with rendering it, and where. `template` is how the template was
/// named (a path).
public enum JinjaError: Error, Equatable, CustomStringConvertible {
  /// Not a template: what was expected and what was found.
  case syntax(template: String, JinjaLocation, String)
  /// Jinja that this interpreter does not know.
  case unsupported(template: String, JinjaLocation, String)
  /// An expression failed: an undefined variable's member, a type that does not fit.
  case evaluation(template: String, JinjaLocation, String)
  /// The template's own `raise_exception(message)`.
  case raised(template: String, JinjaLocation, String)
  /// One of `JinjaLimits` was reached.
  case limit(template: String, JinjaLocation, String)

  public var description: String {
    switch self {
    case .syntax(let name, let place, let text), .evaluation(let name, let place, let text):
      return "\(name): \(place): \(text)"
    case .unsupported(let name, let place, let text):
      return "\(name): \(place): \(text) is not supported by this Jinja interpreter"
    case .raised(let name, let place, let text):
      return "\(name): \(place): the template refuses the conversation: \(text)"
    case .limit(let name, let place, let text):
      return "\(name): \(place): \(text); the template was stopped"
    }
  }
}

/// Bounds on one rendering: a template comes with a downloaded model and is not trusted.
public struct JinjaLimits: Sendable, Equatable {
  /// Expressions and statements evaluated, list items and comparisons visited.
  public var steps = 20_000_000
  /// Bytes of all texts and lists made on the way, in total.
  public var memory = 1 << 30
  /// Bytes of the rendered text, and of any one text.
  public var text = 64 << 20
  /// Expressions, statements and macro calls inside each other while rendering.
  public var depth = 400
  public init() {}

  /// Levels of lists and mappings inside each other.
  static let valueDepth = 160
  /// Levels of expressions, and of statements, inside each other in a template.
  static let syntaxDepth = 100
  /// Items of `range()`, as in Jinja's sandbox.
  static let rangeItems = 100_000
}
