import MPOModel

/// A response that was judged alone.
public struct UnpairedExample: Sendable, Equatable {
  public var prompt: Prompt
  public var completion: Prompt
  /// Good, or bad.
  public var label: Bool
  public init(prompt: Prompt, completion: Prompt, label: Bool) {
    self.prompt = prompt
    self.completion = completion
    self.label = label
  }
}

/// Makes rows of any format into examples of one kind.
struct RowDecoder: Sendable {
  let columns: DatasetColumns
  let settings: DatasetSettings

  /// The row with the names that are used here: a renamed column is moved, and what has its name is
  /// not read.
  func named(_ row: DataRow) throws -> DataRow {
    var row = row
    let given = row.object
    if !columns.kept.isEmpty {
      row.object.members.removeAll { !columns.kept.contains($0.name) }
    }
    let renamed = columns.renamed
    for (_, column) in renamed { row.object[column] = nil }
    for (name, column) in renamed {
      guard let value = given[column] else {
        if name == "system" || name == "preference" { continue }
        let keys = given.members.prefix(12).map { quoted($0.name, limit: 30) }
        throw row.failure(
          "no key '\(column)' (\(name)_feature); found the keys \(keys.joined(separator: ", "))")
      }
      row.object[name] = value
    }
    return row
  }

  func prompt(_ row: DataRow) throws -> Prompt {
    switch try DataFormat.detect(row, for: .prompts) {
    case .prompt:
      if isImplicit(row) { return try implicitPair(row).prompt }
      return try asked(row, row.prompt("prompt"))
    case .sharegpt: return .conversation(try ShareGPT.prompt(row))
    case .alpaca: return try Alpaca(row).prompt(settings)
    case .judgedPair: return try judgedPrompt(row)
    default: return try implicitPair(row).prompt
    }
  }

  func pair(_ row: DataRow) throws -> PreferenceExample {
    var example: PreferenceExample
    switch try DataFormat.detect(row, for: .pairs) {
    case .pair where !isImplicit(row):
      example = try explicitPair(row)
    case .sharegptPair:
      example = PreferenceExample(
        prompt: .conversation(try ShareGPT.prompt(row, isPair: true)),
        chosen: try ShareGPT.response(row, "chosen"),
        rejected: try ShareGPT.response(row, "rejected"))
    case .alpacaPair:
      example = PreferenceExample(
        prompt: try Alpaca(row).prompt(settings),
        chosen: answer(try row.text("chosen")), rejected: answer(try row.text("rejected")))
    case .judgedPair:
      let pair = try JudgedPair.read(row)
      return PreferenceExample(
        prompt: try judgedPrompt(row), chosen: answer(try row.text(pair.chosen)),
        rejected: answer(try row.text(pair.rejected)), preference: pair.preference)
    default: example = try implicitPair(row)
    }
    example.preference = try row.preference()
    return example
  }

  func unpaired(_ row: DataRow) throws -> UnpairedExample {
    let format = try DataFormat.detect(row, for: .labels)
    let label = try row.label(row.has("label") ? "label" : "kto_tag")
    switch format {
    case .sharegptLabelled:
      let (prompt, reply) = try ShareGPT.parted(row)
      return UnpairedExample(
        prompt: .conversation(prompt), completion: .conversation(.init([reply])), label: label)
    case .alpacaLabelled:
      return UnpairedExample(
        prompt: try Alpaca(row).prompt(settings), completion: answer(try row.text("output")),
        label: label)
    default:
      let prompt = try asked(row, row.prompt("prompt"))
      return UnpairedExample(
        prompt: prompt, completion: try reply(row, "completion", to: prompt), label: label)
    }
  }

  func text(_ row: DataRow) throws -> TrainingText {
    switch try DataFormat.detect(row, for: .texts) {
    case .text:
      let text = try row.text("text")
      guard !text.isEmpty else { throw row.failure("'text' is empty") }
      return .text(text)
    case .messages: return .conversation(try row.conversation(row.messages("messages")))
    case .sharegpt: return .conversation(try ShareGPT.conversation(row))
    case .alpacaOutput:
      return try Self.training(
        row, Alpaca(row).prompt(settings), answer(row.text("output")), "output")
    default:
      let prompt = try asked(row, row.prompt("prompt"))
      return try Self.training(row, prompt, reply(row, "completion", to: prompt), "completion")
    }
  }

  private static func training(
    _ row: DataRow, _ prompt: Prompt, _ reply: Prompt, _ name: String
  ) throws -> TrainingText {
    switch (prompt, reply) {
    case (.text(let prompt), .text(let completion)):
      guard !completion.isEmpty else { throw row.failure("'\(name)' is empty") }
      return .completion(prompt: prompt, completion)
    case (.conversation(let input), .conversation(let reply)):
      return .reply(input, reply.messages)
    default: throw row.wrong(name)
    }
  }

  // MARK: Parts

