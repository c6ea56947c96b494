import MPOBackend
import MPOModel

/// What one step of self-play measured. Names are TRL's where it has one; README lists them.
public struct StepReport: Sendable {
  public var step: Int
  /// In the order they are logged.
  public var values: [(name: String, value: Double)] = []
  /// Share of each class and its name, when the judge sorts responses into classes.
  public var shares: [(name: String, share: Double)] = []
  /// A few responses with their win rates, for `log_completions`.
  public var samples: [Sample] = []

  public struct Sample: Sendable, Codable, Equatable {
    public var prompt: String
    public var completion: String
    /// Mean preference over the other responses to the prompt.
    public var winRate: Float
  }

  public subscript(name: String) -> Double? { values.first { $0.name == name }?.value }

  init(
    _ trainer: AlignmentTrainer, prompts: [TokenizedPrompt], completions: [[Completion]],
    responses: [[String]], preferences: PreferenceTable, inner: [InnerStepMetrics],
    schedule: MagnetClock?, clock: PhaseClock
  ) throws {
    step = trainer.stepsDone
    let rates = preferences.winRates()
    addLoss(inner)
    addRewards(rates)
    values.append(("magnet/updates", Double(trainer.learner.magnetUpdates)))
    if let schedule {
      values.append(("magnet/inner_error", schedule.innerError))
      values.append(("magnet/distance", schedule.distance))
    }
    addLengths(completions.flatMap { $0 })
    if let game = trainer.judge as? CategoryJudge {
      let shares = game.game.shares(try responses.joined().map(game.classify))
      self.shares = Array(zip(game.game.names, shares)).map { (name: $0, share: $1) }
      values.append(("duality_gap", game.game.dualityGap(shares)))
      values += self.shares.map { ("share/\($0.name)", $0.share) }
    }
    values.append(("epoch", trainer.epochs))
    values.append(("num_tokens", Double(trainer.tokensSeen)))
    values += clock.phases.map { ($0.name, $0.seconds) }
    values.append(("step_time", clock.total))
    let tokens = completions.joined().reduce(0) { $0 + $1.tokens.count }
    values.append(("tokens_per_second", Double(tokens) / max(clock.total, 1e-9)))
    values.append(
      ("peak_memory", Double(trainer.model.decoder.backend.memory.peak) / 1_048_576))
    samples = zip(prompts, responses).enumerated().flatMap { n, pair in
      pair.1.enumerated().prefix(4).map { i, text in
        Sample(
          prompt: pair.0.text, completion: text, winRate: rates[n * pair.1.count + i])
      }
    }
    samples = Array(samples.prefix(8))
  }

  /// Means over the inner steps, but for what describes the last one.
  private mutating func addLoss(_ inner: [InnerStepMetrics]) {
    func mean(_ f: (InnerStepMetrics) -> Double) -> Double {
      inner.map(f).reduce(0, +) / Double(max(1, inner.count))
    }
    let last = inner.last ?? InnerStepMetrics()
    values += [
      ("loss", mean(\.loss)), ("loss/surrogate", mean(\.surrogate)),
      ("magnet/kl", last.klMagnet), ("loss/kl", last.klOld), ("objective/entropy", last.entropy),
      ("ratio", last.ratio), ("grad_norm", mean(\.gradNorm)),
      ("learning_rate", last.learningRate),
    ]
  }

  private mutating func addRewards(_ rates: [Float]) {
    let mean = rates.reduce(0) { $0 + Double($1) } / Double(max(1, rates.count))
    let variance =
      rates.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
      / Double(max(1, rates.count))
    values += [
      ("rewards/probabilities", mean), ("reward_std", variance.squareRoot()),
    ]
  }

  private mutating func addLengths(_ completions: [Completion]) {
    let lengths = completions.map { Double($0.tokens.count) }
    let clipped = Double(completions.filter { !$0.stopped }.count)
    let count = Double(max(1, completions.count))
    values += [
      ("completions/mean_length", lengths.reduce(0, +) / count),
      ("completions/min_length", lengths.min() ?? 0),
      ("completions/max_length", lengths.max() ?? 0),
      ("completions/clipped_ratio", clipped / count),
    ]
  }
}
