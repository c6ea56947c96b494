import MPOModel

/// Tokens of one training row, and which of them the loss is on.
public struct SFTRow: Sendable, Equatable {
  public var tokens: [Int32]
  /// One for each token; the first of a row is never predicted.
  public var isTarget: [Bool]

  /// The loss is on every token where no mask is given.
  public init(_ tokens: [Int32], isTarget: [Bool]? = nil) {
    self.tokens = tokens
    self.isTarget = isTarget ?? Array(repeating: true, count: tokens.count)
  }

  /// Tokens that are predicted.
  public var targets: Int { isTarget.dropFirst().count { $0 } }

  static func + (a: SFTRow, b: SFTRow) -> SFTRow {
    SFTRow(a.tokens + b.tokens, isTarget: a.isTarget + b.isTarget)
  }

  func part(_ range: Range<Int>) -> SFTRow {
    SFTRow(Array(tokens[range]), isTarget: Array(isTarget[range]))
  }
}

/// Makes examples into rows.
struct SFTRowMaker {
  let model: LanguageModel
  let configuration: SFTConfiguration
  private let encoder: PromptEncoder

  init(_ model: LanguageModel, _ configuration: SFTConfiguration) {
    self.model = model
    self.configuration = configuration
    encoder = PromptEncoder(model, chatTemplate: configuration.chatTemplate)
  }

  /// Examples as ids, texts with an end of sequence each: joined and cut into rows of `max_length`,
  /// or each in rows of its own. Rows without a token to learn are left out.
  func rows(_ path: String) throws -> (rows: [SFTRow], warning: String?) {
    let examples = try TextDataset.numbered(path).map { line, text in
      do {
        return try row(text)
      } catch let error as any CustomStringConvertible & Error where !(error is DataError) {
        throw DataError.line(path: path, line: line, error.description)
      }
    }
    let length = configuration.maxLength
    let long = configuration.packing ? 0 : examples.count { $0.tokens.count > length }
    let streams =
      configuration.packing
      ? [
        SFTRow(
          examples.flatMap(\.tokens), isTarget: examples.flatMap(\.isTarget))
      ] : examples
    let rows = streams.flatMap { stream in
      stride(from: 0, to: stream.tokens.count, by: length).map {
        stream.part($0..<min($0 + length, stream.tokens.count))
      }
    }.filter { $0.targets > 0 }
    let warning =
      "warning: \(path): \(long) of \(examples.count) examples have more than \(length) tokens "
      + "(max_length); each is cut into rows, and later rows do not see what came before"
    return (rows, long == 0 ? nil : warning)
  }

  private func row(_ text: TrainingText) throws -> SFTRow {
    let end = model.generation.stopIDs.first.map { [$0] } ?? []
    switch text {
    case .text(let text): return SFTRow(model.tokenizer.encode(text) + end)
    case .conversation(let input):
      return try conversation(input)
    case .completion(let prompt, let completion):
      return completed(
        model.tokenizer.encode(prompt), model.tokenizer.encode(prompt + completion) + end)
    case .reply(var input, let completion):
      let template = try encoder.template()
      let prompt = try template.ids(input, addGenerationPrompt: true, tokenizer: model.tokenizer)
      input.messages += completion
      return completed(prompt, try template.ids(input, tokenizer: model.tokenizer))
    }
  }

  private func conversation(_ input: ChatTemplate.Input) throws -> SFTRow {
    let template = try encoder.template()
    guard configuration.assistantOnlyLoss else {
      return SFTRow(try template.ids(input, tokenizer: model.tokenizer))
    }
    let tokens = try template.tokenize(input, tokenizer: model.tokenizer)
    guard tokens.isAssistant.contains(true) else {
      throw ChatError.mask(
        "no token is the assistant's; expected an assistant message, or --no-assistant-only-loss")
    }
    return SFTRow(tokens.ids, isTarget: tokens.isAssistant)
  }

  /// The loss is on what follows the ids that both share: a token that lies across the edge is the
  /// completion's.
  private func completed(_ prompt: [Int32], _ whole: [Int32]) -> SFTRow {
    guard configuration.completionOnlyLoss else { return SFTRow(whole) }
    let shared = zip(prompt, whole).prefix { $0 == $1 }.count
    return SFTRow(whole, isTarget: whole.indices.map { $0 >= shared })
  }
}
