import MPOBackend

/// Measured in one inner step, before its update. All but `loss` and `gradNorm` are means over
/// response tokens, weighted as their rows are; KLs and entropy are in nats per token. A token loss has
/// them over the full vocabulary; a loss of whole responses estimates them from the responses drawn,
/// `klMagnet` and `entropy` those of the policy that drew them.
public struct InnerStepMetrics: Sendable, Equatable {
  public var loss = 0.0
  /// Weighted sum of the policy term, as it stands in the loss; 0 for a loss of whole responses.
  public var surrogate = 0.0
  public var klMagnet = 0.0
  public var klOld = 0.0
  public var entropy = 0.0
  public var ratio = 0.0
  public var gradNorm = 0.0
  /// Of the update that followed, or of the last one when none followed.
  public var learningRate = 0.0
  /// The inner tolerance was reached: no update followed.
  public var isSolved = false
  /// Of a loss of whole responses.
  public var pairs: PairMetrics?
}

/// What a loss of whole responses does to pairs of them: means over all pairs with a preferred one.
public struct PairMetrics: Sendable, Equatable {
  /// Implicit rewards, `scale log pi/mu`, of the preferred and of the other response.
  public var chosenReward = 0.0
  public var rejectedReward = 0.0
  /// Share of pairs whose preferred response has the greater implicit reward.
  public var accuracy = 0.0
  /// log pi of both, whole responses.
  public var chosenLogProb = 0.0
  public var rejectedLogProb = 0.0
  /// Pairs counted.
  public var pairs = 0

  public var margin: Double { chosenReward - rejectedReward }

  init() {}

  init(_ groups: [ResponseGroup], scale: Double) {
    for group in groups {
      for i in 0..<group.count {
        for j in 0..<group.count where group.preference(i, j) > 0.5 { add(group, i, j, scale) }
      }
    }
    let count = Double(max(1, pairs))
    chosenReward /= count
    rejectedReward /= count
    accuracy /= count
    chosenLogProb /= count
    rejectedLogProb /= count
  }

  private mutating func add(_ group: ResponseGroup, _ i: Int, _ j: Int, _ scale: Double) {
    let (better, worse) = (
      scale * (group.policy[i] - group.reference[i]), scale * (group.policy[j] - group.reference[j])
    )
    chosenReward += better
    rejectedReward += worse
    accuracy += better > worse ? 1 : 0
    chosenLogProb += group.policy[i]
    rejectedLogProb += group.policy[j]
    pairs += 1
  }
}
