import Foundation

/// Several algorithms on each of many games: how often and how soon they arrive.
public struct GamesReport: Sendable {
  /// What one algorithm came to on one game.
  public struct Outcome: Sendable {
    /// Of the last iterate after the last update.
    public let gap: Double
    public let averageGap: Double
    /// First update below 1e-3 and 1e-6.
    public let toThousandth: Int?
    public let toMillionth: Int?
    public let updates: Int
  }

  /// What one algorithm came to, in the order of the games that were played.
  public struct Result: Sendable {
    public let algorithm: AlgorithmChoice
    public let label: String
    public fileprivate(set) var outcomes: [Outcome] = []
    /// Gaps of the last iterate at `steps`, one row for each game played to its end.
    fileprivate var gaps: [[Double]] = []
    public fileprivate(set) var steps: [Int] = []
  }

  public let source: String
  public let games: [NamedGame]
  public let settings: GameSettings
  public private(set) var results: [Result]
  /// Games all algorithms were played on, from the first.
  public private(set) var played = 0
  public var isStopped: Bool { played < games.count }
  /// Games of the source in which every response is beaten by another.
  public var cyclic: Int { games.filter { $0.game.unbeaten == nil }.count }

  /// - Parameter goesOn: asked after every update; false stops, and the game under way is left out.
  /// - Throws: `GameError` for settings that do not fit the games.
  public init(
    source: String, _ games: [NamedGame], _ settings: GameSettings,
    goesOn: () -> Bool = { true }
  ) throws {
    try settings.validate()
    self.source = source
    self.games = games
    self.settings = settings
    results = zip(settings.algorithms, settings.labels).map { Result(algorithm: $0, label: $1) }
    for (index, named) in games.enumerated() {
      guard let curves = try play(named.game, index, goesOn) else { return }
      for (i, curve) in curves.enumerated() {
        results[i].outcomes.append(
          Outcome(
            gap: curve.gap.last ?? .nan, averageGap: curve.averageGap.last ?? .nan,
            toThousandth: curve.reached[1e-3], toMillionth: curve.reached[1e-6],
            updates: curve.steps.last ?? 0))
        results[i].gaps.append(curve.gap)
        results[i].steps = curve.steps
      }
      played += 1
    }
  }

  /// Nil after a stop. Sampled opponents of game i come from seed + i.
  private func play(
    _ game: PreferenceGame, _ index: Int, _ goesOn: () -> Bool
  ) throws -> [GameCurve]? {
    var feedback = settings.feedback
    if case .sampled(let opponents, let seed) = feedback {
      feedback = .sampled(opponents: opponents, seed: seed &+ UInt64(index))
    }
    var run = GameRun(game, steps: settings.steps, feedback: feedback)
    run.thresholds = GameReport.thresholds
    run.keepsPolicies = false
    run.records = 100
    let start = try settings.start.logPolicy(game.count)
    var curves: [GameCurve] = []
    for choice in settings.algorithms {
      var isStopped = false
      curves.append(
        run.play(choice.make(start: start)) {
          isStopped = isStopped || !goesOn()
          return isStopped
        })
      if isStopped { return nil }
    }
    return curves
  }
}

extension GamesReport.Result {
  /// Updates to a gap below 1e-6; infinite where it was not reached.
  var updates: Quantiles {
    Quantiles(outcomes.map { $0.toMillionth.map(Double.init) ?? .infinity })
  }
  var notReached: Int { outcomes.filter { $0.toMillionth == nil }.count }
  /// The game that took longest, or of those never reached the one with the greatest gap.
  var worst: Int? {
    outcomes.indices.max { rank($0) < rank($1) }
  }
  private func rank(_ i: Int) -> (Double, Double) {
    let gap = outcomes[i].gap
    return (
      outcomes[i].toMillionth.map(Double.init) ?? .infinity, gap.isNaN ? .infinity : gap
    )
  }
  /// Of the gaps over the games, at each of `steps`.
  var gapQuantiles: [Quantiles] {
    steps.indices.map { record in Quantiles(gaps.map { $0[record] }) }
  }
}
