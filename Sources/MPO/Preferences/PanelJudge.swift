/// `panel`: several annotators, each a rule that scores a response to a number. An annotator
/// prefers the higher score and is torn (1/2) between equal ones;
/// `P(y > y') = sum_a weight_a * [s_a(y) > s_a(y') or 1/2 if equal] / sum_a weight_a`. Majorities
/// of transitive annotators are cyclic in general (Condorcet), so no single reward expresses them.
///
/// ```yaml
/// judge:
///   type: panel
///   annotators:
///     - {rule: length, target: 12, unit: words}        # -|words - 12|; unit: words | characters
///     - {rule: words, words: [sun, happy], weight: 2}  # how many; or {sun: 1, rain: -2}
///     - {rule: repetition, ngram: 2}                   # minus the share of repeated 2-grams
///     - {rule: regex, pattern: '[.!?]', avoid: true}   # avoid: fewer is better
///     - {rule: starts_with, text: Once}
///     - {rule: ends_with, text: '.'}
///     - {rule: ranking, patterns: [girl, boy, '']}     # the first that matches; earlier is better
/// ```
public struct PanelJudge: PreferenceSource, Sendable, Equatable {
  public struct Annotator: Sendable, Equatable {
    public let name: String
    public let rule: PanelRule
    /// Share of the vote, > 0.
    public let weight: Double
    /// Prefers the lower score.
    public let avoid: Bool
    public init(name: String, rule: PanelRule, weight: Double = 1, avoid: Bool = false) {
      self.name = name
      self.rule = rule
      self.weight = weight
      self.avoid = avoid
    }
  }

  public let annotators: [Annotator]

  /// - Throws: `PreferenceError.rules` for no annotators or a weight that is not positive and finite.
  public init(annotators: [Annotator]) throws {
    guard !annotators.isEmpty else {
      throw PreferenceError.rules("panel: expected at least one annotator, found none")
    }
    for annotator in annotators where !(annotator.weight > 0 && annotator.weight.isFinite) {
      throw PreferenceError.rules(
        "panel: annotator '\(annotator.name)' has weight \(annotator.weight); expected a number "
          + "above 0 (to prefer less of something, write 'avoid: true')")
    }
    self.annotators = annotators
  }

  public var name: String { "panel (\(annotators.map(\.name).joined(separator: ", ")))" }

  /// One score for each annotator, `avoid` applied.
  public func scores(_ response: String) -> [Double] {
    annotators.map { $0.avoid ? -$0.rule.score(response) : $0.rule.score(response) }
  }

  public func preferences(prompts: [String], responses: [[String]]) throws -> PreferenceTable {
    let k = try responseCount(prompts: prompts, responses: responses, source: name)
    var values: [Float] = []
    values.reserveCapacity(prompts.count * k * k)
    for list in responses {
      let scored = list.map(scores)
      for a in scored {
        for b in scored { values.append(share(a, b)) }
      }
    }
    return try PreferenceTable(
      prompts: prompts.count, responses: k, values: values, source: name)
  }

  public func compare(
    prompts: [String], first: [[String]], second: [[String]]
  ) throws -> ComparisonTable {
    let k = try responseCount(prompts: prompts, responses: first, source: name)
    let l = try responseCount(prompts: prompts, responses: second, source: name)
    var values: [Float] = []
    values.reserveCapacity(prompts.count * k * l)
    for (one, other) in zip(first, second) {
      let columns = other.map(scores)
      for a in one.map(scores) {
        for b in columns { values.append(share(a, b)) }
      }
    }
    return try ComparisonTable(
      prompts: prompts.count, first: k, second: l, values: values, source: name)
  }

  /// Weighted share of annotators that score `a` above `b`; ties count a half.
  private func share(_ a: [Double], _ b: [Double]) -> Float {
    var votes = 0.0
    var total = 0.0
    for (index, annotator) in annotators.enumerated() {
      total += annotator.weight
      if a[index] > b[index] {
        votes += annotator.weight
      } else if a[index] == b[index] {
        votes += annotator.weight / 2
      }
    }
    return Float(votes / total)
  }
}
