/// When the magnet moves.
public enum MagnetSchedule: String, Sendable, CaseIterable {
  /// After every `magnet_sync_steps` rollouts.
  case fixed
  /// When the regularised game is solved well enough, as measured (`MagnetClock`).
  case adaptive
}

/// The refresh test of `AdaptiveMPO` on rollouts of a language model.
///
/// With `w(y) = (r(y) - 1/2)/alpha - log(pi/mu)(y)`, constant at the regularised equilibrium, the
/// regularised gap is `2 alpha (log E_pi e^w - E_pi w)`, to second order `alpha Var_pi(w)`. Over the
/// K responses to a prompt the variance is measured, less what few opponents add to it, and the magnet
/// is due when
/// `mean Var(w) / 2 <= sigma * mean KL(pi || mu)`, KL of whole responses.
///
/// On a table with exact win rates this test keeps every refresh from leading away from an
/// equilibrium (`AdaptiveMPO`). Here it is an estimate and a heuristic: the magnet becomes the policy
/// itself, and both sides are smoothed over rollouts. The fewer responses and the smaller alpha, the
/// noisier the left side: at the equilibrium of G2 with alpha = .1, 8 prompts of 16 responses leave
/// about +-.1 nats, of 64 about +-.02, where the right side is .04.
public struct MagnetClock: Sendable, Equatable, Codable {
  /// Rollouts since the last refresh.
  public private(set) var rollouts = 0
  /// Smoothed `mean Var(w) / 2`, in nats. 0 before the first rollout.
  public private(set) var innerError = 0.0
  /// Smoothed mean of `log(pi/mu)(y)` over responses, in nats.
  public private(set) var distance = 0.0

  public init() {}

  /// Accepted inner error as a share of the distance, as in `AdaptiveMPO`.
  package static let sigma = 0.5
  /// Share of the newest rollout in the smoothed figures: about the last five count.
  static let smoothing = 0.3

  /// Takes in one rollout.
  /// - Parameters:
  ///   - preferences: (N, K, K).
  ///   - logRatios: `log(pi_k/mu)` of every whole response under the policy that drew it, (N*K).
  ///   - alpha: the magnet's weight, > 0.
  public mutating func observe(_ preferences: PreferenceTable, logRatios: [Double], alpha: Double) {
    let k = preferences.responses
    var error = 0.0
    for n in 0..<preferences.prompts {
      let q = Self.winRates(preferences, prompt: n)
      let w = q.indices.map { q[$0] / alpha - logRatios[n * k + $0] }
      let noise = Self.opponentNoise(preferences, q, prompt: n) / (alpha * alpha)
      error += (Self.variance(w) - noise) / 2
    }
    error /= Double(max(1, preferences.prompts))
    let mean = logRatios.reduce(0, +) / Double(max(1, logRatios.count))
    let share = rollouts == 0 ? 1 : Self.smoothing
    innerError += share * (error - innerError)
    distance += share * (mean - distance)
    rollouts += 1
  }

  /// Whether the magnet should move now.
  /// - Parameters:
  ///   - atLeast: rollouts before a refresh; eta * alpha * rollouts below 0.6 may cycle.
  ///   - atMost: rollouts after which the magnet moves whatever was measured; 0 never.
  public func isDue(atLeast: Int, atMost: Int) -> Bool {
    if atMost > 0, rollouts >= atMost { return true }
    return rollouts >= atLeast && distance > 0 && innerError <= Self.sigma * distance
  }

  /// The magnet has moved.
  public mutating func restart() { self = MagnetClock() }

  /// Unbiased.
  package static func variance(_ x: [Double]) -> Double {
    guard x.count > 1 else { return 0 }
    let mean = x.reduce(0, +) / Double(x.count)
    return x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count - 1)
  }

  /// Win rates less 1/2 against all K responses, the response itself among them, (K): in
  /// `P(i > j) - 1/2 = a_i - a_j + c_ij` that is a_i up to a constant and the mean of c.
  package static func winRates(_ preferences: PreferenceTable, prompt n: Int) -> [Double] {
    let k = preferences.responses
    return (0..<k).map { i in
      (0..<k).reduce(0.0) { $0 + Double(preferences[n, i, $1]) - 0.5 } / Double(k)
    }
  }

  /// What K opponents, in place of all, add to the variance of `winRates` over a prompt's responses.
  /// Whoever is drawn, a_i is the same; the mean of c adds `Var(c) / K`. K (K - 1) / 2 pairs less
  /// K - 1 fitted numbers estimate Var(c). 0 for K = 2, which cannot tell.
  package static func opponentNoise(_ preferences: PreferenceTable, _ q: [Double], prompt n: Int)
    -> Double
  {
    let k = q.count
    guard k > 2 else { return 0 }
    var squares = 0.0
    for i in 0..<k {
      for j in 0..<i {
        let rest = Double(preferences[n, i, j]) - 0.5 - (q[i] - q[j])
        squares += rest * rest
      }
    }
    let variance = squares / Double((k - 1) * (k - 2) / 2)
    return variance / Double(k)
  }
}
