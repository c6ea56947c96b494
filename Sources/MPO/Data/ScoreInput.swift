/// One line for `magnetic score`: `{"text": "..."}` or `{"input_ids": [1, 2]}`.
public enum ScoreInput: Sendable, Equatable {
  case text(String)
  case tokens([Int])

  private struct Line: Decodable {
    var text: String?
    var inputIds: [Int]?
    enum CodingKeys: String, CodingKey {
      case text
      case inputIds = "input_ids"
    }
  }

  /// - Throws: `DataError`; a negative or missing id and a line with both keys or neither are errors.
  public static func read(_ path: String) throws -> [ScoreInput] {
    let file = try DataFile(path, what: "texts")
    let expected = #"{"text": "..."} or {"input_ids": [...]}"#
    return try file.records(Line.self, expected: expected).map { line, record in
      switch (record.text, record.inputIds) {
      case (let text?, nil): return .text(text)
      case (nil, let ids?):
        if let bad = ids.first(where: { $0 < 0 }) {
          throw DataError.line(path: file.path, line: line, "'input_ids' holds \(bad)")
        }
        guard !ids.isEmpty else {
          throw DataError.line(path: file.path, line: line, "'input_ids' is empty")
        }
        return .tokens(ids)
      case (.some, .some):
        throw DataError.line(
          path: file.path, line: line, "both 'text' and 'input_ids'; expected one of them")
      case (nil, nil):
        throw DataError.line(path: file.path, line: line, "expected \(expected)")
      }
    }
  }
}
