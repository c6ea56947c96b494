/// One line for `magnetic score`: `{"text": "..."}` or `{"input_ids": [1, 2]}`.
public enum ScoreInput: Sendable, Equatable {
  case text(String)
  case tokens([Int])

  /// - Throws: `DataError`; a negative or missing id and a line with both keys or neither are errors.
  public static func read(_ path: String) throws -> [ScoreInput] {
    let expected = #"{"text": "..."} or {"input_ids": [...]}"#
    let file = try RowFile(path, what: "texts", expected: expected)
    return try (0..<file.count).map { try read(file.row($0)) }
  }

  private static func read(_ row: DataRow) throws -> ScoreInput {
    switch (row.has("text"), row.has("input_ids")) {
    case (true, false): return .text(try row.text("text"))
    case (false, true):
      guard let list = row.object["input_ids"]?.array else { throw row.wrong("input_ids") }
      let ids = try list.map { item in
        guard case .integer(let id) = item else { throw row.wrong("input_ids") }
        guard id >= 0 else { throw row.failure("'input_ids' holds \(id)") }
        return id
      }
      guard !ids.isEmpty else { throw row.failure("'input_ids' is empty") }
      return .tokens(ids)
    case (true, true): throw row.failure("both 'text' and 'input_ids'; expected one of them")
    case (false, false): throw row.failure("expected \(row.expected), found \(row.found)")
    }
  }
}
