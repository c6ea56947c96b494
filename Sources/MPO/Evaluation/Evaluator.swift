import MPOBackend
import MPOModel

/// Draws responses of models to the same prompts and compares them.
public struct Evaluator {
  public var judge: any PreferenceSource
  /// As the judge gets them.
  public let prompts: [String]
  /// As the models get them.
  public let questions: [Prompt]
  public let chatTemplate: String
  /// Responses of each model to each prompt.
  public var samples: Int
  public var maxNewTokens: Int
  public var sampling: SamplingSettings
  public var seed: UInt64

  /// Random stream of `label`, past those of any rollout and of `eval_steps`. Policies that are
  /// evaluated have streams of their names (`PolicyReference.streams`).
  public static let labelStream = UInt32.max - 2

  public init(
    judge: any PreferenceSource, prompts: [String], samples: Int, maxNewTokens: Int,
    sampling: SamplingSettings = .init(), seed: UInt64 = 0
  ) {
    self.init(
      judge: judge, questions: prompts.map { .text($0) }, samples: samples,
      maxNewTokens: maxNewTokens, sampling: sampling, seed: seed)
  }

  /// The same for prompts that may be conversations; `chatTemplate` is a file to use in place of
  /// each model's own.
  public init(
    judge: any PreferenceSource, questions: [Prompt], chatTemplate: String = "", samples: Int,
    maxNewTokens: Int, sampling: SamplingSettings = .init(), seed: UInt64 = 0
  ) {
    self.judge = judge
    self.questions = questions
    self.chatTemplate = chatTemplate
    prompts = questions.map(\.text)
    self.samples = samples
    self.maxNewTokens = maxNewTokens
    self.sampling = sampling
    self.seed = seed
  }

  /// Fresh responses (prompts, samples). Two players draw with different streams, so that a model
  /// against itself is not the same text twice.
  /// `tokens` are the prompts' ids where the caller has them, `workspace` the `Generator`'s.
  public func responses(
    of model: LanguageModel, stream: UInt32, tokens: [[Int32]]? = nil, workspace: Tensor? = nil,
    progress: ((Int, Int) throws -> Void)? = nil
  ) throws -> [[String]] {
    let tokens =
      try tokens ?? PromptEncoder(model, chatTemplate: chatTemplate).ids(questions)
    let completions = try Generator(
      model.decoder, model.parameters, workspace: workspace
    ).generate(
      tokens, samples: samples,
      settings: GenerationSettings(
        maxNewTokens: maxNewTokens, sampling: sampling,
        stopTokens: Set(model.generation.stopIDs), seed: seed, stream: stream),
      progress: progress)
    return zip(tokens, completions).map { prompt, list in
      list.map { model.text(of: $0, after: prompt) }
    }
  }

  /// Win rate of `first` over `second`, (prompts, samples) each. Responses meet in blocks of 64, so
  /// that K = 4,096 asks for 64 x 64 preferences at a time and not for 4,096 x 4,096.
  public func winRate(_ first: [[String]], over second: [[String]]) throws -> WinRate {
    var means = prompts.map { _ in [Double]() }
    for start in stride(from: 0, to: samples, by: PairTally.block) {
      let part = start..<min(start + PairTally.block, samples)
      let table = try judge.compare(
        prompts: prompts, first: first.map { Array($0[part]) },
        second: second.map { Array($0[part]) })
      for (n, rows) in table.rowMeans().enumerated() { means[n] += rows }
    }
    return Statistics.winRate(rowMeans: means, seed: seed)
  }
}

/// How often a policy plays each class, and the duality gap of that mixture in the class game. From m
/// samples the gap is biased upwards (about .01 at the equilibrium of a 3 x 3 game for m = 4,096).
public struct ClassShares: Sendable {
  public var shares: [(name: String, share: Double)]
  public var gap: Double
}
