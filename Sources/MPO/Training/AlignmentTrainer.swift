import MPOBackend
import MPOModel

/// Aligns a language model by preferences: MPO and its rivals (`Algorithm`) behind one loop.
///
/// prompts -> rollouts (the policy against itself) -> preferences (N, K, K) -> advantages (N*K)
/// -> loss -> optimizer -> magnet refresh; see `step()`. An offline algorithm has pairs of a file in
/// place of the first three.
public final class AlignmentTrainer {
  public let configuration: AlignmentConfiguration
  public let model: LanguageModel
  /// Nil where nothing is judged: an offline algorithm without evaluation.
  public let judge: (any PreferenceSource)?
  public let learner: any PolicyLearner
  /// Rollouts in the whole run.
  public let totalSteps: Int
  /// Rollouts done.
  public private(set) var stepsDone = 0
  /// Response tokens drawn so far, an opponent's among them; of an offline algorithm those learned
  /// from.
  public private(set) var tokensSeen = 0
  /// Responses of the starting model, for `eval_steps`; nil until `run` draws them.
  var startingResponses: [[String]]?
  /// When the magnet moves next, with the adaptive schedule.
  public internal(set) var magnetClock = MagnetClock()
  package let prompts: PromptTokens
  /// The first ones of those that evaluations ask; empty without `eval_steps`.
  let evaluated: [TokenizedPrompt]
  /// What an offline algorithm learns from; empty for the others.
  package let pairs: PairTokens
  /// The model that the run started from, where it is the opponent.
  let base: ParameterSet?
  /// Says how many prompts were cut; nil when none was.
  public let promptWarning: String?
  private var sampler: EpochSampler
  var backend: any ComputeBackend { model.decoder.backend }

  /// Loads the model and the data and builds the judge.
  /// - Throws: `ModelError`, `DataError`, `PreferenceError`, `BackendError`; a prompt that leaves no
  ///   room for `max_new_tokens` is an error; one is cut only as
  ///   `max_prompt_length` says.
  public init(_ configuration: AlignmentConfiguration, on backend: any ComputeBackend) throws {
    self.configuration = configuration
    let isOffline = configuration.algorithm.isOffline
    guard configuration.judge != nil || isOffline else {
      throw ConfigurationError.missing(key: "judge", "where preferences come from")
    }
    // A file that is wrong is told before a model is loaded.
    let questions = isOffline ? nil : try PromptDataset.examples(configuration.data)
    if isOffline { _ = try PreferenceDataset.examples(configuration.data) }
    let asked = configuration.evalSteps > 0 ? try configuration.evaluationPrompts() : nil
    judge = try configuration.judge?.makeSource(on: backend)
    model = try LanguageModel.load(
      configuration.model, precision: configuration.run.precision,
      use: configuration.lora.use(seed: configuration.run.seed), on: backend)
    let model = model
    prompts = try questions.map { try PromptTokens($0, model: model, configuration) } ?? .none
    let first = Self.evaluatedPrompts
    evaluated =
      try asked.map { try PromptTokens($0, first: first, model: model, configuration) }?
      .prefix(first) ?? []
    pairs = isOffline ? try PairTokens(configuration, model: model) : .none
    promptWarning = isOffline ? pairs.warning : prompts.warning
    let examples = isOffline ? pairs.count : prompts.count
    sampler = EpochSampler(
      isOffline ? pairs.mixture : prompts.mixture, seed: UInt64(configuration.run.seed))
    totalSteps = configuration.run.totalSteps(
      examples: examples, batch: configuration.promptsPerRollout)
    learner = try Self.learner(configuration, model: model, totalSteps: totalSteps)
    // A reference that never moves is the base itself.
    base =
      configuration.opponent != .base
      ? nil
      : configuration.magnetNeverMoves
        ? learner.magnet : try learner.policy.reference(on: backend)
  }

  private static func learner(
    _ c: AlignmentConfiguration, model: LanguageModel, totalSteps: Int
  ) throws -> any PolicyLearner {
    let optimizer = try Optimizer(
      model.parameters.layout, settings: c.optimizer, totalSteps: totalSteps * c.innerSteps,
      on: model.decoder.backend)
    let states = try PolicyStates(
      model.decoder, policy: model.parameters, optimizer: optimizer,
      magnetMixup: LearnerSettings(c).magnetMixup)
    return try c.makeLearner(states)
  }

