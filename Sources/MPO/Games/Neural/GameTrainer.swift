import Foundation
import MPOBackend
import MPOModel

/// Self-play of a network on games whose preferences are known: the trainer's inner steps, loss,
/// optimizer and magnet (`Learner`) on rollouts in which nothing is sampled.
///
/// A rollout has a row for every prompt x and response y with advantage `q_k(y|x) - 1/2`,
/// `q_k = P_x pi_k`, and weight `pi_k(y|x)`. Its loss, the weighted mean over rows, is then
/// `mean_x [-E_{y ~ pi}(q_k - 1/2) + alpha KL(pi || mu) + KL(pi || pi_k) / eta]`, whose minimiser is
/// the closed form of magnetic mirror descent,
/// `log pi = (log pi_k + eta alpha log mu + eta q_k) / (1 + eta alpha) - log Z`.
public final class GameTrainer {
  public let games: [PreferenceGame]
  public let network: GameNetwork
  public let learner: Learner
  /// Policies (X, n) as they stand: softmax in double precision of the network's logits.
  public private(set) var policies: [[Double]] = []
  private let contexts: PackedBatch

  /// - Parameters:
  ///   - start: first policy and first magnet of every game, (X, n) positive probabilities;
  ///     uniform when nil.
  ///   - settings: `reduction` does not matter; every response has one token.
  /// - Throws: `ConfigurationError.conflict` when the games, the start and the network differ in
  ///   size.
  public init(
    _ games: [PreferenceGame], network: GameNetwork, start: [[Double]]? = nil, seed: UInt64 = 0,
    optimizer: OptimizerSettings, totalSteps: Int, settings: LearnerSettings
  ) throws {
    let shape = network.shape
    let uniform = [Double](repeating: 1 / Double(shape.responses), count: shape.responses)
    let start = start ?? Array(repeating: uniform, count: shape.contexts)
    guard games.count == shape.contexts, start.count == shape.contexts,
      games.allSatisfy({ $0.count == shape.responses }),
      start.allSatisfy({ $0.count == shape.responses && $0.allSatisfy { $0 > 0 } })
    else {
      throw ConfigurationError.conflict(
        "expected \(shape.contexts) games of \(shape.responses) responses, and as many starts of "
          + "positive probabilities; found \(games.count) games of "
          + "\(Set(games.map(\.count)).sorted()) responses and \(start.count) starts")
    }
    self.games = games
    self.network = network
    let policy = try network.parameters(start: start, seed: seed)
    learner = try Learner(
      network, policy: policy,
      optimizer: Optimizer(
        network.layout, settings: optimizer, totalSteps: totalSteps * settings.innerSteps,
        on: network.backend),
      settings: settings)
    contexts = try network.pack(games.indices.map { [Int32(truncatingIfNeeded: $0)] })
    policies = try currentPolicies()
  }

  /// One proximal step of every game: a rollout of all responses and what is learned from it.
  /// - Throws: `TrainingError.nonFinite`.
  public func step() throws -> [InnerStepMetrics] {
    let metrics = try learner.learn(from: rows())
    policies = try currentPolicies()
    return metrics
  }

  /// Duality gap of every game's last iterate.
  public var gaps: [Double] { zip(games, policies).map { $0.dualityGap($1) } }

  private func rows() -> [RolloutRow] {
    zip(games, policies).enumerated().flatMap { x, pair in
      let rates = pair.0.winRates(against: pair.1)
      return rates.indices.map { y in
        RolloutRow(
          prompt: [Int32(truncatingIfNeeded: x)], response: [Int32(truncatingIfNeeded: y)],
          advantage: Float(rates[y] - 0.5), weight: Float(pair.1[y]))
      }
    }
  }

  private func currentPolicies() throws -> [[Double]] {
    let hidden = try network.hidden(
      contexts, TrainableParameters(values: learner.policy),
      tape: Tape(network.backend, recording: false), checkpointing: false)
    let logits = try network.backend.floats(network.logits(hidden.value, learner.policy))
    let n = network.vocabulary
    return games.indices.map { x in
      let z = logits[x * n..<(x + 1) * n].map(Double.init)
      let top = z.max() ?? 0
      let weights = z.map { exp($0 - top) }
      let sum = weights.reduce(0, +)
      return weights.map { $0 / sum }
    }
  }
}
