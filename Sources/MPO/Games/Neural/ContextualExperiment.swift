import Foundation
import MPOBackend

/// Games played by a network through the language models' trainer, beside tabular MPO of each game
/// by itself: with every proximal step solved the two curves are one, and with AdamW as users run
/// it the gap must still fall. One game is a contextual game with one prompt.
public struct ContextualExperiment: Sendable {
  public let settings: NeuralGameSettings

  /// - Throws: `ConfigurationError.value` for a setting out of its range.
  public init(_ settings: NeuralGameSettings) throws {
    try settings.validate()
    self.settings = settings
  }

  /// Runs all modes side by side.
  /// - Parameters:
  ///   - games: of one number of responses; prompt x is the game's index.
  ///   - start: first policy and magnet of every game, positive probabilities; uniform when nil.
  ///   - goesOn: asked with every record as it is made; false stops, and what there is returns.
  /// - Throws: `GameError.options` for games that one network cannot play together,
  ///   `GameError.start` for a start that is no policy of theirs, `TrainingError.nonFinite` when a
  ///   mode diverges to NaN, and what the backend throws.
  public func run(
    games: [PreferenceGame], start: [[Double]]? = nil, on backend: any ComputeBackend,
    goesOn: (NeuralGameResult.Record) -> Bool = { _ in true }
  ) throws -> NeuralGameResult {
    guard !games.isEmpty else {
      throw GameError.options("expected at least one game, found none")
    }
    var result = NeuralGameResult(settings: settings, games: games.count)
    let trainers = try settings.modes.map {
      (mode: $0, trainer: try settings.trainer($0, games: games, start: start, on: backend))
    }
    var tabular = games.indices.map { x in
      MagneticPreferenceOptimization(
        MagneticMirrorDescent(
          start: start?[x].map { log($0) } ?? [Double](repeating: 0, count: games[x].count),
          eta: settings.eta, alpha: settings.magnetCoefficient),
        syncSteps: settings.magnetSyncSteps)
    }
    var clock = PhaseClock()
    for step in 1...settings.steps {
      for x in games.indices { tabular[x].update { games[x].winRates(against: $0) } }
      clock.mark("tabular")
      for (mode, trainer) in trainers {
        let inner = try trainer.step()
        if mode == .exact { count(inner, in: &result) }
        clock.mark(mode.rawValue)
      }
      guard step % settings.recordSteps == 0 || step == settings.steps else { continue }
      let record = Self.record(step, games, tabular.map(\.policy), trainers)
      result.records.append(record)
      clock.mark("recording")
      if !goesOn(record) { break }
    }
    for phase in clock.phases { result.seconds[phase.name, default: 0] += phase.seconds }
    return result
  }

  private func count(_ inner: [InnerStepMetrics], in result: inout NeuralGameResult) {
    result.exactInnerSteps += inner.count
    result.exactProximalSteps += 1
    if inner.last?.isSolved == false { result.exactUnsolved += 1 }
  }

  private static func record(
    _ step: Int, _ games: [PreferenceGame], _ tabular: [[Double]],
    _ trainers: [(mode: NeuralGameSettings.Mode, trainer: GameTrainer)]
  ) -> NeuralGameResult.Record {
    var record = NeuralGameResult.Record(
      step: step, tabular: GapSummary(zip(games, tabular).map { $0.dualityGap($1) }))
    for (mode, trainer) in trainers {
      switch mode {
      case .exact:
        record.exact = GapSummary(trainer.gaps)
        record.exactDistance = zip(trainer.policies, tabular).map { policy, reference in
          zip(policy, reference).reduce(0) { $0 + abs($1.0 - $1.1) } / 2
        }.max()
      case .adamW: record.adamW = GapSummary(trainer.gaps)
      }
    }
    return record
  }
}
