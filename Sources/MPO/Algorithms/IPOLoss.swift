/// Identity preference optimization: `(h - (P(y > y') - 1/2) / beta)^2`. With P = 1 it is the offline
/// loss `(h - 1 / (2 beta))^2` (Azar et al., 2024, arXiv 2310.12036, equation 17); on fresh responses
/// of the policy it is online IPO (Calandriello et al., 2024, arXiv 2403.08635), whose optimum is the
/// equilibrium of the game regularised towards the reference.
public struct IPOLoss: PairLoss {
  /// Above 0.
  public var beta: Double
  /// Log-probabilities are means over a response's tokens and not sums: TRL's offline IPO.
  public var averagesLogProbs: Bool
  public var rewardScale: Double { beta }

  public init(beta: Double, averagesLogProbs: Bool = false) {
    self.beta = beta
    self.averagesLogProbs = averagesLogProbs
  }

  public func value(_ group: ResponseGroup) -> ResponseLossValue {
    guard averagesLogProbs else { return meanOverPairs(group) }
    let lengths = group.lengths.map { Double(max(1, $0)) }
    func averaged(_ sums: [Double]) -> [Double] { zip(sums, lengths).map { $0 / $1 } }
    var means = group
    means.policy = averaged(group.policy)
    means.old = averaged(group.old)
    means.reference = averaged(group.reference)
    let value = meanOverPairs(means)
    return ResponseLossValue(loss: value.loss, gradient: averaged(value.gradient))
  }

  public func pair(_ ratios: PairRatios) -> (loss: Double, slope: Double) {
    let rest = ratios.margin - (ratios.preference - 0.5) / beta
    return (rest * rest, 2 * rest)
  }
}
