import MPOModel

/// LLaMA-Factory's sharegpt layout: `conversations` of `{from, value}`, with `system`, and `chosen` and
/// `rejected` of the same kind. Always a conversation for the chat template.
enum ShareGPT {
  private static let roles = [
    "human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant",
    "system": "system", "observation": "tool", "tool": "tool", "function_call": "assistant",
  ]

  /// All messages.
  static func conversation(_ row: DataRow) throws -> ChatTemplate.Input {
    guard let list = row.object["conversations"]?.array else { throw row.wrong("conversations") }
    guard !list.isEmpty else { throw row.failure("'conversations' holds no message") }
    var messages = try list.enumerated().map { i, item in
      try message(item, row, "'conversations', message \(i + 1)")
    }
    let system = try row.optionalText("system")
    if !system.isEmpty, role(messages.first) != "system" {
      messages.insert(TranscriptSplit.message("system", system), at: 0)
    }
    return try row.conversation(messages)
  }

  /// The messages before the assistant's last answer; of a pair, all of them.
  static func prompt(_ row: DataRow, isPair: Bool = false) throws -> ChatTemplate.Input {
    var input = try conversation(row)
    if role(input.messages.last) == "assistant" {
      guard !isPair else {
        throw row.failure(
          "'conversations' ends with the assistant's message; of a pair it is the prompt, and ends "
            + "with the user's")
      }
      input.messages.removeLast()
    }
    guard !input.messages.isEmpty else {
      throw row.failure("'conversations' holds no message before the assistant's")
    }
    return input
  }

  /// The prompt and the assistant's last answer.
  static func parted(_ row: DataRow) throws -> (prompt: ChatTemplate.Input, reply: JSONValue) {
    let whole = try conversation(row)
    guard let reply = whole.messages.last, role(reply) == "assistant" else {
      throw row.failure("'conversations': expected the assistant's message as the last")
    }
    return (try prompt(row), reply)
  }

  /// `{from, value}`, a list of them, or a text that the assistant says.
  static func response(_ row: DataRow, _ name: String) throws -> Prompt {
    switch row.object[name] {
    case .string(let text)?:
      return .conversation(.init([TranscriptSplit.message("assistant", text)]))
    case .array(let list)? where !list.isEmpty:
      return .conversation(.init(try list.map { try message($0, row, "'\(name)'") }))
    case .object(let object)?:
      return .conversation(.init([try message(.object(object), row, "'\(name)'")]))
    default: throw row.wrong(name)
    }
  }

  private static func role(_ message: JSONValue?) -> String {
    message?.object?["role"]?.string ?? ""
  }

  private static func message(
    _ item: JSONValue, _ row: DataRow, _ place: String
  ) throws -> JSONValue {
    if item.object?["role"]?.string != nil { return item }
    guard let from = item.object?["from"]?.string, let value = item.object?["value"]?.string else {
      throw row.failure(
        "\(place): expected {\"from\": ..., \"value\": ...}, found "
          + quoted(item.serialized(indent: 0), limit: 60))
    }
    guard let role = roles[from] else {
      throw row.failure(
        "\(place): 'from' is \(quoted(from, limit: 30)); expected one of "
          + roles.keys.sorted().joined(separator: ", "))
    }
    guard from == "function_call" else { return TranscriptSplit.message(role, value) }
    guard let call = try? JSONValue(parsing: value, path: row.place.path),
      call.object?["name"]?.string != nil
    else {
      throw row.failure("\(place): expected a function_call as JSON with 'name' and 'arguments'")
    }
    let entry = JSONObject([
      .init(name: "type", value: .string("function")), .init(name: "function", value: call),
    ])
    return .object(
      JSONObject([
        .init(name: "role", value: .string(role)), .init(name: "content", value: .string("")),
        .init(name: "tool_calls", value: .array([.object(entry)])),
      ]))
  }
}
