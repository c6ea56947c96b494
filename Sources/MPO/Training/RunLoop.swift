import Foundation

/// What the training loop needs of a trainer.
protocol TrainableRun: AnyObject {
  associatedtype Report
  var stepsDone: Int { get }
  var stepsInAll: Int { get }
  /// One step and its figures.
  func advance() throws -> Report
  /// Figures for metrics.jsonl, and those of the console's line.
  func values(_ report: Report) -> [(name: String, value: MetricValue)]
  func columns(_ report: Report) -> [(name: String, value: Double)]
  /// Writes a checkpoint's contents into its temporary folder.
  func writeCheckpoint(to folder: URL) throws
  /// Writes the final model into the output folder.
  func writeModel() throws
}

/// How a run ended.
public enum TrainingOutcome: Sendable, Equatable {
  case finished(steps: Int)
  /// A signal came; a checkpoint of `step` was saved.
  case stopped(step: Int)
}

/// Steps, metrics, console and checkpoints: the same for every trainer. One call per stage.
struct RunLoop {
  var settings: RunSettings
  var store: CheckpointStore
  var log: MetricsLog
  var progress: ProgressReporter
  /// Asked between steps.
  var stopRequested: () -> Bool

  /// Runs to the end or until asked to stop, and saves in both cases. An error leaves the last
  /// complete checkpoint as it is and saves nothing: the weights may not be numbers any more.
  func run<Run: TrainableRun>(_ run: Run) throws -> TrainingOutcome {
    var savedStep = -1
    defer { progress.finish() }
    while run.stepsDone < run.stepsInAll {
      if stopRequested() {
        try save(run, &savedStep)
        return .stopped(step: run.stepsDone)
      }
      let report = try run.advance()
      let step = run.stepsDone
      try log.append(step: step, run.values(report))
      if step % settings.loggingSteps == 0 || step == run.stepsInAll {
        progress.line(step: step, run.columns(report))
      } else {
        progress.bar(step: step)
      }
      if settings.saveSteps > 0 && step % settings.saveSteps == 0 { try save(run, &savedStep) }
    }
    try save(run, &savedStep)
    try run.writeModel()
    return .finished(steps: run.stepsDone)
  }

  private func save<Run: TrainableRun>(_ run: Run, _ savedStep: inout Int) throws {
    guard savedStep != run.stepsDone else { return }
    try store.save(step: run.stepsDone) { try run.writeCheckpoint(to: $0) }
    savedStep = run.stepsDone
  }
}
