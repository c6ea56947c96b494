/// Why there is no report.
public enum ReportError: Error, Equatable, CustomStringConvertible {
  /// Nothing under this name.
  case missing(path: String)
  /// A folder or file that is no run; what it is.
  case notARun(path: String, found: String)
  /// Two of the runs are the same folder.
  case twice(path: String)
  case names(expected: Int, found: Int)
  /// An evaluation that is none.
  case evaluation(path: String, String)

  public var description: String {
    switch self {
    case .missing(let path): return "no run \(quoted(path)): no such file or folder"
    case .notARun(let path, let found):
      return "\(path) is no run: expected a folder with the metrics.jsonl that 'train', 'sft' and "
        + "'preference' write, or a folder of such folders; found \(found)"
    case .twice(let path): return "\(path) is given twice; leave one out"
    case .names(let expected, let found):
      return "--name: expected one for each of the \(expected) runs, found \(found)"
    case .evaluation(let path, let text):
      return "\(path) is no evaluation: \(text); expected what 'magnetic evaluate --output' writes"
    }
  }
}
