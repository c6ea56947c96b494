/// Self-play preference optimization (Wu et al., 2025, arXiv 2405.00675, equation 4.5):
/// `(log[pi/pi_k](y) - eta (P(y > pi_k) - 1/2))^2`, the mean over a prompt's responses;
/// P(y > pi_k) is the mean preference over the others (the source's code has the response itself among them
/// and learns from the best and the worst only). Exactly minimised it is one step of
/// multiplicative weights, so the last iterate need not approach an equilibrium.
public struct SPPOLoss: ResponseLoss {
  /// Above 0; the source's 1 / beta.
  public var eta: Double
  public var rewardScale: Double { 1 / eta }

  public init(eta: Double) { self.eta = eta }

  public func value(_ group: ResponseGroup) -> ResponseLossValue {
    let share = 1 / Double(max(1, group.count))
    var value = ResponseLossValue(loss: 0, gradient: [])
    for (i, rate) in group.meanPreferences.enumerated() {
      let rest = group.policy[i] - group.old[i] - eta * (rate - 0.5)
      value.loss += share * rest * rest
      value.gradient.append(share * 2 * rest)
    }
    return value
  }
}
