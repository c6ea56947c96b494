import MPOBackend
import MPOModel

/// Settings of a neural policy on games (`ContextualExperiment`). The defaults of eta, alpha and
/// T_mag are those of the tabular reference curve.
public struct NeuralGameSettings: Sendable, Equatable {
  /// How each proximal step is taken. Both go through the same trainer and loss.
  public enum Mode: String, Sendable, CaseIterable {
    /// Solved to `innerTolerance`.
    case exact
    /// `innerSteps` steps of AdamW whose moments and rate go on, as on a language model.
    case adamW = "adamw"
  }

  /// Modes to run; the tabular curve always runs.
  public var modes = Mode.allCases
  /// C, hidden width, at least the number of responses; 0 = that number, but at least 16.
  public var width = 0
  /// Residual SwiGLU blocks of inner width 2C.
  public var layers = 1
  /// Step size of the proximal term, above 0.
  public var eta = 0.3
  /// alpha, the weight of KL(pi || magnet), above 0.
  public var magnetCoefficient = 0.1
  /// T_mag, proximal steps between refreshes of the magnet; 0 = never.
  public var magnetSyncSteps = 100
  /// Proximal steps. 800 take the mean tabular gap of the 892 judged prompts below 1e-4.
  public var steps = 800
  /// Proximal steps between recorded gaps; the last is always recorded.
  public var recordSteps = 10
  /// Of the network's initial noise; nothing else is random.
  public var seed = 0

  /// Exact mode: a proximal step is solved when the gradient's norm is at most this share of the
  /// norm at its start, in [0, 1), or after `maxInnerSteps`.
  public var innerTolerance = 1e-2
  /// Optimizer steps of one proximal step at most. 40 steps of `exactRateDecay` end at 1.6e-2 of
  /// the first rate.
  public var maxInnerSteps = 40
  /// First rate of every proximal step; a step moves a log-probability by at most about eta/2.
  public var exactLearningRate = 0.1
  /// The rate of inner step i is `exactLearningRate * exactRateDecay^i`.
  public var exactRateDecay = 0.9
  /// Share of that rate for the weights that all games use.
  public var exactSharedRate = 1e-5

  /// AdamW mode: peak rate of all weights, constant.
  public var learningRate = 1e-2
  /// AdamW mode: optimizer steps of one proximal step.
  public var innerSteps = 4
  /// AdamW mode: PPO's clip of the ratio, as `clip_range` of `magnetic train`; 0 = off.
  public var clipRange = 0.2

  public init() {}

  /// Defaults for a number of games. A single one is cheap, and a cyclic one needs its proximal steps
  /// solved better: with 4 AdamW steps at 1e-2 G2's gap stays near 2e-2, with 16 at 3e-3 it falls
  /// to 1e-3 (bench/NOTES.md). Each of many games changes the shared weights less.
  public init(games: Int) {
    guard games == 1 else { return }
    steps = 3000
    learningRate = 3e-3
    innerSteps = 16
  }

  /// The optimizer of a mode. The exact one is Adam without momentum, so that the fall of its rate
  /// is not undone by remembered gradients, and with an epsilon below every gradient that float32
  /// can square: the gradient of a response's logit is proportional to its probability, and only
  /// the division by its own size lets log-probabilities of unlikely responses converge too.
  func optimizer(_ mode: Mode) -> OptimizerSettings {
    var optimizer = OptimizerSettings()
    switch mode {
    case .exact:
      optimizer.learningRate = exactLearningRate
      optimizer.beta1 = 0
      optimizer.beta2 = 0.9
      optimizer.epsilon = 1e-18
      optimizer.maxGradNorm = 0
      optimizer.sharedRateScale = exactSharedRate
    case .adamW: optimizer.learningRate = learningRate
    }
    return optimizer
  }

  /// The inner steps of a mode.
  func learner(_ mode: Mode) -> LearnerSettings {
    let isExact = mode == .exact
    return LearnerSettings(
      loss: MagneticLossSettings(
        alpha: Float(magnetCoefficient), eta: Float(eta), clip: isExact ? 0 : Float(clipRange)),
      innerSteps: isExact ? maxInnerSteps : innerSteps, magnetSyncSteps: magnetSyncSteps,
      innerSolve: isExact
        ? InnerSolve(tolerance: innerTolerance, rateDecay: exactRateDecay, restartsMoments: true)
        : InnerSolve())
  }

  /// A trainer of `games` from `start` in one mode.
  /// - Throws: `GameError.options` for sizes that do not fit together, `GameError.start`.
  public func trainer(
    _ mode: Mode, games: [PreferenceGame], start: [[Double]]? = nil,
    on backend: any ComputeBackend
  ) throws -> GameTrainer {
    let responses = games.first?.count ?? 0
    let network = try GameNetwork(
      GameNetworkShape(
        contexts: games.count, responses: responses,
        width: width == 0 ? max(16, responses) : width, layers: layers),
      on: backend)
    return try GameTrainer(
      games, network: network, start: start, seed: UInt64(bitPattern: Int64(seed)),
      optimizer: optimizer(mode), totalSteps: steps, settings: learner(mode))
  }

  /// - Throws: `ConfigurationError.value` naming the first setting out of its range.
  public func validate() throws {
    let rules: [(key: String, holds: Bool, expected: String, found: String)] = [
      ("modes", !modes.isEmpty, "at least one", "none"),
      ("width", width >= 0, "at least 0", "\(width)"),
      ("layers", layers >= 0, "at least 0", "\(layers)"),
      ("eta", eta > 0 && eta.isFinite, "above 0", "\(eta)"),
      (
        "magnet_coef", magnetCoefficient > 0 && magnetCoefficient.isFinite, "above 0",
        "\(magnetCoefficient)"
      ),
      ("magnet_sync_steps", magnetSyncSteps >= 0, "at least 0", "\(magnetSyncSteps)"),
      ("steps", steps >= 1, "at least 1", "\(steps)"),
      ("record_steps", recordSteps >= 1, "at least 1", "\(recordSteps)"),
      (
        "inner_tolerance", innerTolerance >= 0 && innerTolerance < 1, "in [0, 1)",
        "\(innerTolerance)"
      ),
      ("max_inner_steps", maxInnerSteps >= 1, "at least 1", "\(maxInnerSteps)"),
      (
        "exact_learning_rate", exactLearningRate > 0 && exactLearningRate.isFinite, "above 0",
        "\(exactLearningRate)"
      ),
      (
        "exact_rate_decay", exactRateDecay > 0 && exactRateDecay <= 1, "in (0, 1]",
        "\(exactRateDecay)"
      ),
      (
        "exact_shared_rate", exactSharedRate >= 0 && exactSharedRate.isFinite, "at least 0",
        "\(exactSharedRate)"
      ),
      ("learning_rate", learningRate > 0 && learningRate.isFinite, "above 0", "\(learningRate)"),
      ("inner_steps", innerSteps >= 1, "at least 1", "\(innerSteps)"),
      ("clip_range", clipRange >= 0 && clipRange < 1, "in [0, 1)", "\(clipRange)"),
    ]
    if let broken = rules.first(where: { !$0.holds }) {
      throw ConfigurationError.value(
        key: broken.key, location: "settings", expected: broken.expected, found: broken.found)
    }
  }
}
