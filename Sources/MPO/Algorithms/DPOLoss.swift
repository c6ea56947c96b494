import Foundation

/// Direct preference optimization (Rafailov et al., 2023, arXiv 2305.18290, equation 7), on a file of
/// pairs or, online, on fresh responses (Guo et al., 2024, arXiv 2402.04792):
/// `-p log sigmoid(beta h) - (1 - p) log sigmoid(-beta h)`, p = P(y > y') after label smoothing.
public struct DPOLoss: PairLoss {
  /// Above 0. The weight of the KL to the reference whose optimum this loss has.
  public var beta: Double
  /// epsilon of conservative DPO: p = (1 - epsilon) P + epsilon (1 - P). In [0, 1/2).
  public var labelSmoothing: Double
  public var rewardScale: Double { beta }

  public init(beta: Double, labelSmoothing: Double = 0) {
    self.beta = beta
    self.labelSmoothing = labelSmoothing
  }

  public func pair(_ ratios: PairRatios) -> (loss: Double, slope: Double) {
    let z = beta * ratios.margin
    let p = ratios.preference + labelSmoothing * (1 - 2 * ratios.preference)
    let (loss, slope) = PreferenceLoss.crossEntropy(logit: z, label: p)
    return (loss, beta * slope)
  }
}

/// `log(1 + exp(x))` without overflow.
func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }
