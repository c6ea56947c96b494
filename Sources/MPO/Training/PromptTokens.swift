import MPOModel

/// A prompt and its ids.
public struct TokenizedPrompt: Sendable, Equatable {
  /// As judges and logs get it.
  public var text: String
  public var tokens: [Int32]
}

/// All prompts of a run as ids.
struct PromptTokens {
  var prompts: [TokenizedPrompt] = []
  /// Lines of the prompts that were cut.
  var cut: [Int] = []
  private let longest: Int

  /// - Throws: `DataError` naming the line whose prompt is too long for the model, has no chat
  ///   template or is refused by it.
  init(
    _ records: [(line: Int, prompt: Prompt)], model: LanguageModel, _ c: AlignmentConfiguration
  ) throws {
    longest = c.maxPromptLength
    let limit = model.decoder.shape.maxPositions
    let maxNewTokens = c.sampling.maxNewTokens
    let encoder = PromptEncoder(model, chatTemplate: c.chatTemplate)
    for (line, prompt) in records {
      func failure(_ text: String) -> DataError { .line(path: c.dataset, line: line, text) }
      var tokens: [Int32]
      do {
        tokens = try encoder.ids(prompt)
      } catch let error as any CustomStringConvertible & Error {
        throw failure(error.description)
      }
      if longest > 0, tokens.count > longest {
        tokens = Array(tokens.suffix(longest))
        cut.append(line)
      }
      guard !tokens.isEmpty else { throw failure("the chat template made no token of the prompt") }
      guard tokens.count + maxNewTokens <= limit else {
        throw failure(
          "the prompt has \(tokens.count) tokens and max_new_tokens is \(maxNewTokens), but the "
            + "model's positions end at \(limit); shorten one of the two, or keep the prompts' ends "
            + "with max_prompt_length")
      }
      prompts.append(TokenizedPrompt(text: prompt.text, tokens: tokens))
    }
  }

  /// One line where prompts were cut.
  var warning: String? {
    guard let first = cut.first else { return nil }
    return "warning: \(cut.count) of \(prompts.count) prompts have more than \(longest) tokens "
      + "(max_prompt_length); only their ends are kept, the first on line \(first)"
  }
}
