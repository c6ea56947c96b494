import ArgumentParser
import Foundation
import MPO

/// A network in place of a table.
struct GameNeuralOptions: ParsableArguments {
  @Flag(help: "Play by a network: an embedding of each prompt, one set of weights for all.")
  var neural = false
  @Option(
    help: "exact: proximal steps are solved to a tolerance; adamw: as users train (default: both).")
  var mode: String?
  @Option(parsing: .unconditional, help: "Hidden width (default: as the games need, 16 or more).")
  var width: Int?
  @Option(parsing: .unconditional, help: "Residual SwiGLU blocks (default: 1).") var layers: Int?
  @Option(
    parsing: .unconditional,
    help: "exact: share of its first gradient norm at which a step is solved (default: 0.01).")
  var innerTolerance: Double?
  @Option(parsing: .unconditional, help: "exact: most optimizer steps of one (default: 40).")
  var maxInnerSteps: Int?
  @Option(
    parsing: .unconditional,
    help: "adamw: optimizer steps of one (default: 4 for many games, 16 for one).")
  var innerSteps: Int?
  @Option(
    parsing: .unconditional,
    help: "adamw: learning rate (default: 0.01 for many games, 0.003 for one).")
  var learningRate: Double?
  @Option(parsing: .unconditional, help: "adamw: PPO clip of the ratio, 0 is off (default: 0.2).")
  var clipRange: Double?

  var given: [(String, Bool)] {
    [
      ("--mode", mode != nil), ("--width", width != nil), ("--layers", layers != nil),
      ("--inner-tolerance", innerTolerance != nil), ("--max-inner-steps", maxInnerSteps != nil),
      ("--inner-steps", innerSteps != nil), ("--learning-rate", learningRate != nil),
      ("--clip-range", clipRange != nil),
    ]
  }

  func resolved(games: Int) throws -> NeuralGameSettings {
    var settings = NeuralGameSettings(games: games)
    if let mode {
      guard let only = NeuralGameSettings.Mode(rawValue: mode) else {
        throw ValidationError("--mode: expected exact or adamw, found '\(mode)'")
      }
      settings.modes = [only]
    }
    settings.width = width ?? settings.width
    settings.layers = layers ?? settings.layers
    settings.innerTolerance = innerTolerance ?? settings.innerTolerance
    settings.maxInnerSteps = maxInnerSteps ?? settings.maxInnerSteps
    settings.innerSteps = innerSteps ?? settings.innerSteps
    settings.learningRate = learningRate ?? settings.learningRate
    settings.clipRange = clipRange ?? settings.clipRange
    return settings
  }
}

extension GameCommand {
  /// Tabular MPO and a network on the same games.
  func playNeural(_ picture: PictureFile?) throws {
    let source = game ?? "g1"
    let loaded = try GameSource.load(source, options: try file.resolved())
    let named = try file.prompt.map { [try loaded.game(prompt: $0)] } ?? loaded.games
    if file.prompt == nil { for text in loaded.notes { note("note: \(text)") } }
    let games = named.map(\.game)
    var settings = try neuralOptions.resolved(games: games.count)
    settings.eta = eta ?? settings.eta
    settings.magnetCoefficient = magnetCoef ?? settings.magnetCoefficient
    settings.magnetSyncSteps = magnetSyncSteps ?? settings.magnetSyncSteps
    settings.steps = steps ?? settings.steps
    // Asked for a stop as often.
    settings.recordSteps = min(50, max(1, settings.steps / 80))
    settings.seed = seed ?? settings.seed
    let experiment = try ContextualExperiment(settings)
    let first = try startingPoint()
    let start = try games.map { try first.logPolicy($0.count).map(exp) }
    StopSignal.install()
    let backend = try device.open()
    if !json { try output(NeuralReport.header(source: source, games, settings) + "\n") }
    let progress = GameProgress(settings.steps)
    let result = try experiment.run(games: games, start: start, on: backend) {
      progress.goesOn(done: $0.step)
    }
    progress.finish()
    let report = NeuralReport(source: source, result)
    try show(report.text, report.jsonLines)
    try write(report.chart.svg, picture)
    try finish(report.isStopped, progress)
  }
}
