/// Where an example stands in its file, for messages.
public struct DataPlace: Sendable, Hashable, CustomStringConvertible {
  /// What `number` counts, from 1.
  public enum Unit: Sendable {
    /// Of JSON lines.
    case line
    /// Of a file that is one JSON array.
    case element
    /// Of a file of plain text, where lines `<|endoftext|>` part several.
    case text
  }

  public var path: String
  public var number: Int
  public var unit: Unit

  public init(path: String, number: Int, unit: Unit = .line) {
    self.path = path
    self.number = number
    self.unit = unit
  }

  /// `pairs.jsonl:12`, `pairs.json, element 12`, `books.txt, text 12`.
  public var description: String {
    switch unit {
    case .line: return "\(path):\(number)"
    case .element: return "\(path), element \(number)"
    case .text: return "\(path), text \(number)"
    }
  }

  /// What is wrong there.
  public func failure(_ text: String) -> DataError { .row(self, text) }
}
