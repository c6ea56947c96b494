/// Where an example stands in its file, for messages.
public struct DataPlace: Sendable, Hashable, CustomStringConvertible {
  public var path: String
  /// From 1: the line of JSON lines, the element of a file that is one JSON array.
  public var number: Int
  /// The file is one JSON array.
  public var isElement: Bool

  public init(path: String, number: Int, isElement: Bool = false) {
    self.path = path
    self.number = number
    self.isElement = isElement
  }

  /// `pairs.jsonl:12`, or `pairs.json, element 12`.
  public var description: String { isElement ? "\(path), element \(number)" : "\(path):\(number)" }

  /// What is wrong there.
  public func failure(_ text: String) -> DataError {
    isElement
      ? .element(path: path, element: number, text) : .line(path: path, line: number, text)
  }
}
