import Foundation

/// REINFORCE leave-one-out (Ahmadian et al., 2024, arXiv 2402.14740) with PPO's clip on the ratio of
/// whole responses, as TRL has it:
/// `-min(rho A, clamp(rho, 1 - clip, 1 + clip) A)`, `rho = pi(y) / pi_k(y)`,
/// `A_i = R_i - mean_{j != i} R_j`, `R = r - beta log[pi_k/mu](y)`; the mean over a prompt's responses.
/// r is the judge's scalar reward, or the mean preference where it has none.
public struct RLOOLoss: ResponseLoss {
  /// Weight of the KL to the reference in the reward, >= 0.
  public var beta: Double
  /// 0 is off.
  public var clip: Double
  public var rewardScale: Double { 1 }

  public init(beta: Double, clip: Double = 0.2) {
    self.beta = beta
    self.clip = clip
  }

  public func value(_ group: ResponseGroup) -> ResponseLossValue {
    let k = group.count
    let share = 1 / Double(max(1, k))
    let rewards = (group.rewards ?? group.meanPreferences).enumerated().map { i, r in
      r - beta * (group.old[i] - group.reference[i])
    }
    let sum = rewards.reduce(0, +)
    var value = ResponseLossValue(loss: 0, gradient: [])
    for (i, reward) in rewards.enumerated() {
      // One response alone has nothing to be compared with.
      let advantage = k > 1 ? reward - (sum - reward) / Double(k - 1) : 0
      let ratio = exp(group.policy[i] - group.old[i])
      let plain = ratio * advantage
      let clamped = min(max(ratio, 1 - clip), 1 + clip) * advantage
      let isClipped = clip > 0 && clamped < plain
      value.loss -= share * (isClipped ? clamped : plain)
      value.gradient.append(isClipped ? 0 : -share * plain)
    }
    return value
  }
}
