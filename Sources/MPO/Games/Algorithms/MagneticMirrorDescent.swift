/// Magnetic mirror descent (Sokota et al., arXiv 2206.05825), the inner step of MPO:
/// `log pi = (log pi + eta*alpha*log mu + eta*q) / (1 + eta*alpha) - log Z`.
///
/// The last iterate goes, at a linear rate, to the equilibrium of the game *regularised* towards mu;
/// `eta <= 4 alpha` always suffices (not necessary).
public struct MagneticMirrorDescent: MagneticAlgorithm {
  public private(set) var logPolicy: [Double]
  public var logMagnet: [Double]
  /// Step size, > 0.
  public var eta: Double
  /// Weight of the magnet, >= 0.
  public var alpha: Double

  /// The magnet starts as the start.
  public init(start: [Double], eta: Double, alpha: Double) {
    logPolicy = LogSpace.normalised(start)
    logMagnet = logPolicy
    self.eta = eta
    self.alpha = alpha
  }

  public mutating func update(_ winRates: WinRates) {
    let q = winRates(policy)
    let shrink = 1 / (1 + eta * alpha)
    logPolicy = LogSpace.normalised(
      logPolicy.indices.map { y in
        (logPolicy[y] + pull(logMagnet[y], eta * alpha) + eta * q[y]) * shrink
      })
  }
}

/// MPO (Wang et al., arXiv 2410.16714) on a table: the last iterate goes to the equilibrium of the
/// *original* game.
public typealias MagneticPreferenceOptimization = Refreshed<MagneticMirrorDescent>

/// MMD by reward transformation, the explicit step of MPO-RT:
/// `log pi = (1 - eta*alpha) log pi + eta*alpha*log mu + eta*q - log Z`. Precondition:
/// eta * alpha < 1. Same limit as MMD.
public struct RewardTransformedDescent: MagneticAlgorithm {
  public private(set) var logPolicy: [Double]
  public var logMagnet: [Double]
  public var eta: Double
  public var alpha: Double

  public init(start: [Double], eta: Double, alpha: Double) {
    logPolicy = LogSpace.normalised(start)
    logMagnet = logPolicy
    self.eta = eta
    self.alpha = alpha
  }

  public mutating func update(_ winRates: WinRates) {
    logPolicy = explicitStep(logPolicy, logMagnet, eta: eta, alpha: alpha, winRates(policy))
  }
}

/// MPO-RT on a table.
public typealias RewardTransformedMPO = Refreshed<RewardTransformedDescent>

/// `(1 - eta*alpha) log pi + eta*alpha*log mu + eta*q - log Z`.
func explicitStep(
  _ logPolicy: [Double], _ logMagnet: [Double], eta: Double, alpha: Double, _ q: [Double]
) -> [Double] {
  LogSpace.normalised(
    logPolicy.indices.map { y in
      (1 - eta * alpha) * logPolicy[y] + pull(logMagnet[y], eta * alpha) + eta * q[y]
    })
}

/// weight * log mu, where a weight of 0 does not meet a magnet of -inf.
func pull(_ logMagnet: Double, _ weight: Double) -> Double {
  weight > 0 ? weight * logMagnet : 0
}
