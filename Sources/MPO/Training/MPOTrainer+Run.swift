import Foundation
import MPOBackend
import MPOModel

extension MPOTrainer: TrainableRun {
  /// Trains to the end, with metrics, checkpoints and the aligned model in the output folder.
  /// - Parameters:
  ///   - print: lines for the user before the first step (resolved settings, memory, hints).
  ///   - stopRequested: asked between steps; when true the run saves a checkpoint and returns.
  /// - Throws: what the parts throw. Whatever happens, the last complete checkpoint stays.
  public func run(
    print: (String) -> Void, stopRequested: @escaping () -> Bool = { StopSignal.requested }
  ) throws -> TrainingOutcome {
    let settings = configuration.run
    let lock = try RunLock(settings.outputDirectory)
    defer { withExtendedLifetime(lock) {} }
    let store = CheckpointStore(settings.outputDirectory, totalLimit: settings.saveTotalLimit)
    let resumed = try store.prepare(
      resume: settings.resume, overwrite: settings.overwriteOutputDirectory)
    for line in configuration.resolvedLines() { print(line) }
    print(memoryLine)
    if let hint = configuration.hint() { print(hint) }
    try prepareEvaluation()
    if let resumed { try resume(from: resumed, store, print: print) }
    let log = try MetricsLog(
      path: settings.outputDirectory + "/metrics.jsonl",
      resumedStep: resumed == nil ? nil : stepsDone)
    let loop = RunLoop(
      settings: settings, store: store, log: log,
      progress: ProgressReporter(total: totalSteps, first: stepsDone),
      stopRequested: stopRequested)
    return try loop.run(self)
  }

  private func resume(from folder: URL, _ store: CheckpointStore, print: (String) -> Void) throws {
    let state = try TrainerState.read(from: folder)
    try state.requireSeed(configuration.run.seed, folder: folder)
    try tensors.read(from: folder, on: model.decoder.backend)
    learner.optimizer.step = state.optimizerStep
    learner.rollouts = state.globalStep
    learner.magnetUpdates = state.magnetUpdates
    restore(step: state.globalStep, tokensSeen: state.tokens, cursor: state.cursor)
    try store.removeNewer(than: state.globalStep)
    print("resumed from \(folder.lastPathComponent)")
    for line in configuration.changes(since: state) { print(line) }
  }

  private var tensors: TrainingTensors {
    TrainingTensors(
      policy: learner.policy, magnet: learner.magnet, optimizer: learner.optimizer)
  }

  var stepsInAll: Int { totalSteps }

  func advance() throws -> StepReport {
    var report = try step()
    report.values += try evaluateIfDue()
    return report
  }

  func values(_ report: StepReport) -> [(name: String, value: MetricValue)] {
    var values = report.values.map { ($0.name, MetricValue.number($0.value)) }
    if configuration.logCompletions, let data = try? JSONEncoder().encode(report.samples) {
      values.append(("completions", .text(String(decoding: data, as: UTF8.self))))
    }
    return values
  }

  func columns(_ report: StepReport) -> [(name: String, value: Double)] {
    let names = [
      ("loss", "loss"), ("magnet/kl", "kl_magnet"), ("loss/kl", "kl_old"),
      ("objective/entropy", "entropy"), ("grad_norm", "grad_norm"), ("duality_gap", "gap"),
      ("eval_win_rate", "eval_win_rate"), ("eval_avg_win_prob", "eval_avg_win_prob"),
      ("tokens_per_second", "tok/s"),
    ]
    return names.compactMap { key, title in report[key].map { (title, $0) } }
  }

  func writeCheckpoint(to folder: URL) throws {
    try TrainingError.checkFinite(
      learner.policy, model.decoder, tokens: prompts.first?.tokens ?? [0], step: stepsDone)
    var state = TrainerState()
    state.globalStep = stepsDone
    state.optimizerStep = learner.optimizer.step
    state.magnetUpdates = learner.magnetUpdates
    state.epoch = epochs
    state.cursor = cursor
    state.seed = UInt64(configuration.run.seed)
    state.tokens = tokensSeen
    state.settings = Dictionary(
      configuration.resolvedSettings().map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    try tensors.write(state, model: model, to: folder)
  }

  func writeModel() throws {
    try model.save(
      learner.policy, to: configuration.run.outputDirectory,
      dtype: configuration.run.savedType.fileType(stored: model.storedType))
  }

  /// What the run will need: weights, gradients, two moments and the magnet, one copy of the output
  /// projection, and the activations of one micro-batch at its longest.
  private var memoryLine: String {
    let rows =
      (configuration.rows + configuration.run.gradientAccumulationSteps - 1)
      / configuration.run.gradientAccumulationSteps
    let estimate = MemoryEstimate(
      model.decoder.shape, copies: 5, tokens: rows * longestRow,
      lossTokens: rows
        * configuration.sampling.maxNewTokens,
      logitArrays: 3, checkpointing: configuration.run.gradientCheckpointing)
    return estimate.line
  }
}

extension SavedWeightType {
  /// The file's type; `auto` keeps that of the model that was read.
  func fileType(stored: SafetensorsType) -> SafetensorsType {
    switch self {
    case .auto: return [.f16, .bf16].contains(stored) ? stored : .f32
    case .float32: return .f32
    case .float16: return .f16
    case .bfloat16: return .bf16
    }
  }
}
