import ArgumentParser
import MPO
import MPOBackend
import MPOModel

struct ScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "Log-probabilities of given texts under a model, or a reward model's scores.",
    discussion: """
      Reads lines with "text" (tokenized as the model's tokenizer does, with its BOS) or \
      "input_ids"; writes a line each: {"logprobs": one for every token after the first, in nats, \
      "nll": their negated sum}. A model that scores texts (a reward or preference model) writes \
      {"scores": [...]}: what its head makes of each text, one number for a reward model.
      """)

  @Option(help: "Model folder, or a hub name in the local cache.") var model: String
  @Option(help: "JSON lines with 'text' or 'input_ids'.") var input: String
  @OptionGroup var deviceOptions: DeviceOptions
  @OptionGroup var precisionOptions: PrecisionOptions

  /// Tokens scored in one forward pass.
  private static let batchTokens = 4096

  func run() throws {
    let inputs = try ScoreInput.read(input)
    let precision = precisionOptions.precision()
    if try LanguageModel.scoresTexts(model) {
      let preferences = try PreferenceModel.load(
        model, precision: precision, on: deviceOptions.open())
      let sequences = try inputs.enumerated().map {
        try tokens($1, line: $0 + 1, preferences.model)
      }
      for scores in try preferences.outputs(sequences) {
        var line = JSONLine()
        line.add("scores", scores)
        try output(line.text)
      }
      return
    }
    let model = try readModel(model, precision, on: deviceOptions.open())
    let sequences = try inputs.enumerated().map { i, value in try tokens(value, line: i + 1, model)
    }
    let scorer = Scorer(model.decoder, model.parameters)
    var batch: [[Int32]] = []
    var size = 0
    for (i, sequence) in sequences.enumerated() {
      batch.append(sequence)
      size += sequence.count
      if size >= Self.batchTokens || i + 1 == sequences.count {
        for logProbs in try scorer.logProbs(batch) {
          var line = JSONLine()
          line.add("logprobs", logProbs)
          line.add("nll", -logProbs.reduce(0.0) { $0 + Double($1) })
          try output(line.text)
        }
        (batch, size) = ([], 0)
      }
    }
  }

  private func tokens(_ value: ScoreInput, line: Int, _ model: LanguageModel) throws -> [Int32] {
    let tokens: [Int32]
    switch value {
    case .text(let text): tokens = model.tokenizer.encode(text)
    case .tokens(let ids):
      tokens = try ids.map { id in
        guard let small = Int32(exactly: id), id < model.decoder.shape.vocabulary else {
          throw ValidationError(
            "\(input): text \(line): token id \(id) is outside the vocabulary of "
              + "\(model.decoder.shape.vocabulary)")
        }
        return small
      }
    }
    // The last token is predicted, not read.
    guard tokens.count <= model.decoder.shape.maxPositions + 1 else {
      throw ValidationError(
        "\(input): text \(line): \(tokens.count) tokens, but the model's positions end at "
          + "\(model.decoder.shape.maxPositions); split the text")
    }
    return tokens
  }
}
