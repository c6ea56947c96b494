import MPOBackend

/// What an algorithm is told about its policy.
public enum Feedback: Sendable, Equatable {
  /// The exact win rates, `P pi`.
  case full
  /// The mean over K opponents drawn from the policy, `q(y) = mean_k P(y > y_k)`: unbiased, and it
  /// leaves a floor under the gap.
  case sampled(opponents: Int, seed: UInt64)
}

/// A game asked through one kind of feedback. Draw t is a Philox stream of its own, so a run gives
/// the same numbers again.
public struct FeedbackSource {
  public let game: PreferenceGame
  public let feedback: Feedback
  private var draws: UInt32 = 0

  public init(_ game: PreferenceGame, _ feedback: Feedback = .full) {
    self.game = game
    self.feedback = feedback
  }

  public mutating func winRates(against policy: [Double]) -> [Double] {
    switch feedback {
    case .full: return game.winRates(against: policy)
    case .sampled(let opponents, let seed):
      var random = PhiloxGenerator(seed: seed, domain: .sampling, stream: draws)
      draws &+= 1
      var counts = [Double](repeating: 0, count: game.count)
      for _ in 0..<opponents { counts[Self.draw(policy, Double(random.uniform()))] += 1 }
      return game.winRates(against: counts.map { $0 / Double(opponents) })
    }
  }

  /// Inverse transform in index order; the last action with mass when rounding leaves a rest.
  private static func draw(_ policy: [Double], _ uniform: Double) -> Int {
    var rest = uniform
    for (y, p) in policy.enumerated() {
      rest -= p
      if rest < 0 { return y }
    }
    return policy.lastIndex { $0 > 0 } ?? 0
  }
}
