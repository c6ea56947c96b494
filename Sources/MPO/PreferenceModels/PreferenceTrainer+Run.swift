import MPOBackend
import MPOModel

/// Figures of one step of `preference`.
public struct PreferenceStep: Sendable {
  public var metrics: PreferenceMetrics
  public var seconds: Double
  /// On the held-out pairs, at the steps where they were measured.
  public var held: PreferenceReport?
}

extension PreferenceTrainer: TrainableRun {
  /// Trains to the end; see `AlignmentTrainer.run`.
  public func run(
    print: (String) -> Void, stopRequested: () -> Bool = { StopSignal.requested }
  ) throws -> TrainingOutcome {
    var loop = try RunLoop(self)
    return try loop(print: print, stopRequested: stopRequested)
  }

  var runSettings: RunSettings { configuration.run }
  var hints: [String] { model.notes + warnings }
  var stepsInAll: Int { totalSteps }
  var probe: [Int32] {
    pairs.first.map { preferences.sequences($0)[0] } ?? [0]
  }

  var tensors: TrainingTensors {
    TrainingTensors(policy: learner.policy, magnet: nil, optimizer: learner.optimizer)
  }

  /// Weights, gradients, two moments, and the activations of one micro-batch: two texts a pair.
  var memory: MemoryEstimate {
    MemoryEstimate(
      model.decoder, learner.policy, copies: 4, headCopy: false,
      step: StepRows(
        units: configuration.batchSize, tokens: 2 * configuration.maxLength, lossTokens: 0,
        parts: configuration.run.gradientAccumulationSteps),
      policies: 1,
      checkpointing: configuration.run.gradientCheckpointing)
  }

  func fill(_ state: inout TrainerState) {
    state.epoch = sampler.epochs
    state.cursor = sampler.cursor
    state.tokens = tokensSeen
  }

  func prepare(isResumed: Bool) throws {
    guard case .general(let settings) = preferences.head, hasFreshHead, !isResumed else { return }
    try preferences.startFromMoment(
      of: pairs, settings, seed: UInt64(configuration.run.seed))
  }

  func writeCompanions(to folder: String) throws { try preferences.file.write(folder: folder) }

  func advance() throws -> PreferenceStep {
    var clock = PhaseClock()
    let metrics = try trainStep()
    clock.mark("timing/train")
    let every = configuration.evalSteps
    let due = stepsDone == totalSteps || (every > 0 && stepsDone % every == 0)
    let report = due ? try heldOutReport() : nil
    lastReport = report ?? lastReport
    if stepsDone == totalSteps, let report {
      try AtomicFile.write(
        try report.json(pretty: true) + "\n",
        to: "\(configuration.run.outputDirectory)/\(PreferenceReport.fileName)")
    }
    return PreferenceStep(metrics: metrics, seconds: clock.total, held: report)
  }

  func values(_ report: PreferenceStep) -> [(name: String, value: MetricValue)] {
    let m = report.metrics
    var values: [(name: String, value: Double)] = [
      ("loss", m.loss), ("accuracy", m.accuracy), ("margin", m.margin),
    ]
    if let rewards = m.rewards {
      values += [
        ("min_reward", rewards.least), ("mean_reward", rewards.mean), ("max_reward", rewards.most),
      ]
    }
    values += [
      ("grad_norm", m.gradNorm), ("learning_rate", m.learningRate), ("epoch", sampler.epochs),
      ("num_tokens", Double(tokensSeen)), ("step_time", report.seconds),
      ("tokens_per_second", Double(m.tokens) / max(report.seconds, 1e-9)),
      ("peak_memory", Double(model.decoder.backend.memory.peak) / 1_048_576),
    ]
    values += report.held?.values ?? []
    return values.map { ($0.name, .number($0.value)) }
  }

  func columns(_ report: PreferenceStep) -> [(name: String, value: Double)] {
    let m = report.metrics
    var columns: [(name: String, value: Double)] = [
      ("loss", m.loss), ("accuracy", m.accuracy), ("margin", m.margin), ("grad_norm", m.gradNorm),
      ("tok/s", Double(m.tokens) / max(report.seconds, 1e-9)),
    ]
    if let held = report.held {
      columns += [("eval_loss", held.loss), ("eval_accuracy", held.accuracy)]
    }
    return columns
  }
}
