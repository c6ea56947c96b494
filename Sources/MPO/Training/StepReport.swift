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
    _ trainer: AlignmentTrainer, _ play: SelfPlay, inner: [InnerStepMetrics],
    schedule: MagnetClock?, clock: PhaseClock
  ) throws {
    step = trainer.stepsDone
    let rates = play.winRates
    addLoss(inner)
    addOnPolicy(inner)
    addPairs(inner)
    addRewards(rates.flatMap { $0 }, play.rewards)
    values.append(("magnet/updates", Double(trainer.learner.magnetUpdates)))
    if let schedule {
      values.append(("magnet/inner_error", schedule.innerError))
      values.append(("magnet/distance", schedule.distance))
    }
    addLengths(play.completions.flatMap { $0 })
    if let game = trainer.judge as? CategoryJudge {
      let shares = game.game.shares(try play.responses.joined().map(game.classify))
      self.shares = Array(zip(game.game.names, shares)).map { (name: $0, share: $1) }
      values.append(("duality_gap", game.game.dualityGap(shares)))
      values += self.shares.map { ("share/\($0.name)", $0.share) }
    }
    values += trainer.judge?.metrics ?? []
    addRun(trainer, clock, tokens: play.tokens)
    samples = zip(play.prompts, play.responses).enumerated().flatMap { n, pair in
      pair.1.enumerated().prefix(4).map { i, text in
        Sample(prompt: pair.0.text, completion: text, winRate: Float(rates[n][i]))
      }
    }
    samples = Array(samples.prefix(8))
  }

  /// Of an offline algorithm: nothing was drawn, so there is nothing of rollouts.
  init(
    _ trainer: AlignmentTrainer, _ pairs: [TokenizedPair], inner: [InnerStepMetrics],
    clock: PhaseClock
  ) {
    step = trainer.stepsDone
    addLoss(inner)
    addPairs(inner)
    addRun(
      trainer, clock, tokens: pairs.reduce(0) { $0 + $1.chosen.count + $1.rejected.count })
  }

  private mutating func addRun(_ trainer: AlignmentTrainer, _ clock: PhaseClock, tokens: Int) {
    values.append(("epoch", trainer.epochs))
    values.append(("num_tokens", Double(trainer.tokensSeen)))
    values += clock.phases.map { ($0.name, $0.seconds) }
    values.append(("step_time", clock.total))
    values.append(("tokens_per_second", Double(tokens) / max(clock.total, 1e-9)))
    values.append(
      ("peak_memory", Double(trainer.model.decoder.backend.memory.peak) / 1_048_576))
  }

  /// Means over the inner steps, but for what describes the last one.
  private mutating func addLoss(_ inner: [InnerStepMetrics]) {
    func mean(_ f: (InnerStepMetrics) -> Double) -> Double {
      inner.map(f).reduce(0, +) / Double(max(1, inner.count))
    }
    let last = inner.last ?? InnerStepMetrics()
    values.append(("loss", mean(\.loss)))
    if last.pairs == nil { values.append(("loss/surrogate", mean(\.surrogate))) }
    values += [("grad_norm", mean(\.gradNorm)), ("learning_rate", last.learningRate)]
  }

  /// What is measured on responses that the policy drew, before the last inner update.
  private mutating func addOnPolicy(_ inner: [InnerStepMetrics]) {
    let last = inner.last ?? InnerStepMetrics()
    values += [
      ("magnet/kl", last.klMagnet), ("loss/kl", last.klOld), ("objective/entropy", last.entropy),
      ("ratio", last.ratio),
    ]
  }

  /// What a loss of whole responses does to pairs, before the last inner update.
  private mutating func addPairs(_ inner: [InnerStepMetrics]) {
    guard let pairs = inner.last?.pairs, pairs.pairs > 0 else { return }
    values += [
      ("rewards/chosen", pairs.chosenReward), ("rewards/rejected", pairs.rejectedReward),
      ("rewards/margins", pairs.margin), ("rewards/accuracies", pairs.accuracy),
      ("logps/chosen", pairs.chosenLogProb), ("logps/rejected", pairs.rejectedLogProb),
    ]
  }

  private mutating func addRewards(_ rates: [Double], _ rewards: [[Double]]?) {
    func add(_ mean: String, _ deviation: String, _ x: [Double]) {
      let count = Double(max(1, x.count))
      let average = x.reduce(0, +) / count
      let variance = x.reduce(0) { $0 + ($1 - average) * ($1 - average) } / count
      values += [(mean, average), (deviation, variance.squareRoot())]
    }
    add("rewards/probabilities", "reward_std", rates)
    if let rewards { add("objective/scores", "objective/scores_std", rewards.flatMap { $0 }) }
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
