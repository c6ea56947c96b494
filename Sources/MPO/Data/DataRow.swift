import MPOModel

/// One row of data with its place, for messages.
struct DataRow {
  let place: DataPlace
  var object: JSONObject
  /// What a line must be: `{"prompt": "..."}`.
  let expected: String

  func failure(_ text: String) -> DataError { place.failure(text) }

  func has(_ name: String) -> Bool { object[name].map { !$0.isNull } ?? false }

  func text(_ name: String) throws -> String {
    guard let text = object[name]?.string else { throw wrong(name) }
    return text
  }

  /// Empty where there is none.
  func optionalText(_ name: String) throws -> String { has(name) ? try text(name) : "" }

  /// P(chosen > rejected); 1 where nothing says so.
  func preference() throws -> Double {
    guard has("preference") else { return 1 }
    guard let value = object["preference"]?.double, value >= 0, value <= 1 else {
      throw failure(
        "'preference': expected a number from 0 to 1, found "
          + (object["preference"]?.serialized(indent: 0) ?? "nothing"))
    }
    return value
  }

  /// True or false, 1 or 0.
  func label(_ name: String) throws -> Bool {
    switch object[name] {
    case .bool(let value)?: return value
    case .integer(0)?: return false
    case .integer(1)?: return true
    default:
      throw failure(
        "'\(name)': expected true or false, found "
          + (object[name]?.serialized(indent: 0) ?? "nothing"))
    }
  }

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
        guard let parsed = try? JSONValue(parsing: text, path: place.path),
          let list = parsed.array
        else { throw wrong(name) }
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