  /// A prompt as the settings want it: with its system message, in the template, as messages.
  private func asked(_ row: DataRow, _ prompt: Prompt) throws -> Prompt {
    let system = columns.system.isEmpty ? "" : try row.optionalText("system")
    switch prompt {
    case .text(let text):
      if settings.appliesChatTemplate {
        let first = system.isEmpty ? [] : [TranscriptSplit.message("system", system)]
        if TranscriptSplit.isTranscript(Array(text.utf8)) {
          return .conversation(
            try row.conversation(first + Self.promptMessages(text)))
        }
        return .conversation(
          try row.conversation(first + [TranscriptSplit.message("user", text)]))
      }
      let framed =
        settings.inputTemplate.isEmpty ? text : settings.inputTemplate.replacing("{}", with: text)
      return .text(system.isEmpty ? framed : "\(system)\n\n\(framed)")
    case .conversation(var input):
      let hasSystem = input.messages.first?.object?["role"]?.string == "system"
      if !system.isEmpty, !hasSystem {
        input.messages.insert(TranscriptSplit.message("system", system), at: 0)
      }
      return .conversation(input)
    }
  }

  /// A transcript up to the assistant's answer, which is not there yet.
  private static func promptMessages(_ text: String) -> [JSONValue] {
    var messages = TranscriptSplit.messages(text, isAnswer: false)
    if messages.last == TranscriptSplit.message("assistant", "") { messages.removeLast() }
    return messages
  }

  private func answer(_ text: String) -> Prompt {
    guard settings.appliesChatTemplate else { return .text(text) }
    return .conversation(.init([TranscriptSplit.message("assistant", text)]))
  }

  /// A response in the form of its prompt.
  private func reply(_ row: DataRow, _ name: String, to prompt: Prompt) throws -> Prompt {
    switch (prompt, row.object[name]) {
    case (.text, .string(let text)?): return .text(text)
    case (.text, _):
      throw row.failure("'\(name)' has the wrong type; expected a text, as 'prompt' is one")
    case (.conversation, .string(let text)?):
      return .conversation(.init([TranscriptSplit.message("assistant", text)]))
    case (.conversation(let input), _):
      let messages = try row.messages(name)
      // Some files repeat the prompt before the answer.
      let repeats =
        messages.count > input.messages.count && messages.starts(with: input.messages)
      return .conversation(.init(repeats ? Array(messages[input.messages.count...]) : messages))
    }
  }

  private func explicitPair(_ row: DataRow) throws -> PreferenceExample {
    let prompt = try asked(row, row.prompt("prompt"))
    return PreferenceExample(
      prompt: prompt, chosen: try reply(row, "chosen", to: prompt),
      rejected: try reply(row, "rejected", to: prompt))
  }

  /// A prompt that is a text beside answers that are conversations: these hold the prompt (TRL).
  private func isImplicit(_ row: DataRow) -> Bool {
    row.object["prompt"]?.string != nil && row.object["chosen"]?.array != nil
      && row.object["rejected"]?.array != nil
  }

  private func implicitPair(_ row: DataRow) throws -> PreferenceExample {
    switch (row.object["chosen"], row.object["rejected"]) {
    case (.string(let chosen)?, .string(let rejected)?):
      let parts: (prompt: String, chosen: String, rejected: String)
      do {
        parts = try TranscriptSplit.split(chosen, rejected)
      } catch {
        throw row.failure("\(error.text); found \(row.found)")
      }
      let isTranscript = TranscriptSplit.isTranscript(Array(chosen.utf8))
      func answer(_ text: String) -> Prompt {
        isTranscript && settings.appliesChatTemplate
          ? .conversation(.init(TranscriptSplit.messages(text, isAnswer: true)))
          : self.answer(text)
      }
      return PreferenceExample(
        prompt: try asked(row, .text(parts.prompt)), chosen: answer(parts.chosen),
        rejected: answer(parts.rejected))
    case (.array?, .array?):
      let chosen = try row.messages("chosen")
      let rejected = try row.messages("rejected")
      let shared = zip(chosen, rejected).prefix { $0 == $1 }.count
      guard shared > 0, shared < chosen.count, shared < rejected.count else {
        throw row.failure("'chosen' and 'rejected' have no messages in common that make a prompt")
      }
      return PreferenceExample(
        prompt: try asked(row, .conversation(row.conversation(Array(chosen[..<shared])))),
        chosen: .conversation(.init(Array(chosen[shared...]))),
        rejected: .conversation(.init(Array(rejected[shared...]))))
    default: throw row.failure("'chosen' and 'rejected': expected two texts or two lists")
    }
  }

  /// What a judge's benchmark calls `input` is an instruction; `prompt` is a prompt as it is.
  private func judgedPrompt(_ row: DataRow) throws -> Prompt {
    if row.has("prompt") { return try asked(row, row.prompt("prompt")) }
    return try Alpaca(instruction: row.text("input")).prompt(settings)
  }
}
