import MPOBackend
import MPOModel

/// Self-play with Magnetic Preference Optimization on a language model.
///
/// prompts -> rollouts (the policy against itself) -> preferences (N, K, K) -> advantages (N*K)
/// -> magnetic loss -> optimizer -> magnet refresh; see `step()`.
public final class AlignmentTrainer {
  public let configuration: AlignmentConfiguration
  public let model: LanguageModel
  public let judge: any PreferenceSource
  public let learner: Learner
  /// Rollouts in the whole run.
  public let totalSteps: Int
  /// Rollouts done.
  public private(set) var stepsDone = 0
  /// Response tokens drawn so far.
  public private(set) var tokensSeen = 0
  /// Responses of the starting model, for `eval_steps`; nil until `run` draws them.
  var startingResponses: [[String]]?
  /// When the magnet moves next, with the adaptive schedule.
  public internal(set) var magnetClock = MagnetClock()
  package let prompts: [TokenizedPrompt]
  /// Of `eval_dataset_name`; nil evaluates on `prompts`.
  let heldOutPrompts: [TokenizedPrompt]?
  /// Says how many prompts were cut; nil when none was.
  public let promptWarning: String?
  private var sampler: EpochSampler
  private var backend: any ComputeBackend { model.decoder.backend }

  /// Loads the model and prompts and builds the judge.
  /// - Throws: `ModelError`, `DataError`, `PreferenceError`, `BackendError`; a prompt that leaves no
  ///   room for `max_new_tokens` is an error; one is cut only as
  ///   `max_prompt_length` says.
  public init(_ configuration: AlignmentConfiguration, on backend: any ComputeBackend) throws {
    self.configuration = configuration
    let records = try PromptDataset.numbered(configuration.dataset)
    guard let judge = configuration.judge else {
      throw ConfigurationError.missing(key: "judge", "where preferences come from")
    }
    self.judge = try judge.makeSource(on: backend)
    model = try LanguageModel.load(
      configuration.model, precision: configuration.run.precision,
      use: configuration.lora.use(seed: configuration.run.seed), on: backend)
    let tokenized = try PromptTokens(records, model: model, configuration)
    prompts = tokenized.prompts
    promptWarning = tokenized.warning
    heldOutPrompts = try Self.heldOutPrompts(configuration, model)
    sampler = EpochSampler(count: prompts.count, seed: UInt64(configuration.run.seed))
    totalSteps = configuration.run.totalSteps(
      examples: prompts.count, batch: configuration.promptsPerRollout)
    let optimizer = try Optimizer(
      model.parameters.layout, settings: configuration.optimizer,
      totalSteps: totalSteps * configuration.innerSteps, on: backend)
    learner = try Learner(
      model.decoder, policy: model.parameters, optimizer: optimizer,
      settings: LearnerSettings(configuration))
  }

  /// One rollout and what is learned from it.
  public func step() throws -> StepReport {
    var clock = PhaseClock()
    let batch = sampler.next(configuration.promptsPerRollout).map { prompts[$0] }
    let completions = try rollout(batch)
    clock.mark("timing/generation")
    let responses = texts(batch, completions)
    let preferences = try judge.preferences(prompts: batch.map(\.text), responses: responses)
    clock.mark("timing/score")
    let rows = rows(batch, completions, advantages: preferences.advantages())
    let inner = try learner.learn(from: rows)
    let measured = try followMagnetSchedule(preferences)
    clock.mark("timing/train")
    stepsDone += 1
    tokensSeen += rows.reduce(0) { $0 + $1.response.count }
    return try StepReport(
      self, prompts: batch, completions: completions, responses: responses,
      preferences: preferences, inner: inner, schedule: measured, clock: clock)
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
    (prompts.map(\.tokens.count).max() ?? 0) + configuration.sampling.maxNewTokens
  }

  /// K completions of each prompt from the current policy. Rollout number is the random stream.
  private func rollout(_ batch: [TokenizedPrompt]) throws -> [[Completion]] {
    try Generator(model.decoder, learner.policy).generate(
      batch.map(\.tokens), samples: configuration.generations,
      settings: GenerationSettings(
        maxNewTokens: configuration.sampling.maxNewTokens,
        sampling: configuration.sampling.backendSettings,
        stopTokens: Set(model.generation.stopIDs), seed: UInt64(configuration.run.seed),
        stream: UInt32(truncatingIfNeeded: stepsDone)))
  }

  private func texts(_ batch: [TokenizedPrompt], _ completions: [[Completion]]) -> [[String]] {
    zip(batch, completions).map { prompt, list in
      list.map { model.text(of: $0, after: prompt.tokens) }
    }
  }

  private func rows(
    _ batch: [TokenizedPrompt], _ completions: [[Completion]], advantages: [Float]
  ) -> [RolloutRow] {
    let k = configuration.generations
    return zip(batch, completions).enumerated().flatMap { n, pair in
      pair.1.enumerated().map { i, completion in
        RolloutRow(
          prompt: pair.0.tokens, response: completion.tokens, advantage: advantages[n * k + i])
      }
    }
  }

  /// Continues where a checkpoint stopped; the loop has restored weights and moments.
  func restore(_ state: TrainerState) {
    stepsDone = state.globalStep
    tokensSeen = state.tokens
    learner.rollouts = state.globalStep
    learner.magnetUpdates = state.magnetUpdates
    magnetClock = state.magnetClock ?? MagnetClock()
    sampler = EpochSampler(
      count: prompts.count, seed: UInt64(configuration.run.seed), cursor: state.cursor)
  }
}

extension LearnerSettings {
  /// The inner step as configured; logits are divided by the sampling temperature in the loss too,
  /// so that the ratio is that of the policy that generated.
  init(_ c: AlignmentConfiguration) {
    self.init(
      loss: MagneticLossSettings(
        alpha: Float(c.magnetCoefficient), eta: Float(c.eta), clip: Float(c.clipRange),
        transform: LogitTransform(scale: Float(1 / c.sampling.temperature))),
      reduction: c.lossReduction, innerSteps: c.innerSteps,
      accumulationSteps: c.run.gradientAccumulationSteps, klToGo: c.klToGo,
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
