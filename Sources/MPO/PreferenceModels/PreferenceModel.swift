import MPOBackend
import MPOModel

/// A prompt and K responses to it, as ids.
public struct PreferenceQuestion: Sendable, Equatable {
  public var prompt: [Int32]
  public var responses: [[Int32]]
  public init(prompt: [Int32], responses: [[Int32]]) {
    self.prompt = prompt
    self.responses = responses
  }
}

/// A decoder with a scoring head, read as preferences between responses.
public final class PreferenceModel {
  public let model: LanguageModel
  public let file: PreferenceFile
  let texts: PairText
  /// Tokens of one forward pass.
  private static let batchTokens = 8192

  public var head: PreferenceHead { file.head }

  /// - Throws: `PreferenceModelError.file` where the head does not fit the model's.
  public init(_ model: LanguageModel, _ file: PreferenceFile) throws {
    let shape = model.decoder.shape
    func wrong(_ text: String) -> PreferenceModelError { .file(path: model.folder, text) }
    guard shape.scoreOutputs == file.head.outputs else {
      throw wrong(
        "its scoring head has \(shape.scoreOutputs) outputs, but a \(file.kind.rawValue) model has "
          + "\(file.head.outputs)")
    }
    guard file.maxLength <= shape.maxPositions else {
      throw wrong(
        "max_length is \(file.maxLength), but the model's positions end at \(shape.maxPositions)")
    }
    self.model = model
    self.file = file
    let separators =
      file.head.readsPairs
      ? file.separators.map { model.tokenizer.encode($0, addSpecialTokens: false) } : []
    texts = PairText(maxLength: file.maxLength, separators: separators)
    let around = separators.reduce(0) { $0 + $1.count }
    guard file.maxLength >= around + 2 else {
      throw wrong(
        "max_length is \(file.maxLength), but the separators alone take \(around) tokens")
    }
    if file.head.readsPairs, separators[2].isEmpty {
      throw wrong("the last separator is empty; the text's last token is what is scored")
    }
  }

  /// Reads a folder: one that `magnetic preference` wrote, or a reward model of transformers or TRL.
  /// - Throws: `ModelError`, `PreferenceModelError`.
  public static func load(
    _ name: String, precision: ProductPrecision = .f32, use: LanguageModel.Use = .reading,
    on backend: any ComputeBackend
  ) throws -> PreferenceModel {
    let folder = try ModelFolder.resolve(name)
    let file = PreferenceFile.isThere(folder) ? try PreferenceFile(folder: folder) : nil
    let model = try LanguageModel.load(
      name, precision: precision, use: use,
      head: .scores(outputs: file?.head.outputs, seed: 0), on: backend)
    let outputs = model.decoder.shape.scoreOutputs
    guard let file = file ?? (outputs == 1 ? Self.rewardModel(model) : nil) else {
      throw PreferenceModelError.file(
        path: folder,
        "a scoring head of \(outputs) outputs and no \(PreferenceFile.name) that says what they mean; "
          + "a reward model has one (num_labels 1)")
    }
    return try PreferenceModel(model, file)
  }

  private static func rewardModel(_ model: LanguageModel) -> PreferenceFile {
    PreferenceFile(head: .bradleyTerry, maxLength: model.decoder.shape.maxPositions)
  }

  /// What the model makes of texts, (n) each, in batches of similar length.
  /// - Throws: `PreferenceModelError.nonFinite`; what the backend throws.
  public func outputs(_ sequences: [[Int32]]) throws -> [[Double]] {
    try rows(sequences, width: head.outputs) { batch, parameters, tape in
      try model.decoder.scores(batch, pad: model.configuration.padID, parameters, tape: tape)
    }
  }

  /// The hidden states that the scoring head reads, (C) each; throws as `outputs` does.
  func states(_ sequences: [[Int32]]) throws -> [[Double]] {
    try rows(sequences, width: model.decoder.shape.width) { batch, parameters, tape in
      try model.decoder.scoredStates(batch, pad: model.configuration.padID, parameters, tape: tape)
    }
  }

  private func rows(
    _ sequences: [[Int32]], width n: Int,
    _ forward: ([[Int32]], TrainableParameters, Tape) throws -> Variable
  ) throws -> [[Double]] {
    let backend = model.decoder.backend
    var results = [[Double]](repeating: [], count: sequences.count)
    // Attention costs by the longest, and batches of one length have no short rows that wait.
    let order = sequences.indices.sorted {
      (sequences[$0].count, $0) < (sequences[$1].count, $1)
    }
    var batch: [Int] = []
    var tokens = 0
    func flush() throws {
      guard !batch.isEmpty else { return }
      let result = try forward(
        batch.map { sequences[$0] }, TrainableParameters(values: model.parameters),
        Tape(backend, recording: false))
      let values = try backend.floats(result.value)
      for (row, index) in batch.enumerated() {
        let part = values[(row * n)..<((row + 1) * n)].map(Double.init)
        guard part.allSatisfy(\.isFinite) else {
          throw PreferenceModelError.nonFinite(model: model.folder, text: index)
        }
        results[index] = part
      }
      (batch, tokens) = ([], 0)
    }
    for index in order {
      if tokens + sequences[index].count > Self.batchTokens { try flush() }
      batch.append(index)
      tokens += sequences[index].count
    }
    try flush()
    return results
  }

  /// The texts of a pair, in the order that the head's `logit` takes them.
  func sequences(_ pair: TokenizedPair) -> [[Int32]] {
    let (x, a, b) = (pair.prompt, pair.chosen, pair.rejected)
    return head.readsPairs
      ? [texts.pair(x, a, b), texts.pair(x, b, a)] : [texts.single(x, a), texts.single(x, b)]
  }

  /// Logits between the responses to each question.
  public func logits(_ questions: [PreferenceQuestion]) throws -> [PreferenceLogits] {
    let sequences = questions.flatMap { question in
      let (x, list) = (question.prompt, question.responses)
      guard head.readsPairs else { return list.map { texts.single(x, $0) } }
      return list.indices.flatMap { i in
        list.indices.dropFirst(i + 1).flatMap { j in
          [texts.pair(x, list[i], list[j]), texts.pair(x, list[j], list[i])]
        }
      }
    }
    let values = try outputs(sequences)
    var next = 0
    return questions.map { question in
      let k = question.responses.count
      defer { if !head.readsPairs { next += k } }
      return PreferenceLogits(responses: k) { i, j in
        guard head.readsPairs else { return head.logit(values[next + i], values[next + j]) }
        defer { next += 2 }
        return head.logit(values[next], values[next + 1])
      }
    }
  }

  /// Logits of chosen over rejected.
  public func logits(_ pairs: [TokenizedPair]) throws -> [Double] {
    let values = try outputs(pairs.flatMap(sequences))
    return pairs.indices.map { head.logit(values[2 * $0], values[2 * $0 + 1]) }
  }
}
