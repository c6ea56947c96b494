import Foundation

/// MPO without settings: no step size, no magnet weight, no period. `magnetic game` plays it by
/// default.
///
/// With q the win rates against pi, one magnetic step with eta * alpha = 1 is
/// `log pi = (log pi + log mu + q/alpha) / 2 - log Z`. Its residual `w = q/alpha - log(pi/mu)` is
/// constant exactly at the regularised equilibrium, and the regularised gap is
/// `gap_alpha = 2 alpha (log E_pi e^w - E_pi w)`: both come with q at no further cost.
///
/// - **Optimism.** `2 q_t - q_{t-1}` extrapolates by fixed coefficients. Here they are those that
///   make the residual smallest over the last `memory` updates (`Extrapolation`).
/// - **Refresh** as soon as `log E_pi e^w - E_pi w <= sigma KL(pi || mu)`. The magnet becomes the
///   regularised best response, `log mu' = log mu + q/alpha - log Z`.
/// - **alpha** shrinks after a round that was quick and grows after one that was slow, or within a
///   round that stands still, at most to 1/2.
///
/// *Proved.* For every equilibrium pi*, every accepted pi and any alpha,
/// `KL(pi* || mu') <= KL(pi* || mu) - (1 - sigma) KL(pi || mu)`: no accepted magnet is farther from
/// any equilibrium than the last one. (`KL(pi* || mu') <= KL(pi* || mu) + L` with
/// `L = log E_mu e^{(q - 1/2)/alpha}`, because pi* wins at least half of the time, and
/// `L = log E_pi e^w - E_pi w - KL(pi || mu)` for q - 1/2 in w: the hybrid proximal extragradient
/// argument of Solodov and Svaiter, 1999.) So the accepted KLs have a finite sum, the average of the
/// accepted policies weighted by 1/alpha has gap <= 2 log(1/min mu_0) / sum 1/alpha, and where
/// an equilibrium has full support the magnets go to an equilibrium. A round ends: standing still
/// doubles alpha, and at alpha = 1/2 the steps are plain MMD with eta = 4 alpha, from the round's best
/// point when one goes astray, which converges. The tiny uniform part mixed into every magnet
/// adds at most its (summable) share to the right side. With P + P^T = 1 only within a tolerance all
/// of this holds up to that.
///
/// *Observed only.* Linear or faster convergence, on the games of `bench/GAMES.md`. The gap of the
/// points played does not fall at every update: games with margins of 1e-8 beside .5 were seen to
/// fall to 1e-10 and rise to .2 before they settled. So the policy is the best point played.
///
/// It needs exact win rates: sampled ones make the residual noise.
public struct AdaptiveMPO: GameAlgorithm {
  /// What the constants are. The defaults were chosen on 178 games, most random or constructed, with
  /// the fourteen games of the goal in view (bench/GAMES.md, bench/NOTES.md); a user sets none.
  public struct Constants: Sendable, Equatable {
    /// Accepted inner error as a share of KL(pi || mu), in (0, 1).
    public var sigma = 0.5
    /// First alpha; it adapts.
    public var alpha = 0.1
    /// alpha's bounds. At the upper one a step is plain MMD with eta = 4 alpha.
    public var alphaRange = 1e-8...0.5
    /// A round of at most this many updates is quick, of more than four times as many slow.
    public var quickRound = 8
    /// alpha's factors after a quick round and a slow one.
    public var shrink = 0.7
    public var grow = 1.5
    /// Updates without 1 % less inner error before alpha doubles within a round.
    public var patience = 10
    /// The inner error may grow by this factor over the round's best before the step is undone.
    public var tolerated = 10.0
    /// Past updates that the extrapolation combines: as many as there are responses, within these
    /// bounds. Fewer leave large games without a full support slow.
    public var memory = 20...64
    public init() {}
  }

  /// log pi of the point with the smallest gap so far, (n). A point's gap comes with its win rates,
  /// so nothing better is ever given away; the points played go astray for a while now and then.
  public private(set) var logPolicy: [Double]
  /// log pi of the last point played.
  public private(set) var lastLogPolicy: [Double]
  /// The gap of `logPolicy`, 2 max(q - 1/2).
  private var gap = Double.infinity
  public private(set) var logMagnet: [Double]
  public private(set) var alpha: Double
  /// Magnets accepted.
  public private(set) var rounds = 0
  private let constants: Constants
  /// Where win rates are asked next.
  private var trial: [Double]
  private var history: Extrapolation
  private var best: (point: PlayedPoint, error: Double)?
  private var stalled = 0
  private var updatesInRound = 0

