import MPOModel

/// Self-play's input: JSON lines `{"prompt": "The sky is"}`, or `{"prompt": [{"role", "content"}]}`
/// for the model's chat template, with `tools` where there are some. Preference data serve too: of
/// `chosen` and `rejected` without a `prompt` the prompt is what both begin with. Other keys are
/// ignored.
public enum PromptDataset {
  /// All prompts in the file's order. An empty prompt is allowed (it starts from BOS).
  /// - Throws: `DataError`.
  public static func read(_ path: String) throws -> [Prompt] {
    try numbered(path).map(\.prompt)
  }

  /// With the line of each.
  package static func numbered(_ path: String) throws -> [(line: Int, prompt: Prompt)] {
    let file = try DataFile(path, what: "prompts")
    return try file.rows(expected: #"{"prompt": "..."}"#).map { row in
      (row.line, try prompt(row))
    }
  }

  private static func prompt(_ row: DataRow) throws -> Prompt {
    if row.object["prompt"] != nil { return try row.prompt("prompt") }
    guard row.has("chosen"), row.has("rejected") else {
      let hint = row.has("messages") ? " ('messages' is data of 'magnetic sft')" : ""
      throw row.failure("no key 'prompt'; expected \(row.expected)\(hint), found \(row.found)")
    }
    switch (try row.prompt("chosen"), try row.prompt("rejected")) {
    case (.text(let chosen), .text(let rejected)):
      return .text(sharedStart(chosen, rejected))
    case (.conversation(var chosen), .conversation(let rejected)):
      let shared = zip(chosen.messages, rejected.messages).prefix { $0 == $1 }.count
      guard shared > 0, shared < chosen.messages.count else {
        throw row.failure("'chosen' and 'rejected' have no messages in common that make a prompt")
      }
      chosen.messages = Array(chosen.messages[..<shared])
      return .conversation(chosen)
    default: throw row.failure("'chosen' and 'rejected': expected two texts or two lists")
    }
  }

  /// What both texts begin with, without a space at its end, as TRL cuts it.
  private static func sharedStart(_ a: String, _ b: String) -> String {
    let shared = zip(a.unicodeScalars, b.unicodeScalars).prefix { $0 == $1 }.count
    var start = a.unicodeScalars.prefix(shared)
    if start.last == " ", shared < a.unicodeScalars.count { start.removeLast() }
    return String(start)
  }
}
