import MPOModel

/// A prompt and its ids.
public struct TokenizedPrompt: Sendable, Equatable {
  /// As judges and logs get it.
  public var text: String
  public var tokens: [Int32]
}

/// All prompts of a run. Every one is checked and made into ids once, at the start; ids beyond 64 MiB
/// lie in a temporary file, and texts are read from their file again when they are asked for.
package struct PromptTokens {
  /// How an epoch draws from them.
  let mixture: [SamplerPart]
  private let texts: Examples<Prompt>?
  private var ids: TokenLists
  /// Prompts that were cut, and the first of them.
  private var cut = 0
  private var firstCut: DataPlace?
  private let maxPromptLength: Int

  /// None: an offline algorithm's.
  static var none: PromptTokens { PromptTokens() }

  private init() {
    (texts, mixture, maxPromptLength) = (nil, [], 0)
    ids = TokenLists(for: "")
  }

  /// - Parameter first: takes only so many.
  /// - Throws: `DataError` naming the line whose prompt is too long for the model, has no chat
  ///   template or is refused by it.
  init(
    _ examples: Examples<Prompt>, first: Int = .max, model: LanguageModel,
    _ c: AlignmentConfiguration
  ) throws {
    texts = examples
    mixture = examples.mixture
    maxPromptLength = c.maxPromptLength
    ids = TokenLists(for: c.data.summary)
    let limit = model.decoder.shape.maxPositions
    let maxNewTokens = c.sampling.maxNewTokens
    let encoder = PromptEncoder(model, chatTemplate: c.chatTemplate)
    for index in 0..<min(first, examples.count) {
      let place = examples.place(index)
      let prompt = try examples.example(index)
      var tokens: [Int32]
      do {
        tokens = try encoder.ids(prompt)
      } catch let error as any CustomStringConvertible & Error {
        throw place.failure(error.description)
      }
      if maxPromptLength > 0, tokens.count > maxPromptLength {
        tokens = Array(tokens.suffix(maxPromptLength))
        cut += 1
        firstCut = firstCut ?? place
      }
      guard !tokens.isEmpty else {
        throw place.failure("the chat template made no token of the prompt")
      }
      guard tokens.count + maxNewTokens <= limit else {
        throw place.failure(
          "the prompt has \(tokens.count) tokens and max_new_tokens is \(maxNewTokens), but the "
            + "model's positions end at \(limit); shorten one of the two, or keep the prompts' ends "
            + "with max_prompt_length")
      }
      try ids.append(tokens)
    }
  }

  package var count: Int { ids.count }
  /// Tokens of the longest.
  var longest: Int { ids.longest }

  package subscript(index: Int) -> TokenizedPrompt {
    get throws {
      TokenizedPrompt(text: try texts?.example(index).text ?? "", tokens: try ids.list(index))
    }
  }

  /// The first ones.
  package func prefix(_ count: Int) throws -> [TokenizedPrompt] {
    try (0..<min(count, self.count)).map { try self[$0] }
  }

  /// One line where prompts were cut.
  var warning: String? {
    guard let firstCut else { return nil }
    return "warning: \(cut) of \(count) prompts have more than \(maxPromptLength) tokens "
      + "(max_prompt_length); only their ends are kept, the first is \(firstCut)"
  }
}
