/// Iterative Nash policy optimization (Zhang et al., 2025, arXiv 2407.00617, equation 10), and with a
/// reference that moves COMAL (Liu et al., 2025, arXiv 2410.23223):
/// `(d - (tau/eta) d_mu - (1 - tau/eta) d_k - (P(y > y') - 1/2) / eta)^2`, d the difference of
/// log-probabilities between the two responses under pi, the reference and pi_k. With P = 1 the last
/// term is the 1 / (2 eta) of the sources, and on average over which of two is preferred it is the
/// same.
///
/// Exactly minimised this is magnetic mirror descent with alpha = tau and a step of
/// `eta_MMD = 1 / (eta - tau)`.
public struct INPOLoss: PairLoss {
  /// Above 0, at least tau.
  public var eta: Double
  /// Weight of the KL to the reference, >= 0.
  public var tau: Double
  public var rewardScale: Double { eta }

  public init(eta: Double, tau: Double) {
    self.eta = eta
    self.tau = tau
  }

  public func pair(_ ratios: PairRatios) -> (loss: Double, slope: Double) {
    let share = tau / eta
    let rest =
      ratios.policy - share * ratios.reference - (1 - share) * ratios.old
      - (ratios.preference - 0.5) / eta
    return (rest * rest, 2 * rest)
  }
}
