import Foundation

/// Several algorithms on one game: table, JSON lines and picture.
public struct GameReport: Sendable {
  /// What one algorithm came to.
  public struct Result: Sendable {
    public let algorithm: AlgorithmChoice
    public let label: String
    public let curve: GameCurve
    /// The nearest equilibrium to the last iterate, and how far it is in total variation; nil where
    /// it was not asked for or the last iterate is no policy any more.
    public let exact: (equilibrium: [Double], totalVariation: Double)?

    /// Updates done.
    public var updates: Int { curve.steps.last ?? 0 }
  }

  /// Gaps whose first update is reported.
  public static let thresholds = [1e-3, 1e-6]

  public let name: String
  public let game: PreferenceGame
  public let settings: GameSettings
  /// One for each algorithm; fewer after a stop before the others began.
  public private(set) var results: [Result] = []
  /// What a reader should know: a solver that gave up.
  public private(set) var notes: [String] = []
  public var isStopped: Bool {
    results.count < settings.algorithms.count
      || results.contains { $0.updates < settings.steps }
  }

  /// Plays all algorithms, one after the other.
  /// - Parameter goesOn: asked after every update of any algorithm; false stops.
  /// - Throws: `GameError` for settings that do not fit the game.
  public init(
    _ named: NamedGame, _ settings: GameSettings, goesOn: () -> Bool = { true }
  ) throws {
    try settings.validate()
    name = named.name
    game = named.game
    self.settings = settings
    let start = try settings.start.logPolicy(game.count)
    var run = GameRun(game, steps: settings.steps, feedback: settings.feedback)
    run.thresholds = Self.thresholds
    run.keepsPath = game.count == 3
    for (choice, label) in zip(settings.algorithms, settings.labels) {
      var isStopped = false
      let curve = run.play(choice.make(start: start)) {
        isStopped = isStopped || !goesOn()
        return isStopped
      }
      let exact = solve(curve, choice, stopped: isStopped)
      results.append(Result(algorithm: choice, label: label, curve: curve, exact: exact))
      if isStopped { break }
    }
  }

  private mutating func solve(
    _ curve: GameCurve, _ choice: AlgorithmChoice, stopped: Bool
  ) -> (equilibrium: [Double], totalVariation: Double)? {
    guard settings.solvesExactly(game.count, stopped: stopped),
      curve.policy.allSatisfy(\.isFinite)
    else { return nil }
    do {
      return try game.nearestEquilibrium(to: curve.policy)
    } catch {
      notes.append("\(choice.text): \(error)")
      return nil
    }
  }
}

// MARK: - JSON

extension GameReport {
  /// One object a line, one for each algorithm.
  public var jsonLines: [String] {
    results.map { result in
      var line = JSONLine()
      line.add("algorithm", result.algorithm.text)
      line.add("game", name)
      line.add("n", game.count)
      line.add("settings", result.algorithm.settingsJSON)
      line.add("steps", result.updates)
      if case .sampled(let opponents, _) = settings.feedback { line.add("opponents", opponents) }
      line.add("updates_to_1e-3", result.curve.reached[1e-3])
      line.add("updates_to_1e-6", result.curve.reached[1e-6])
      line.add("equilibrium_distance", result.exact?.totalVariation)
      line.add("names", game.names)
      line.add("policy", result.curve.policy)
      if let exact = result.exact { line.add("equilibrium", exact.equilibrium.map { max(0, $0) }) }
      line.add("gap", steps: result.curve.steps, result.curve.gap)
      line.add("average_gap", steps: result.curve.steps, result.curve.averageGap)
      return line.text
    }
  }
}
