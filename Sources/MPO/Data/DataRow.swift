import MPOModel

/// One line of JSON data with its place, for messages.
struct DataRow {
  let path: String
  let line: Int
  let object: JSONObject
  /// What a line must be: `{"prompt": "..."}`.
  let expected: String

  func failure(_ text: String) -> DataError { .line(path: path, line: line, text) }

  func has(_ name: String) -> Bool { object[name].map { !$0.isNull } ?? false }

  func wrong(_ name: String) -> DataError {
    failure("'\(name)' has the wrong type; expected \(expected), found \(found)")
  }

  var found: String { quoted(JSONValue.object(object).serialized(indent: 0), limit: 80) }

  /// A text, or a list of messages as a conversation with the line's tools.
  func prompt(_ name: String) throws -> Prompt {
    switch object[name] {
    case .string(let text)?: return .text(text)
    case .array?: return .conversation(try conversation(messages(name)))
    default: throw wrong(name)
    }
  }

  /// A list of objects with a role, at least one.
  func messages(_ name: String) throws -> [JSONValue] {
    guard let list = object[name]?.array else { throw wrong(name) }
    guard !list.isEmpty else { throw failure("'\(name)' holds no message") }
    for (i, message) in list.enumerated() where message.object?["role"]?.string == nil {
      throw failure(
        "'\(name)', message \(i + 1): expected {\"role\": ..., \"content\": ...}, found "
          + quoted(message.serialized(indent: 0), limit: 60))
    }
    return list
  }

  func conversation(_ messages: [JSONValue]) throws -> ChatTemplate.Input {
    func list(_ name: String) throws -> [JSONValue]? {
      guard has(name) else { return nil }
      // Some data sets keep the list as text.
      if let text = object[name]?.string {
        guard let parsed = try? JSONValue(parsing: text, path: path), let list = parsed.array else {
          throw wrong(name)
        }
        return list
      }
      guard let list = object[name]?.array else { throw wrong(name) }
      return list
    }
    return ChatTemplate.Input(
      messages, tools: try list("tools"), documents: try list("documents"),
      extra: object["chat_template_kwargs"]?.object ?? JSONObject())
  }
}

extension DataFile {
  /// Every line as an object, its members in their order.
  /// - Throws: `DataError.line`; `DataError.empty` when there is no line at all.
  func rows(expected: String) throws -> [DataRow] {
    var rows: [DataRow] = []
    try forEachLine { number, line in
      let text = String(decoding: line, as: UTF8.self)
      func failure(_ reason: String) -> DataError {
        .line(
          path: path, line: number,
          "\(reason); expected \(expected), found \(quoted(text, limit: 80))")
      }
      if line.first(where: { $0 != 32 && $0 != 9 }) == UInt8(ascii: "[") {
        throw DataError.line(
          path: path, line: number,
          "a JSON array, not JSON lines; write \(expected) on every line. Found "
            + quoted(text, limit: 80))
      }
      let value: JSONValue
      do {
        value = try line.withUnsafeBytes { try JSONValue(parsing: $0, path: path) }
      } catch {
        let reason = "\(error)".split(separator: ": ", maxSplits: 1).last ?? ""
        throw failure(reason.hasPrefix("not valid JSON") ? String(reason) : "not valid JSON")
      }
      guard let object = value.object else { throw failure("no JSON object") }
      rows.append(DataRow(path: path, line: number, object: object, expected: expected))
    }
    guard !rows.isEmpty else {
      throw DataError.empty(path: path, "holds nothing; expected \(expected) on every line")
    }
    return rows
  }
}
