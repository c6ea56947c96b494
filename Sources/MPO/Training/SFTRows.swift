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

}

/// The rows of a data set. Every example is made into ids once, at the start; ids beyond 64 MiB lie in
/// a temporary file, and in memory is where each row begins, 12 bytes a row.
package struct SFTRows {
  private let spool: TokenSpool
  private var starts: [Int] = []
  private var lengths: [Int32] = []
  /// How an epoch draws from them.
  package private(set) var mixture: [SamplerPart] = []

  init(for path: String, limit: Int = 1 << 24) { spool = TokenSpool(for: path, limit: limit) }

  package var count: Int { starts.count }

  package subscript(index: Int) -> SFTRow {
    get throws {
      let start = starts[index]
      let entries = try spool.entries(start..<(start + Int(lengths[index])))
      return SFTRow(
        entries.map { Int32(bitPattern: $0 & ~TokenSpool.targetBit) },
        isTarget: entries.map { $0 & TokenSpool.targetBit != 0 })
    }
  }

  /// Cuts what is added into rows of `length`; those without a token to learn are left out.
  struct Cutter {
    var rows: SFTRows
    let length: Int
    private var start = 0
    private var size = 0
    private var hasTarget = false
    private var part = 0

    init(_ rows: SFTRows, length: Int) {
      self.rows = rows
      self.length = length
    }

    mutating func add(_ row: SFTRow) throws {
      try rows.spool.append(row.tokens, isTarget: row.isTarget)
      for isTarget in row.isTarget {
        // The first token of a row is never predicted.
        hasTarget = hasTarget || (isTarget && size > 0)
        size += 1
        if size == length { endRow() }
      }
    }

    /// What comes next begins a row.
    mutating func endRow() {
      if hasTarget {
        rows.starts.append(start)
        rows.lengths.append(Int32(size))
      }
      start += size
      size = 0
      hasTarget = false
    }

    /// Ends a part of the mixture.
    /// - Returns: its rows.
    mutating func endPart(weight: Double?) -> Int {
      endRow()
      let count = rows.count - part
      part = rows.count
      if count > 0 { rows.mixture.append(SamplerPart(count: count, weight: weight)) }
      return count
    }
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
  /// those of every part of a mixture apart, or each in rows of its own.
  func rows(
    _ examples: Examples<TrainingText>
  ) throws -> (rows: SFTRows, warning: String?) {
    let length = configuration.maxLength
    var cutter = SFTRows.Cutter(SFTRows(for: examples.summary), length: length)
    var long = 0
    var index = 0
    for part in examples.mixture {
      for _ in 0..<part.count {
        let row = try row(examples.example(index), at: examples.place(index))
        if !configuration.packing, row.tokens.count > length { long += 1 }
        try cutter.add(row)
        if !configuration.packing { cutter.endRow() }
        index += 1
      }
      let first = index - part.count
      guard cutter.endPart(weight: part.weight) > 0 || part.weight == nil else {
        throw DataError.empty(
          path: examples.place(first).path,
          "holds no row with a token to learn after its first, but has a weight in the mixture")
      }
    }
    let warning =
      "warning: \(examples.summary): \(long) of \(examples.count) examples have more than \(length) "
      + "tokens (max_length); each is cut into rows, and later rows do not see what came before"
    return (cutter.rows, long == 0 ? nil : warning)
  }

  private func row(_ text: TrainingText, at place: DataPlace) throws -> SFTRow {
    do {
      return try row(text)
    } catch let error as any CustomStringConvertible & Error where !(error is DataError) {
      throw place.failure(error.description)
    }
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
