/// `reward`: a weighted sum of reward functions, `r(x, y) = sum_f w_f r_f(x, y)`, turned into
/// preferences by Bradley-Terry. A function is one of the panel's rules, which gives its score as it
/// stands, or another judge that gives rewards.
///
/// ```yaml
/// judge:
///   type: reward
///   functions:
///     - {rule: length, target: 12}                      # -|words - 12|
///     - {rule: regex, pattern: '[.!?]$', name: ending}
///     - {type: command, command: [python3, reward.py]}  # returns rewards
///   reward_weights: [0.1, 1, 2]                         # 1 each unless given
///   temperature: 1                                      # P = sigmoid((r - r') / temperature)
/// ```
public final class RewardJudge: RewardSource {
  /// One term of the sum.
  public struct Function {
    public let name: String
    /// Finite; below 0 less is better.
    public let weight: Double
    public let source: any RewardSource
    public init(name: String, weight: Double = 1, source: any RewardSource) {
      self.name = name
      self.weight = weight
      self.source = source
    }
  }

  public let functions: [Function]
  public let temperature: Double

  /// - Throws: `PreferenceError.rules` for no functions, weights that are not finite or all 0, or a
  ///   temperature that is not above 0.
  public init(_ functions: [Function], temperature: Double = 1) throws {
    guard !functions.isEmpty else {
      throw PreferenceError.rules("reward judge: expected at least one function, found none")
    }
    for function in functions where !function.weight.isFinite {
      throw PreferenceError.rules(
        "reward judge: function '\(function.name)' has weight \(function.weight); expected a "
          + "number")
    }
    guard functions.contains(where: { $0.weight != 0 }) else {
      throw PreferenceError.rules("reward judge: all weights are 0")
    }
    guard temperature > 0, temperature.isFinite else {
      throw PreferenceError.rules(
        "reward judge: expected 'temperature' above 0, found \(temperature)")
    }
    self.functions = functions
    self.temperature = temperature
  }

  public var name: String { "reward (\(functions.map(\.name).joined(separator: ", ")))" }
  public var overlapsGeneration: Bool { functions.contains { $0.source.overlapsGeneration } }

  public func rewards(prompts: [String], responses: [[String]]) throws -> [[Double]] {
    let k = try responseCount(prompts: prompts, responses: responses, source: name)
    var sums = responses.map { _ in [Double](repeating: 0, count: k) }
    for function in functions {
      let terms = try function.source.rewards(prompts: prompts, responses: responses)
      guard terms.count == prompts.count, terms.allSatisfy({ $0.count == k }) else {
        throw PreferenceError.shape(
          source: "\(name), function '\(function.name)'",
          "expected \(prompts.count) x \(k) rewards")
      }
      for (n, list) in terms.enumerated() {
        for (i, term) in list.enumerated() {
          guard term.isFinite else {
            throw PreferenceError.reward(
              source: "\(name), function '\(function.name)'", prompt: n, response: i, value: term)
          }
          sums[n][i] += function.weight * term
        }
      }
    }
    return sums
  }
}

/// The score of a panel's rule as a reward; `avoid` turns its sign.
public struct RuleReward: RewardSource, Sendable, Equatable {
  public let rule: PanelRule
  public let avoid: Bool
  public init(_ rule: PanelRule, avoid: Bool = false) {
    self.rule = rule
    self.avoid = avoid
  }

  public var name: String { "\(avoid ? "avoid " : "")\(rule)" }

  public func rewards(prompts: [String], responses: [[String]]) throws -> [[Double]] {
    _ = try responseCount(prompts: prompts, responses: responses, source: name)
    return responses.map { list in
      list.map { avoid ? -rule.score($0) : rule.score($0) }
    }
  }
}
