import MPOBackend
import MPOModel

/// What came of one rollout: responses, whom they met, and what the judge said. N prompts, K responses
/// to each.
struct SelfPlay {
  let prompts: [TokenizedPrompt]
  /// (N, K)
  let completions: [[Completion]]
  /// The same as text.
  let responses: [[String]]
  /// An opponent's, (N, K); nil where the policy is its own.
  let opponents: [[Completion]]?
  /// Between the policy's own responses, (N, K, K).
  let preferences: PreferenceTable
  /// Of the policy's responses over the opponent's, (N, K, K).
  let comparison: ComparisonTable?
  /// (N, K), of a judge that has them.
  let rewards: [[Double]]?

  /// Response tokens drawn, an opponent's among them.
  var tokens: Int {
    (completions + (opponents ?? [])).joined().reduce(0) { $0 + $1.tokens.count }
  }

  /// Mean preference of each response over its opponents, (N, K).
  var winRates: [[Double]] {
    if let comparison { return comparison.rowMeans() }
    let k = preferences.responses
    let rates = preferences.winRates().map(Double.init)
    return prompts.indices.map { Array(rates[($0 * k)..<(($0 + 1) * k)]) }
  }

  /// As the learner takes it. `A = r - 1/2`: 1/2 is the mean of self-play whatever the policy, and a
  /// constant against another opponent.
  func rollout(_ c: AlignmentConfiguration) -> Rollout {
    let k = preferences.responses
    let rates = winRates
    var rows: [RolloutRow] = []
    var groups: [Rollout.Group] = []
    for n in prompts.indices {
      for (completion, rate) in zip(completions[n], rates[n]) {
        rows.append(
          RolloutRow(
            prompt: prompts[n].tokens, response: completion.tokens, advantage: Float(rate - 0.5),
            group: n, logProbs: completion.logProbs))
      }
      let values = preferences.values[(n * k * k)..<((n + 1) * k * k)].map(Double.init)
      let group = Rollout.Group(
        preferences: values, winRates: comparison == nil ? nil : rates[n], rewards: rewards?[n])
      groups.append(c.hardLabels ? group.withHardLabels() : group)
    }
    return Rollout(rows: rows, groups: groups)
  }
}

extension Rollout.Group {
  /// Preferences become 1 above 1/2, 0 below; a tie stays 1/2.
  public func withHardLabels() -> Self {
    var group = self
    group.preferences = preferences.map { $0 > 0.5 ? 1 : ($0 < 0.5 ? 0 : 0.5) }
    return group
  }
}

extension Rollout {
  /// Pairs of a file: K = 2, the chosen response first. Nobody drew them, so pi_k is the policy as
  /// the step begins.
  init(_ pairs: [TokenizedPair], hardLabels: Bool) {
    self.init(
      rows: pairs.enumerated().flatMap { n, pair in
        [pair.chosen, pair.rejected].map {
          RolloutRow(prompt: pair.prompt, response: $0, advantage: 0, group: n)
        }
      },
      groups: pairs.map { pair in
        let p = pair.preference
        let group = Group(preferences: [0.5, p, 1 - p, 0.5])
        return hardLabels ? group.withHardLabels() : group
      })
  }
}

extension AlignmentTrainer {
  /// Draws and judges the responses of one rollout.
  func play(_ batch: [TokenizedPrompt], _ clock: inout PhaseClock) throws -> SelfPlay {
    guard let judge else {
      throw ConfigurationError.missing(key: "judge", "where preferences come from")
    }
    let prompts = batch.map(\.text)
    let pipeline = JudgePipeline(judge)
    var responses: [[String]] = []
    let completions: [[Completion]]
    let opponents: [[Completion]]?
    do {
      // A judge outside this process reads the first prompts' responses while the next are drawn, so
      // these come in parts.
      completions = try draw(
        batch, from: Generator(model.decoder, learner.policy, workspace: workspace), .policy,
        maxRows: judge.overlapsGeneration
          ? max(1, configuration.rows / Self.overlappedParts) : nil
      ) { [unowned self] range, completions in
        let drawn = texts(Array(batch[range]), completions)
        responses += drawn
        try pipeline.submit(prompts: Array(prompts[range]), responses: drawn)
      }
      opponents = try opponent().map { try draw(batch, from: $0, configuration.opponent) }
    } catch {
      pipeline.cancel()
      throw error
    }
    clock.mark("timing/generation")
    let judgement = try pipeline.finish()
    let comparison = try opponents.map {
      try judge.compare(prompts: prompts, first: responses, second: texts(batch, $0))
    }
    clock.mark("timing/score")
    return SelfPlay(
      prompts: batch, completions: completions, responses: responses, opponents: opponents,
      preferences: judgement.preferences, comparison: comparison, rewards: judgement.rewards)
  }

  /// Every step fills the gradients anew.
  var workspace: Tensor { learner.states.gradients.flat }

  /// Parts of a rollout that are judged while the next one is drawn.
  private static var overlappedParts: Int { 4 }

  /// Who plays against the policy; nil for the policy itself.
  private func opponent() -> Generator? {
    switch configuration.opponent {
    case .policy: return nil
    case .base: return base.map { Generator(model.decoder, $0, workspace: workspace) }
    case .mixture:
      return Generator(
        model.decoder, learner.policy,
        mixedWith: Generator.Mixture(
          learner.magnet, weight: Float(configuration.mixtureCoefficient)),
        workspace: workspace)
    }
  }

  /// K completions of each prompt. The rollout's number is the random stream; an opponent draws from
  /// streams of its own.
  private func draw(
    _ batch: [TokenizedPrompt], from generator: Generator, _ player: Opponent,
    maxRows: Int? = nil, finished: ((Range<Int>, [[Completion]]) throws -> Void)? = nil
  ) throws -> [[Completion]] {
    let rollout = UInt32(truncatingIfNeeded: stepsDone)
    var settings = GenerationSettings(
      maxNewTokens: configuration.sampling.maxNewTokens,
      sampling: configuration.sampling.backendSettings,
      stopTokens: Set(model.generation.stopIDs), seed: UInt64(configuration.run.seed),
      stream: player == .policy ? rollout : rollout | 1 << 31)
    if let maxRows { settings.maxRows = maxRows }
    return try generator.generate(
      batch.map(\.tokens), samples: configuration.generations, settings: settings,
      finished: finished)
  }

  private func texts(_ batch: [TokenizedPrompt], _ completions: [[Completion]]) -> [[String]] {
    zip(batch, completions).map { prompt, list in
      list.map { model.text(of: $0, after: prompt.tokens) }
    }
  }
}
