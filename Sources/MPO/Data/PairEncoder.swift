import MPOModel

/// Makes comparisons into ids.
///
/// Of texts, prompt and response are what the tokenizer makes of both together, cut behind the ids
/// that the prompt alone, the prompt with the one response and the prompt with the other have in
/// common: a token that lies across the edge is the responses'. A response ends with the model's end
/// token. Of conversations, the prompt ends with the generation prompt, and a response is what its
/// messages add, up to the last token on which generation stops.
package final class PairEncoder {
  /// Longest prompt in tokens, of a longer one the end is kept; 0 = no limit.
  package let maxPromptLength: Int
  /// Most tokens of prompt and response, a longer response loses its end; 0 = no limit.
  package let maxLength: Int
  /// Pairs encoded so far, and of them those that lost a part.
  package private(set) var count = 0
  package private(set) var cutPrompts = 0
  package private(set) var cutResponses = 0
  private var firstCut: DataPlace?
  private let model: LanguageModel
  private let encoder: PromptEncoder
  private let stops: Set<Int32>

  /// `chatTemplate` is a template's file to use in place of the model's own; empty for none.
  package init(
    model: LanguageModel, chatTemplate: String = "", maxPromptLength: Int = 0, maxLength: Int = 0
  ) {
    self.model = model
    self.maxPromptLength = maxPromptLength
    self.maxLength = maxLength
    encoder = PromptEncoder(model, chatTemplate: chatTemplate)
    stops = Set(model.generation.stopIDs)
  }

  /// One pair.
  /// - Throws: `DataError` naming the place where the pair does not fit the model's positions, its
  ///   prompt leaves no room in `maxLength`, or the chat template refuses it.
  package func pair(_ example: PreferenceExample, at place: DataPlace) throws -> TokenizedPair {
    let pair = try fitted(uncut(example, at: place), place)
    count += 1
    return pair
  }

  /// One pair at its whole length, whatever the limits.
  /// - Throws: `DataError` naming the place where the chat template refuses it.
  func uncut(_ example: PreferenceExample, at place: DataPlace) throws -> TokenizedPair {
    do {
      let (prompt, responses) = try ids(example.prompt, [example.chosen, example.rejected])
      return TokenizedPair(
        prompt: prompt, chosen: responses[0], rejected: responses[1],
        preference: example.preference)
    } catch let error as any CustomStringConvertible & Error where !(error is DataError) {
      throw place.failure(error.description)
    }
  }

  /// One line where something was cut; nil where nothing was.
  package var warning: String? {
    guard let firstCut else { return nil }
    var parts: [String] = []
    if cutPrompts > 0 {
      parts.append(
        "the prompts of \(cutPrompts) have more than \(maxPromptLength) tokens "
          + "(max_prompt_length) and keep their ends")
    }
    if cutResponses > 0 {
      parts.append(
        "\(cutResponses) have more than \(maxLength) tokens (max_length) and lose the ends of their "
          + "responses")
    }
    return "warning: of \(count) examples " + parts.joined(separator: "; ") + "; the first is "
      + firstCut.description
  }

  /// A prompt and responses to it as ids.
  package func ids(
    _ prompt: Prompt, _ responses: [Prompt]
  ) throws -> (prompt: [Int32], responses: [[Int32]]) {
    let alone = try encoder.ids(prompt)
    let whole = try responses.map { try joined(prompt, $0) }
    let shared = whole.reduce(alone.count) { shared, ids in
      min(shared, zip(alone, ids).prefix { $0 == $1 }.count)
    }
    // The first token of a response is predicted from a token before it.
    guard shared > 0 else { return (try model.promptTokens(""), whole) }
    return (Array(alone[..<shared]), whole.map { Array($0[shared...]) })
  }

  private func joined(_ prompt: Prompt, _ response: Prompt) throws -> [Int32] {
    switch (prompt, response) {
    case (.text(let prompt), .text(let response)):
      return model.tokenizer.encode(prompt + response) + (model.generation.stopIDs.prefix(1))
    case (.conversation(var input), .conversation(let reply)):
      input.messages += reply.messages
      let ids = try encoder.template().ids(input, tokenizer: model.tokenizer)
      return try ended(ids, input)
    default:
      throw ModelError.argument(
        "a prompt that is a text needs responses that are texts, a conversation messages")
    }
  }

  /// What follows the last end token (templates write a line end there) is never generated.
  private func ended(_ ids: [Int32], _ input: ChatTemplate.Input) throws -> [Int32] {
    let end = model.generation.stopIDs.prefix(1)
    guard let last = ids.lastIndex(where: stops.contains) else { return ids + end }
    let rest = model.tokenizer.decode(Array(ids[(last + 1)...]), skipSpecialTokens: false)
    return rest.allSatisfy(\.isWhitespace) ? Array(ids[...last]) : ids + end
  }

  private func fitted(_ pair: TokenizedPair, _ place: DataPlace) throws -> TokenizedPair {
    var pair = pair
    if maxPromptLength > 0, pair.prompt.count > maxPromptLength {
      pair.prompt = Array(pair.prompt.suffix(maxPromptLength))
      cutPrompts += 1
      firstCut = firstCut ?? place
    }
    let positions = model.decoder.shape.maxPositions
    if maxLength > 0 {
      let room = maxLength - pair.prompt.count
      guard room > 0 else {
        throw place.failure(
          "the prompt has \(pair.prompt.count) tokens and leaves no room for a response in "
            + "max_length, \(maxLength); raise it, or keep the prompts' ends with max_prompt_length"
        )
      }
      if max(pair.chosen.count, pair.rejected.count) > room {
        pair.chosen = Array(pair.chosen.prefix(room))
        pair.rejected = Array(pair.rejected.prefix(room))
        cutResponses += 1
        firstCut = firstCut ?? place
      }
    }
    let longest = pair.prompt.count + max(pair.chosen.count, pair.rejected.count)
    guard longest <= positions else {
      throw place.failure(
        "prompt and response have \(longest) tokens, but the model's positions end at \(positions); "
          + "cut responses with max_length, prompts with max_prompt_length")
    }
    return pair
  }
}