  public init(start: [Double], constants: Constants = Constants()) {
    self.constants = constants
    logPolicy = LogSpace.normalised(start)
    logMagnet = logPolicy
    trial = logPolicy
    lastLogPolicy = logPolicy
    alpha = constants.alpha
    let bounds = constants.memory
    history = Extrapolation(
      memory: min(max(start.count, bounds.lowerBound), bounds.upperBound))
  }

  public mutating func update(_ winRates: WinRates) {
    var point = PlayedPoint(logPolicy: trial, winRates: winRates(trial.map(exp)))
    lastLogPolicy = trial
    if point.gap < gap {
      gap = point.gap
      logPolicy = trial
    }
    // Nothing is left to measure: n ulps are rounding.
    if gap <= Double(trial.count) * 1e-15 { return }
    history.append(point)
    let (error, distance) = innerError(point)
    if error <= constants.sigma * distance {
      accept(point)
    } else {
      point = compare(point, error)
    }
    updatesInRound += 1
    trial = step(from: point)
  }

  /// `log E_pi e^w - E_pi w`, gap_alpha / (2 alpha), and KL(pi || mu); each relative to itself, however
  /// small.
  private func innerError(_ point: PlayedPoint) -> (error: Double, distance: Double) {
    let w = point.residual(logMagnet, alpha)
    let mean = zip(point.policy, w).reduce(0) { $1.0 > 0 ? $0 + $1.0 * $1.1 : $0 }
    var excess = 0.0
    var distance = 0.0
    for (y, p) in point.policy.enumerated() where p > 0 {
      excess += p * expExcess(w[y] - mean)
      distance += p * expExcess(logMagnet[y] - point.logPolicy[y])
    }
    if excess.isFinite { return (log1p(excess), distance) }
    let shifted = w.indices.map { point.logPolicy[$0] + w[$0] - mean }
    let error = LogSpace.logSumExp(shifted)
    return (error.isNaN ? .infinity : error, distance)
  }

  /// The magnet becomes the regularised best response; alpha follows the length of the round.
  private mutating func accept(_ point: PlayedPoint) {
    rounds += 1
    logMagnet = LogSpace.normalised(
      logMagnet.indices.map { logMagnet[$0] + point.winRates[$0] / alpha })
    // An action that sank to e^-400 would need hundreds of updates to come back. The shares are
    // summable: they end with the gap and with 1/rounds^2.
    let share = 1e-3 * min(point.gap, 0.1) / Double(rounds)
    logMagnet = LogSpace.mixed(logMagnet, uniform: max(share * share, 1e-300))
    if updatesInRound <= constants.quickRound {
      alpha *= constants.shrink
    } else if updatesInRound > 4 * constants.quickRound {
      alpha *= constants.grow
    }
    alpha = min(max(alpha, constants.alphaRange.lowerBound), constants.alphaRange.upperBound)
    best = nil
    stalled = 0
    updatesInRound = 0
  }

  /// Keeps the best point of the round. Returns where to step from: the best one when `point` is far
  /// worse.
  private mutating func compare(_ point: PlayedPoint, _ error: Double) -> PlayedPoint {
    var from = point
    if let best, error >= best.error {
      stalled += 1
      if error > constants.tolerated * best.error {
        from = best.point
        history.moveToEnd(from)
      }
    } else {
      stalled = error < 0.99 * (best?.error ?? .infinity) ? 0 : stalled + 1
      best = (point, error)
    }
    if stalled >= constants.patience {
      alpha = min(2 * alpha, constants.alphaRange.upperBound)
      stalled = 0
      best = nil
      history.restart(at: from)
    }
    return from
  }

  /// The magnetic step with eta * alpha = 1, from the extrapolated point.
  private func step(from point: PlayedPoint) -> [Double] {
    let extrapolated =
      alpha < constants.alphaRange.upperBound
      ? history.extrapolate(point, magnet: logMagnet, alpha: alpha) : point
    let next = LogSpace.normalised(
      logMagnet.indices.map { y in
        (extrapolated.logPolicy[y] + logMagnet[y] + extrapolated.winRates[y] / alpha) / 2
      })
    // Below e^-700 a double has no probability to come back from.
    return next.map { $0 == -.infinity ? $0 : max($0, -700) }
  }

  /// e^x - 1 - x, without cancellation near 0.
  private func expExcess(_ x: Double) -> Double {
    abs(x) < 1e-3 ? x * x * (0.5 + x * (1.0 / 6 + x / 24)) : expm1(x) - x
  }
}

extension LogSpace {
  /// log((1 - share) e^x + share / n) over the actions that e^x has. Normalised.
  static func mixed(_ x: [Double], uniform share: Double) -> [Double] {
    let part = log(share / Double(x.count))
    return normalised(
      x.map { value in
        guard value > -.infinity else { return value }
        let top = max(value, part)
        return top + log(exp(value - top) + exp(part - top))
      })
  }
}
