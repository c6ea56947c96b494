import Foundation
import MPOBackend

/// Random preference games of one size in one precision, the same for every contender.
struct GameCase {
  let n: Int
  let batch: Int
  let type: ElementType

  static func settings(steps: Int) -> MagneticUpdateSettings {
    // numpy_games.py has the same numbers.
    MagneticUpdateSettings(eta: 0.3, alpha: 0.1, steps: steps, syncSteps: 100)
  }

  /// P[i, j] uniform and P[j, i] = 1 - P[i, j], (B, n, n).
  func payoffs() -> [Double] {
    var random = PhiloxGenerator(seed: UInt64(n), domain: .test)
    var p = [Double](repeating: 0.5, count: batch * n * n)
    for b in 0..<batch {
      for i in 0..<n {
        for j in 0..<i {
          let u = Double(random.uniform())
          p[(b * n + i) * n + j] = u
          p[(b * n + j) * n + i] = type == .f64 ? 1 - u : Double(1 - Float(u))
        }
      }
    }
    return p
  }

  /// Uniform with one action ahead.
  var start: [Double] {
    (0..<(batch * n)).map { -log(Double(n)) + ($0 % n == 0 ? 0.5 : 0) }
  }
}

/// One backend's tensors of a case.
final class GamePlayer {
  let backend: any ComputeBackend
  let name: String
  private let game: GameCase
  private let payoff: Tensor
  private let policy: Tensor
  private let magnet: Tensor
  private let begin: Tensor

  init(_ backend: any ComputeBackend, _ name: String, _ game: GameCase, payoffs: [Double]) throws {
    self.backend = backend
    self.name = name
    self.game = game
    func tensor(_ values: [Double], _ shape: [Int]) throws -> Tensor {
      game.type == .f64
        ? try backend.tensor(doubles: values, shape)
        : try backend.tensor(values.map { Float($0) }, shape)
    }
    let shape = [game.batch, game.n]
    payoff = try tensor(payoffs, [game.batch, game.n, game.n])
    begin = try tensor(game.start, shape)
    policy = try backend.empty(shape, game.type)
    magnet = try backend.empty(shape, game.type)
  }

  /// Seconds of one call from the start.
  func play(steps: Int) throws -> Double {
    try backend.copy(begin, to: policy)
    try backend.copy(begin, to: magnet)
    try backend.synchronize()
    return try measured {
      try backend.magneticUpdate(
        logPolicy: policy, logMagnet: magnet, payoff: payoff,
        settings: GameCase.settings(steps: steps))
      try backend.synchronize()
    }
  }

  /// Log-policy of the first game.
  func first() throws -> [Double] {
    let row = policy.rows(0..<1)
    return game.type == .f64
      ? try backend.doubles(row) : try backend.floats(row).map { Double($0) }
  }
}
