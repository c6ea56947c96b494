import Foundation
import MPOBackend
import MPOModel

/// What the training loop needs of a trainer. The loop does the rest: settings, resuming,
/// checkpoints, metrics and the console are the same for every trainer.
protocol TrainableRun: AnyObject {
  associatedtype Settings: ConfigurableSettings
  associatedtype Report
  var configuration: Settings { get }
  var runSettings: RunSettings { get }
  var model: LanguageModel { get }
  /// The trained weights, and what else a checkpoint holds of tensors.
  var tensors: TrainingTensors { get }
  /// Printed before the first step.
  var memory: MemoryEstimate { get }
  var hints: [String] { get }
  var stepsDone: Int { get }
  var stepsInAll: Int { get }
  /// Tokens that a checkpoint's weights must give finite logits for.
  var probe: [Int32] { get }
  /// Counters, for a checkpoint and from one; tensors and the optimizer's step are the loop's.
  func fill(_ state: inout TrainerState)
  func restore(_ state: TrainerState)
  /// Puts beside a model, in its folder, what its weights alone do not say.
  func writeCompanions(to folder: String) throws
  /// Called once before the first step, when the weights are still those of the starting model; where
  /// the run is resumed, a checkpoint's take their place afterwards.
  func prepare(isResumed: Bool) throws
  /// One step and its figures.
  func advance() throws -> Report
  /// Figures for metrics.jsonl, and those of the console's line.
  func values(_ report: Report) -> [(name: String, value: MetricValue)]
  func columns(_ report: Report) -> [(name: String, value: Double)]
}

extension TrainableRun {
  func writeCompanions(to folder: String) throws {}
}

/// How a run ended.
public enum TrainingOutcome: Sendable, Equatable {
  case finished(steps: Int)
  /// A signal came; a checkpoint of `step` was saved.
  case stopped(step: Int)
}

/// Steps, metrics, console and checkpoints of one run. One call per stage.
struct RunLoop<Run: TrainableRun> {
  let run: Run
  let store: CheckpointStore
  /// Held while the loop exists: nobody else trains into the folder.
  private let lock: RunLock
  private var savedStep = -1

  init(_ run: Run) throws {
    self.run = run
    lock = try RunLock(run.runSettings.outputDirectory)
    store = CheckpointStore(
      run.runSettings.outputDirectory, totalLimit: run.runSettings.saveTotalLimit)
  }

  /// Runs to the end or until asked to stop, and saves in both cases. An error leaves the last
  /// complete checkpoint as it is and saves nothing: the weights may not be numbers any more.
  /// - Parameters:
  ///   - print: lines for the user before the first step.
  ///   - stopRequested: asked between steps.
  mutating func callAsFunction(
    print: (String) -> Void, stopRequested: () -> Bool
  ) throws -> TrainingOutcome {
    let settings = run.runSettings
    let checkpoint = try store.prepare(
      resume: settings.resume, overwrite: settings.overwriteOutputDirectory)
    for line in run.configuration.resolvedLines() + [run.memory.line] + run.hints { print(line) }
    try run.prepare(isResumed: checkpoint != nil)
    if let checkpoint { try resume(checkpoint, print) }
    try RunDescription.write(
      run.configuration.resolvedSettings(), to: settings.outputDirectory)
    let log = try MetricsSinks(settings, resumedStep: checkpoint == nil ? nil : run.stepsDone)
    let progress = ProgressReporter(total: run.stepsInAll, first: run.stepsDone)
    defer { progress.finish() }
    while run.stepsDone < run.stepsInAll {
      if stopRequested() {
        try save()
        return .stopped(step: run.stepsDone)
      }
      let report: Run.Report
      do {
        report = try run.advance()
      } catch PreferenceError.interrupted(_) where stopRequested() {
        // A signal came while a judge was waited for: the step is as if it had not begun.
        try save()
        return .stopped(step: run.stepsDone)
      }
      let step = run.stepsDone
      try log.append(step: step, run.values(report))
      if step % settings.loggingSteps == 0 || step == run.stepsInAll {
        progress.line(step: step, run.columns(report))
      } else {
        progress.bar(step: step)
      }
      if settings.saveSteps > 0 && step % settings.saveSteps == 0 { try save() }
    }
    try save()
    try run.model.save(
      run.tensors.policy, to: settings.outputDirectory,
      dtype: settings.savedType.fileType)
    try run.writeCompanions(to: settings.outputDirectory)
    return .finished(steps: run.stepsDone)
  }

  private func resume(_ checkpoint: URL, _ print: (String) -> Void) throws {
    let state = try TrainerState.read(from: checkpoint)
    try state.requireSeed(run.runSettings.seed, folder: checkpoint)
    try run.tensors.read(from: checkpoint, on: run.model.decoder.backend)
    run.tensors.optimizer.step = state.optimizerStep
    run.restore(state)
    try store.removeNewer(than: state.globalStep)
    print("resumed from \(checkpoint.lastPathComponent)")
    for line in run.configuration.changes(since: state) { print(line) }
  }

  private mutating func save() throws {
    let step = run.stepsDone
    guard savedStep != step else { return }
    var state = TrainerState()
    state.globalStep = step
    state.optimizerStep = run.tensors.optimizer.step
    state.seed = UInt64(run.runSettings.seed)
    state.settings = Dictionary(
      run.configuration.resolvedSettings().map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    run.fill(&state)
    try store.save(step: step) { folder in
      try TrainingError.checkFinite(
        run.tensors.policy, run.model.decoder, tokens: run.probe, step: step)
      try run.tensors.write(state, model: run.model, to: folder)
      try run.writeCompanions(to: folder.path)
    }
    savedStep = step
  }
}

extension SavedWeightType {
  /// The file's type; nil keeps what each tensor of the model that was read has.
  public var fileType: SafetensorsType? {
    switch self {
    case .auto: return nil
    case .float32: return .f32
    case .float16: return .f16
    case .bfloat16: return .bf16
    }
  }
}
