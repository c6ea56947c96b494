/// Multiplicative weights in self-play, which is what SPO and SPPO do on a table:
/// `log pi = log pi + eta*q - log Z`. Only the average iterate goes to the equilibrium; the last one
/// cycles or diverges.
public struct MultiplicativeWeights: GameAlgorithm {
  public private(set) var logPolicy: [Double]
  public let eta: Double

  public init(start: [Double], eta: Double) {
    logPolicy = LogSpace.normalised(start)
    self.eta = eta
  }

  public mutating func update(_ winRates: WinRates) {
    let q = winRates(policy)
    logPolicy = LogSpace.normalised(zip(logPolicy, q).map { $0 + eta * $1 })
  }
}

/// Optimistic multiplicative weights (Daskalakis and Panageas, arXiv 1807.04252):
/// `log pi = log pi + eta*(2 q_t - q_{t-1}) - log Z`, q_0 = q_1. The last iterate goes to the
/// equilibrium, linearly after a burn-in that can be very long; the theory needs a unique one and a
/// small eta.
public struct OptimisticMultiplicativeWeights: GameAlgorithm {
  public private(set) var logPolicy: [Double]
  public let eta: Double
  private var previous: [Double]?

  public init(start: [Double], eta: Double) {
    logPolicy = LogSpace.normalised(start)
    self.eta = eta
  }

  public mutating func update(_ winRates: WinRates) {
    let q = winRates(policy)
    let last = previous ?? q
    logPolicy = LogSpace.normalised(
      logPolicy.indices.map { logPolicy[$0] + eta * (2 * q[$0] - last[$0]) })
    previous = q
  }
}
