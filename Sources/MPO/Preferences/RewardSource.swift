import Foundation

/// A scalar score of each response: a reward model, a rule, a program. Preferences follow from it by
/// Bradley-Terry, `P(y_i > y_j | x) = sigmoid((r_i - r_j) / temperature)`; they are transitive, which
/// preferences of people need not be.
public protocol RewardSource: PreferenceSource {
  /// Units of reward that make odds of e : 1. Above 0.
  var temperature: Double { get }

  /// r(x_n, y_k) for K responses to each of N prompts, N lists of K finite numbers.
  /// - Throws: `PreferenceError`.
  func rewards(prompts: [String], responses: [[String]]) throws -> [[Double]]
}

extension RewardSource {
  public var temperature: Double { 1 }

  public func preferences(prompts: [String], responses: [[String]]) throws -> PreferenceTable {
    _ = try responseCount(prompts: prompts, responses: responses, source: name)
    return try preferences(
      ofRewards: rewards(prompts: prompts, responses: responses), responses: responses)
  }

  /// `sigmoid((r_i - r_j) / temperature)` of rewards, N lists of K, that were given to `responses`.
  /// Differences beyond the range of Double are certain.
  /// - Throws: `PreferenceError.shape` unless there is a reward for every response;
  ///   `PreferenceError.reward` naming the first that is not finite.
  public func preferences(
    ofRewards rewards: [[Double]], responses: [[String]]
  ) throws -> PreferenceTable {
    let k = responses.first?.count ?? 0
    guard rewards.map(\.count) == responses.map(\.count) else {
      throw PreferenceError.shape(
        source: name,
        "expected \(responses.count) x \(k) rewards, found "
          + "\(rewards.count) x \(rewards.first { $0.count != k }?.count ?? k)")
    }
    var values: [Float] = []
    values.reserveCapacity(rewards.count * k * k)
    for (n, list) in rewards.enumerated() {
      for (i, reward) in list.enumerated() where !reward.isFinite {
        throw PreferenceError.reward(source: name, prompt: n, response: i, value: reward)
      }
      let logits = PreferenceLogits(responses: list.count) {
        (list[$0] - list[$1]) / temperature
      }
      values += logits.probabilities
    }
    return try PreferenceTable(
      prompts: rewards.count, responses: k, values: values, source: name)
  }
}

/// `1 / (1 + exp(-x))` without overflow.
func bradleyTerry(_ x: Double) -> Double {
  x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x))
}