  /// One rollout and what is learned from it.
  public func step() throws -> StepReport {
    guard !configuration.algorithm.isOffline else { return try offlineStep() }
    var clock = PhaseClock()
    let before = sampler
    let batch = try sampler.next(configuration.promptsPerRollout).map { try prompts[$0] }
    let play: SelfPlay
    do {
      play = try self.play(batch, &clock)
    } catch let error as PreferenceError {
      // Nothing was learned: a checkpoint that is taken now continues with these prompts.
      sampler = before
      throw error
    }
    let inner = try learner.learn(from: play.rollout(configuration))
    let measured = try followMagnetSchedule(play.preferences)
    clock.mark("timing/train")
    stepsDone += 1
    tokensSeen += play.tokens
    return try StepReport(self, play, inner: inner, schedule: measured, clock: clock)
  }

  /// Pairs of the file and what is learned from them.
  private func offlineStep() throws -> StepReport {
    var clock = PhaseClock()
    let batch = try sampler.next(configuration.promptsPerRollout).map { try pairs[$0] }
    let rollout = Rollout(batch, hardLabels: configuration.hardLabels)
    let inner = try learner.learn(from: rollout)
    clock.mark("timing/train")
    stepsDone += 1
    tokensSeen += rollout.rows.reduce(0) { $0 + $1.response.count }
    return StepReport(self, batch, inner: inner, clock: clock)
  }

  /// With the adaptive schedule: takes in the rollout, and moves the magnet when that is due.
  /// - Returns: the clock as it stood for the decision; nil with the fixed schedule.
  private func followMagnetSchedule(_ preferences: PreferenceTable) throws -> MagnetClock? {
    guard configuration.magnetSchedule == .adaptive else { return nil }
    magnetClock.observe(
      preferences, logRatios: learner.responseLogRatios, alpha: configuration.magnetCoefficient)
    let measured = magnetClock
    if measured.isDue(
      atLeast: configuration.leastSyncSteps, atMost: configuration.magnetSyncSteps)
    {
      try learner.refreshMagnet()
      magnetClock.restart()
    }
    return measured
  }

  /// Passes over the prompts so far.
  public var epochs: Double { sampler.epochs }
  public var cursor: DataCursor { sampler.cursor }
  /// Tokens of the longest possible row.
  var longestRow: Int {
    prompts.longest + configuration.sampling.maxNewTokens
  }

  /// Continues where a checkpoint stopped; the loop has restored weights and moments.
  func restore(_ state: TrainerState) {
    stepsDone = state.globalStep
    tokensSeen = state.tokens
    learner.states.rollouts = state.globalStep
    learner.states.magnetUpdates = state.magnetUpdates
    magnetClock = state.magnetClock ?? MagnetClock()
    sampler = EpochSampler(
      sampler.parts, seed: UInt64(configuration.run.seed), cursor: state.cursor)
  }
}

extension LearnerSettings {
  /// The inner step as configured; logits are divided by the sampling temperature in the loss too,
  /// so that the ratio is that of the policy that generated.
  init(_ c: AlignmentConfiguration) {
    let tokens = c.tokenLoss
    self.init(
      loss: tokens.loss, reduction: c.lossReduction, innerSteps: c.innerSteps,
      accumulationSteps: c.run.gradientAccumulationSteps, advantage: tokens.advantage,
      gradientCheckpointing: c.run.gradientCheckpointing,
      magnetSyncSteps: c.magnetSchedule == .fixed ? c.magnetSyncSteps : 0,
      magnetMixup: Float(c.magnetMixup), innerSolve: InnerSolve(tolerance: c.innerTolerance))
  }
}

extension SamplingOptions {
  /// As the backend takes them.
  public var backendSettings: SamplingSettings {
    SamplingSettings(
      temperature: Float(temperature), topK: topK, topP: Float(topP), minP: Float(minP))
  }
}
