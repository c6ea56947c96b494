import Foundation

/// What happened to one algorithm on one game.
public struct GameCurve: Sendable {
  /// Recorded updates, increasing; 0 is the start.
  public var steps: [Int] = []
  /// Duality gap of the last iterate at each of them.
  public var gap: [Double] = []
  /// Duality gap of the average iterate, the mean policy over updates 1...t (the start at 0).
  public var averageGap: [Double] = []
  /// The policies themselves, (n) each, and the average iterates; empty where the run keeps none.
  public var policies: [[Double]] = []
  public var averages: [[Double]] = []
  /// The way of the last and of the average iterate, in steps too small to be seen, where the run
  /// keeps it: updates between records would be cut off.
  public var path: [[Double]] = []
  public var averagePath: [[Double]] = []
  /// The last iterate; of `AdaptiveMPO` the best point it has played (as in `gap` and `policies`).
  public var policy: [Double] = []
  /// The first update whose gap was below each threshold asked for; absent when none was.
  public var reached: [Double: Int] = [:]

  public init() {}
}

/// Plays an algorithm on a game and records its curve.
public struct GameRun {
  public let game: PreferenceGame
  public var steps: Int
  public var feedback: Feedback
  /// Gaps whose first update is noted, whether recorded or not.
  public var thresholds: [Double] = [1e-3, 1e-6]
  /// Updates that are recorded: all of the first hundred, then about this many evenly spaced in the
  /// logarithm, and the last.
  public var records = 400
  /// Whether the curve keeps the policies of its records. Default: true.
  public var keepsPolicies = true
  /// Whether the curve keeps the paths, for pictures. Default: false.
  public var keepsPath = false

  public init(_ game: PreferenceGame, steps: Int, feedback: Feedback = .full) {
    self.game = game
    self.steps = steps
    self.feedback = feedback
  }

  /// - Parameter stopRequested: asked after every update; a run that is stopped returns what it has,
  ///   its last update recorded.
  public func play(
    _ algorithm: some GameAlgorithm, stopRequested: () -> Bool = { false }
  ) -> GameCurve {
    var algorithm: any GameAlgorithm = algorithm
    var source = FeedbackSource(game, feedback)
    var curve = GameCurve()
    var sum = [Double](repeating: 0, count: game.count)
    var policy = algorithm.policy
    record(0, policy: policy, average: policy, in: &curve)
    if keepsPath { (curve.path, curve.averagePath) = ([policy], [policy]) }
    var next = 1
    for step in 1...max(1, steps) where step <= steps {
      algorithm.update { source.winRates(against: $0) }
      policy = algorithm.policy
      for y in sum.indices { sum[y] += policy[y] }
      if keepsPath {
        Self.extend(&curve.path, policy)
        Self.extend(&curve.averagePath, sum.map { $0 / Double(step) })
      }
      let open = thresholds.filter { curve.reached[$0] == nil }
      if !open.isEmpty {
        let gap = game.dualityGap(policy)
        for threshold in open where gap < threshold { curve.reached[threshold] = step }
      }
      let isLast = stopRequested() || step == steps
      if step == next || isLast {
        record(step, policy: policy, average: sum.map { $0 / Double(step) }, in: &curve)
        next = following(step)
      }
      if isLast { break }
    }
    curve.policy = policy
    return curve
  }

  private func record(
    _ step: Int, policy: [Double], average: [Double], in curve: inout GameCurve
  ) {
    curve.steps.append(step)
    curve.gap.append(game.dualityGap(policy))
    curve.averageGap.append(game.dualityGap(average))
    guard keepsPolicies else { return }
    curve.policies.append(policy)
    curve.averages.append(average)
  }

  /// A point that is 1/1000 or more from the last one; at most 20,000.
  private static func extend(_ path: inout [[Double]], _ policy: [Double]) {
    guard path.count < 20_000 else { return }
    let moved = path.last.map { zip($0, policy).reduce(0) { $0 + abs($1.0 - $1.1) } / 2 }
    if (moved ?? 1) >= 1e-3 { path.append(policy) }
  }

  private func following(_ step: Int) -> Int {
    step < 100 ? step + 1 : max(step + 1, Int(Double(step) * pow(10, 3 / Double(records))))
  }
}

/// Where algorithms start.
public enum GameStart: Sendable, Equatable {
  case uniform
  /// softmax(0.01 i): nearly uniform, so that a symmetric game does not start at its solution.
  case ramp
  case policy([Double])

  /// `uniform`, `ramp`, or n numbers of at least 0 that add up to 1, separated by commas.
  /// - Throws: `GameError.start`.
  public init(_ text: String) throws {
    switch text {
    case "uniform": self = .uniform
    case "ramp": self = .ramp
    default:
      let values = text.split(separator: ",").map {
        Double($0.trimmingCharacters(in: .whitespaces))
      }
      let numbers = values.compactMap { $0 }
      guard !numbers.isEmpty, numbers.count == values.count,
        numbers.allSatisfy({ $0.isFinite && $0 >= 0 }), abs(numbers.reduce(0, +) - 1) < 1e-6
      else {
        throw GameError.start(
          "expected uniform, ramp or probabilities that add up to 1 like 0.2,0.5,0.3; found "
            + "'\(text)'")
      }
      self = .policy(numbers)
    }
  }

  /// Logarithms, (n), normalised.
  /// - Throws: `GameError.start` when the number of probabilities is not n.
  public func logPolicy(_ n: Int) throws -> [Double] {
    switch self {
    case .uniform: return [Double](repeating: -log(Double(n)), count: n)
    case .ramp: return LogSpace.normalised((0..<n).map { 0.01 * Double($0) })
    case .policy(let values):
      guard values.count == n else {
        throw GameError.start(
          "the start has \(values.count) probabilities, but the game has \(n) responses")
      }
      return LogSpace.normalised(values.map(log))
    }
  }
}
