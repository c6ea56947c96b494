/// What is wrong with a file of data, and on which line.
public enum DataError: Error, Equatable, CustomStringConvertible {
  /// No such file; how it was named.
  case missing(path: String)
  /// It exists and cannot be read.
  case unreadable(path: String, String)
  /// A format that is not read here; says how to convert it.
  case format(path: String, String)
  /// Nothing in it.
  case empty(path: String, String)
  /// A line that is not what it must be. Lines count from 1.
  case line(path: String, line: Int, String)
  /// An example that is not what it must be.
  case row(DataPlace, String)

  public var description: String {
    switch self {
    case .missing(let path): return "no file '\(path)'"
    case .unreadable(let path, let text): return "\(path): cannot be read: \(text)"
    case .format(let path, let text), .empty(let path, let text): return "\(path): \(text)"
    case .line(let path, let line, let text): return "\(path):\(line): \(text)"
    case .row(let place, let text): return "\(place): \(text)"
    }
  }
}
