import ArgumentParser
import MPO
import MPOBackend

/// Settings come from `--config` and flags through one table (`AlignmentConfiguration.options`), which
/// also prints the help.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Aligns a model by self-play (Magnetic Preference Optimization).",
    discussion: """
      magnetic train --config game.yaml [--learning-rate 1e-4 ...]

      SETTINGS (in the file or as flags; flags win)
      \(AlignmentConfiguration.helpText())
      """)

  @Argument(parsing: .captureForPassthrough, help: "--config FILE and --name value pairs.")
  var arguments: [String] = []

  func run() throws {
    try runTraining(arguments, help: Self.helpMessage(), \AlignmentConfiguration.run) {
      settings, backend in
      try AlignmentTrainer(settings, on: backend).run(print: { note($0) })
    }
  }
}

struct SFTCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sft",
    abstract: "Trains a model on text by cross-entropy, from a checkpoint or from scratch.",
    discussion: """
      magnetic sft --config sft.yaml [--learning-rate 1e-4 ...]

      SETTINGS (in the file or as flags; flags win)
      \(SFTConfiguration.helpText())
      """)

  @Argument(parsing: .captureForPassthrough, help: "--config FILE and --name value pairs.")
  var arguments: [String] = []

  func run() throws {
    try runTraining(arguments, help: Self.helpMessage(), \SFTConfiguration.run) {
      settings, backend in
      try SFTTrainer(settings, on: backend).run(print: { note($0) })
    }
  }
}

/// The course of both: help or settings, device, run.
private func runTraining<Settings: ConfigurableSettings>(
  _ arguments: [String], help: String, _ run: KeyPath<Settings, RunSettings>,
  _ train: (Settings, any ComputeBackend) throws -> TrainingOutcome
) throws {
  if arguments.contains("--help") || arguments.contains("-h") {
    print(help)
    return
  }
  let settings = try Settings.resolve(arguments: arguments)
  try runTraining(settings[keyPath: run]) { try train(settings, $0) }
}

/// Opens the device, trains, and says how it ended.
func runTraining(
  _ common: RunSettings, _ train: (any ComputeBackend) throws -> TrainingOutcome
) throws {
  StopSignal.install()
  let backend = try openDevice(common.device, threads: common.threads)
  try finish(train(backend), common.outputDirectory)
}

/// Says how a run ended; after a signal the status is 128 + its number.
private func finish(_ outcome: TrainingOutcome, _ folder: String) throws {
  switch outcome {
  case .finished(let steps):
    note("finished \(steps) steps; model: \(folder)")
  case .stopped(let step):
    note("stopped; checkpoint-\(step) is saved in \(folder), continue with --resume")
    throw ExitCode(StopSignal.exitStatus)
  }
}
