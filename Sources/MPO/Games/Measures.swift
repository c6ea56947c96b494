import Foundation

/// How good a policy is in a game. Policies are n probabilities (precondition).
extension PreferenceGame {
  /// `q(a) = (P pi)(a)`: the win rate of every response against a policy.
  public func winRates(against policy: [Double]) -> [Double] {
    let n = count
    return (0..<n).map { a in
      var sum = 0.0
      for b in 0..<n { sum += values[a * n + b] * policy[b] }
      return sum
    }
  }

  /// Duality gap `max_y (P pi)(y) - min_y (pi^T P)(y)`: 0 exactly at a Nash equilibrium of the
  /// game, at most 1. From the shares of m samples it is biased upwards, by about 1/sqrt(m).
  public func dualityGap(_ policy: [Double]) -> Double {
    let best = winRates(against: policy).max() ?? 0
    var columns = [Double](repeating: 0, count: count)
    for a in 0..<count {
      for b in 0..<count { columns[b] += policy[a] * self[a, b] }
    }
    return best - (columns.min() ?? 0)
  }

  /// The first response that beats or ties every other (a Condorcet winner in the weak sense): the
  /// pure policy of it is an equilibrium. Nil where preferences run in circles.
  public var unbeaten: Int? {
    (0..<count).first { a in (0..<count).allSatisfy { self[a, $0] >= 0.5 - Self.tolerance } }
  }

  /// Gap of the game regularised towards `magnet` with weight alpha > 0:
  /// `2 (v + alpha KL(pi || mu)) - 1`, `v = alpha log sum_y mu(y) exp((P pi)(y) / alpha)`; 0 at
  /// the regularised equilibrium, infinite where pi has mass outside mu's support.
  public func regularisedGap(_ policy: [Double], magnet: [Double], alpha: Double) -> Double {
    let rates = winRates(against: policy)
    let top = zip(rates, magnet).filter { $0.1 > 0 }.map(\.0).max() ?? 0
    let sum = zip(rates, magnet).reduce(0.0) { $0 + $1.1 * exp(($1.0 - top) / alpha) }
    let value = top + alpha * log(sum)
    var divergence = 0.0
    for (p, m) in zip(policy, magnet) where p > 0 {
      divergence += m > 0 ? p * log(p / m) : .infinity
    }
    return 2 * (value + alpha * divergence) - 1
  }

  /// Share of each class among classified samples; uniform when there are none. Precondition: every
  /// entry is in `0..<n`.
  public func shares(_ classes: [Int]) -> [Double] {
    guard !classes.isEmpty else {
      return [Double](repeating: 1 / Double(names.count), count: names.count)
    }
    var counts = [Int](repeating: 0, count: names.count)
    for a in classes { counts[a] += 1 }
    return counts.map { Double($0) / Double(classes.count) }
  }
}
