import MPOBackend
import MPOModel

/// Figures of one step of `sft`.
public struct SFTReport: Sendable {
  public var metrics: CrossEntropyMetrics
  public var seconds: Double
  /// On the held-out rows, at the steps where they were scored.
  public var evalLoss: Double?
}

extension SFTTrainer: TrainableRun {
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
    let first = rows.count > 0 ? (try? rows[0])?.tokens : nil
    return Array((first ?? [0]).prefix(model.decoder.shape.maxPositions))
  }

  var tensors: TrainingTensors {
    TrainingTensors(policy: learner.policy, magnet: nil, optimizer: learner.optimizer)
  }

  /// Weights, gradients, two moments, and the activations of one micro-batch.
  var memory: MemoryEstimate {
    MemoryEstimate(
      model.decoder, learner.policy, copies: 4, headCopy: false,
      step: StepRows(
        units: configuration.batchSize, tokens: configuration.maxLength,
        lossTokens: configuration.maxLength, parts: configuration.run.gradientAccumulationSteps),
      policies: 1,
      checkpointing: configuration.run.gradientCheckpointing)
  }

  func fill(_ state: inout TrainerState) {
    state.epoch = sampler.epochs
    state.cursor = sampler.cursor
    state.tokens = tokensSeen
  }

  func prepare(isResumed: Bool) {}

  func advance() throws -> SFTReport {
    var clock = PhaseClock()
    let metrics = try trainStep()
    clock.mark("timing/train")
    let every = configuration.evalSteps
    let due = stepsDone == totalSteps || (every > 0 && stepsDone % every == 0)
    return SFTReport(
      metrics: metrics, seconds: clock.total, evalLoss: due ? try heldOutLoss() : nil)
  }

  func values(_ report: SFTReport) -> [(name: String, value: MetricValue)] {
    let m = report.metrics
    var values: [(name: String, value: Double)] = [
      ("loss", m.loss), ("grad_norm", m.gradNorm), ("learning_rate", m.learningRate),
      ("epoch", sampler.epochs), ("num_tokens", Double(tokensSeen)),
      ("step_time", report.seconds),
      ("tokens_per_second", Double(m.tokens) / max(report.seconds, 1e-9)),
      ("peak_memory", Double(model.decoder.backend.memory.peak) / 1_048_576),
    ]
    if let loss = report.evalLoss { values.append(("eval_loss", loss)) }
    return values.map { ($0.name, .number($0.value)) }
  }

  func columns(_ report: SFTReport) -> [(name: String, value: Double)] {
    let m = report.metrics
    var columns: [(name: String, value: Double)] = [
      ("loss", m.loss), ("grad_norm", m.gradNorm), ("lr", m.learningRate),
      ("tok/s", Double(m.tokens) / max(report.seconds, 1e-9)),
    ]
    if let loss = report.evalLoss { columns.append(("eval_loss", loss)) }
    return columns
  }
}
