/// Everything that reading or writing a model's files throws. Each names the file and says in one
/// line what was expected, what was found and what to do.
public enum ModelError: Error, Equatable, CustomStringConvertible {
  /// The system refused: no such file, no permission, disk full.
  case file(path: String, String)
  /// The contents are not what the format demands.
  case format(path: String, String)
  /// The contents are sound but ask for something that this library does not do.
  case unsupported(path: String, String)
  /// A tensor, field or token that was asked for by name is not there.
  case missing(path: String, String)
  /// The caller's values do not fit together (shape and count, say); nothing was written.
  case argument(String)

  public var description: String {
    switch self {
    case .file(let path, let text), .format(let path, let text), .unsupported(let path, let text),
      .missing(let path, let text):
      return "\(path): \(text)"
    case .argument(let text): return text
    }
  }
}
