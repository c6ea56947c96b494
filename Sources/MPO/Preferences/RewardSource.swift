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
    return try PreferenceTable(
      rewards: rewards(prompts: prompts, responses: responses), temperature: temperature,
      source: name)
  }
}

extension PreferenceTable {
  /// The preferences that scalar rewards make, `sigmoid((r_i - r_j) / temperature)`; N lists of K.
  /// - Throws: `PreferenceError` where a reward is not finite or the lists differ in length.
  public init(rewards: [[Double]], temperature: Double, source: String) throws {
    var values: [Float] = []
    for list in rewards {
      for i in list { for j in list { values.append(Float(bradleyTerry((i - j) / temperature))) } }
    }
    try self.init(
      prompts: rewards.count, responses: rewards.first?.count ?? 0, values: values, source: source)
  }
}

/// `1 / (1 + exp(-x))` without overflow.
func bradleyTerry(_ x: Double) -> Double {
  x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x))
}
