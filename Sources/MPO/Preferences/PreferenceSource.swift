/// Where preferences come from: rules, a game between classes, rewards, a user's program, a chat
/// endpoint. It needs no model and sees text only. One thread at a time.
public protocol PreferenceSource {
  /// For logs: `categories (girl, boy, other)`.
  var name: String { get }

  /// True where the work is done by others (a program, a server), so that judging some prompts while
  /// responses to the next are drawn saves time; `JudgePipeline` does that. Default false.
  var overlapsGeneration: Bool { get }

  /// What there is to tell of its work so far, for the log: `judge/<what>`. Default nothing.
  var metrics: [(name: String, value: Double)] { get }

  /// P(y_i > y_j | x_n) for K responses to each of N prompts.
  /// - Parameters:
  ///   - prompts: N texts.
  ///   - responses: N lists of K texts each, completions without the prompt.
  /// - Throws: `PreferenceError`. Nothing the caller holds is touched, so it can save and stop.
  func preferences(prompts: [String], responses: [[String]]) throws -> PreferenceTable

  /// P(first_i > second_j | x_n), (N, K, L): two players against each other, for evaluation. By
  /// default the cross block of `preferences` over both lists together.
  func compare(prompts: [String], first: [[String]], second: [[String]]) throws -> ComparisonTable
}

extension PreferenceSource {
  public var overlapsGeneration: Bool { false }
  public var metrics: [(name: String, value: Double)] { [] }

  public func compare(
    prompts: [String], first: [[String]], second: [[String]]
  ) throws -> ComparisonTable {
    let k = try responseCount(prompts: prompts, responses: first, source: name)
    let l = try responseCount(prompts: prompts, responses: second, source: name)
    let table = try preferences(prompts: prompts, responses: zip(first, second).map { $0 + $1 })
    var values: [Float] = []
    values.reserveCapacity(prompts.count * k * l)
    for n in prompts.indices {
      for i in 0..<k {
        for j in 0..<l { values.append(table[n, i, k + j]) }
      }
    }
    return try ComparisonTable(
      prompts: prompts.count, first: k, second: l, values: values, source: name)
  }
}

/// K, after checking that there is one list of K >= 1 responses for every prompt.
package func responseCount(
  prompts: [String], responses: [[String]], source: String
) throws -> Int {
  guard responses.count == prompts.count else {
    throw PreferenceError.shape(
      source: source, "\(prompts.count) prompts, but responses for \(responses.count)")
  }
  guard let k = responses.first?.count else { return 0 }
  guard k > 0 else {
    throw PreferenceError.shape(source: source, "prompt 0 has no responses")
  }
  for (n, list) in responses.enumerated() where list.count != k {
    throw PreferenceError.shape(
      source: source, "prompt 0 has \(k) responses, but prompt \(n) has \(list.count)")
  }
  return k
}
