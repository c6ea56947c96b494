import ArgumentParser
import MPO
import MPOBackend

/// Settings come from `--config` and flags through one table (`MPOConfiguration.options`), which
/// also prints the help.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Aligns a model by self-play (Magnetic Preference Optimization).",
    discussion: """
      magnetic train --config game.yaml [--learning-rate 1e-4 ...]

      SETTINGS (in the file or as flags; flags win)
      \(MPOConfiguration.helpText())
      """)

  @Argument(parsing: .captureForPassthrough, help: "--config FILE and --name value pairs.")
  var arguments: [String] = []

  func run() throws {
    if arguments.contains("--help") || arguments.contains("-h") {
      print(Self.helpMessage())
      return
    }
    let settings = try MPOConfiguration.resolve(arguments: arguments)
    StopSignal.install()
    let backend = try openDevice(settings.run.device, threads: settings.run.threads)
    let trainer = try MPOTrainer(settings, on: backend)
    try finish(trainer.run(print: { note($0) }), settings.run.outputDirectory)
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
    if arguments.contains("--help") || arguments.contains("-h") {
      print(Self.helpMessage())
      return
    }
    let settings = try SFTConfiguration.resolve(arguments: arguments)
    StopSignal.install()
    let backend = try openDevice(settings.run.device, threads: settings.run.threads)
    let trainer = try SFTTrainer(settings, on: backend)
    try finish(trainer.run(print: { note($0) }), settings.run.outputDirectory)
  }
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
