import MPOModel

/// How a share of a file's rows is held out (`test_split_by`).
public enum TestSplit: String, Sendable, CaseIterable {
  /// Row by row.
  case row
  /// Rows that open alike stay together: answers to one prompt, cuts of one conversation.
  case prompt
}

/// What a row opens with: its prompt, or the first turn of its conversation. It is read from the row as
/// the file has it, so that whatever columns a stage reads, rows fall on the same side.
enum RowOpening {
  static func of(_ row: DataRow, promptColumn: String) -> String {
    let object = row.object
    for name in [promptColumn, "prompt"] where !name.isEmpty {
      if let text = object[name].flatMap(opening) { return text }
    }
    if let instruction = object["instruction"]?.string {
      return instruction + "\n" + (object["input"]?.string ?? "")
    }
    for name in ["messages", "conversations", "chosen", "text", "question"] {
      if let text = object[name].flatMap(opening) { return text }
    }
    return JSONValue.object(object).serialized(indent: 0)
  }

  /// A text up to the first answer of a transcript, or the first message that is not the system's.
  private static func opening(_ value: JSONValue) -> String? {
    if let text = value.string {
      let bytes = Array(text.utf8)
      guard let end = TranscriptSplit.first(TranscriptSplit.assistant, in: bytes[...]) else {
        return text
      }
      return String(decoding: bytes[..<end], as: UTF8.self)
    }
    let first = value.array?.first { message in
      (message.object?["role"] ?? message.object?["from"])?.string != "system"
    }
    return (first?.object?["content"] ?? first?.object?["value"])?.string
  }
}
