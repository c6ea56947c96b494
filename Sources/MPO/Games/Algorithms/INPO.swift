/// INPO (Zhang et al., arXiv 2407.00617): the policy whose log-ratios solve
/// `h(y, y') = log pi(y)/pi(y') = (tau/eta_I) log ref(y)/ref(y')
///   + (1 - tau/eta_I) log pi_k(y)/pi_k(y') + (q(y) - q(y')) / eta_I`
/// for every pair, the zero of its squared loss with exact win rates.
///
/// `INPO(eta: (1 + eta*alpha) / eta, tau: alpha)` is `MagneticMirrorDescent(eta:alpha:)`; with a
/// refresh of the reference it is COMAL (Liu et al., arXiv 2410.23223), which on a table is MPO.
public struct INPO: MagneticAlgorithm {
  public private(set) var logPolicy: [Double]
  /// The reference.
  public var logMagnet: [Double]
  /// eta_I, an inverse step size, > 0.
  public let eta: Double
  /// Weight of the reference, 0...eta_I.
  public let tau: Double

  public init(start: [Double], eta: Double, tau: Double) {
    logPolicy = LogSpace.normalised(start)
    logMagnet = logPolicy
    self.eta = eta
    self.tau = tau
  }

  public mutating func update(_ winRates: WinRates) {
    let q = winRates(policy)
    // Ratios against one action with mass give the others; it is the likeliest, for rounding.
    let base = logPolicy.indices.max { logPolicy[$0] < logPolicy[$1] } ?? 0
    logPolicy = LogSpace.normalised(
      logPolicy.indices.map { y in
        pull(logMagnet[y] - logMagnet[base], tau / eta)
          + (1 - tau / eta) * (logPolicy[y] - logPolicy[base]) + (q[y] - q[base]) / eta
      })
  }
}

/// COMAL on a table: INPO, and the reference moves to the policy.
public typealias COMAL = Refreshed<INPO>
