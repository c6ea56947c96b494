import ArgumentParser
import MPO
import MPOBackend

struct PreferenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "preference",
    abstract: "Trains a preference model from pairs, or measures one.",
    discussion: """
      magnetic preference --config preference.yaml [--learning-rate 1e-4 ...]
      magnetic preference --evaluate --model-name-or-path DIR --eval-dataset-name FILE [--json]

      SETTINGS (in the file or as flags; flags win)
      \(PreferenceConfiguration.helpText())
      """)

  @Argument(parsing: .captureForPassthrough, help: "--config FILE and --name value pairs.")
  var arguments: [String] = []

  func run() throws {
    if arguments.contains("--help") || arguments.contains("-h") {
      print(Self.helpMessage())
      return
    }
    let settings = try PreferenceConfiguration.resolve(arguments: arguments)
    guard settings.evaluate else { return try train(settings) }
    let backend = try openDevice(settings.run.device, threads: settings.run.threads)
    let (report, warning) = try PreferenceTrainer.evaluate(settings, on: backend)
    if let warning { note(warning) }
    for line in settings.json ? [try report.json(pretty: false)] : report.lines {
      try output(line)
    }
  }

  private func train(_ settings: PreferenceConfiguration) throws {
    try runTraining(settings.run) { backend in
      let trainer = try PreferenceTrainer(settings, on: backend)
      let outcome = try trainer.run(print: { note($0) })
      if case .finished = outcome, let report = trainer.lastReport {
        for line in report.lines { note(line) }
      }
      return outcome
    }
  }
}
