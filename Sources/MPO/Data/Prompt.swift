import MPOModel

/// What a model is asked: a text, or a conversation that its chat template makes into one.
public enum Prompt: Sendable, Equatable, ExpressibleByStringLiteral {
  case text(String)
  case conversation(ChatTemplate.Input)

  public init(stringLiteral value: String) { self = .text(value) }

  /// The prompt as a judge and a log get it: without the model's markers, `User: ...` by message, as
  /// TRL gives conversations to a judge.
  public var text: String {
    switch self {
    case .text(let text): return text
    case .conversation(let input):
      let turns = input.messages.map { message in
        let role = message.object?["role"]?.string ?? ""
        return MessageText.capitalized(role) + ": " + MessageText.content(message)
      }
      return (turns + (input.continuesAssistant ? [] : ["Assistant:"])).joined(separator: "\n\n")
    }
  }
}

extension ChatTemplate.Input {
  /// The last message is the assistant's: a beginning that the model continues.
  fileprivate var continuesAssistant: Bool {
    messages.last?.object?["role"]?.string == "assistant"
  }
}

/// The parts of a message as plain text.
enum MessageText {
  static func capitalized(_ role: String) -> String {
    role.prefix(1).uppercased() + role.dropFirst().lowercased()
  }

  /// The text, the texts of a list of parts, or the JSON of what is neither.
  static func content(_ message: JSONValue) -> String {
    switch message.object?["content"] {
    case .string(let text)?: return text
    case .array(let parts)?:
      return parts.compactMap { $0.string ?? $0.object?["text"]?.string }.joined()
    case nil, .null?: return ""
    case let other?: return other.serialized(indent: 0)
    }
  }
}

/// Makes prompts and training texts into ids. A chat template is read when the first conversation
/// needs it.
package final class PromptEncoder {
  private let model: LanguageModel
  private let file: String
  private var loaded: ChatTemplate?

  /// `file` is a template to use in place of the model's own; empty for none.
  package init(_ model: LanguageModel, chatTemplate file: String = "") {
    self.model = model
    self.file = file
  }

  package func template() throws -> ChatTemplate {
    if let loaded { return loaded }
    let template = try ChatTemplate.load(folder: model.tokenizerFolder, file: file)
    loaded = template
    return template
  }

  /// Those of many; an error names the prompt by its number from 1.
  package func ids(_ prompts: [Prompt]) throws -> [[Int32]] {
    try prompts.enumerated().map { i, prompt in
      do {
        return try ids(prompt)
      } catch let error as any CustomStringConvertible & Error {
        throw ModelError.argument("prompt \(i + 1): \(error.description)")
      }
    }
  }

  /// A conversation ends with the generation prompt, or where its last message is the assistant's,
  /// inside that message, which the model continues (as TRL has it).
  package func ids(_ prompt: Prompt) throws -> [Int32] {
    switch prompt {
    case .text(let text): return try model.promptTokens(text)
    case .conversation(let input):
      guard input.continuesAssistant else {
        return try template().ids(input, addGenerationPrompt: true, tokenizer: model.tokenizer)
      }
      return model.tokenizer.encode(
        try template().render(input, continueFinalMessage: true), addSpecialTokens: false)
    }
  }
}
