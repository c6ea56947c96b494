import MPOBackend

/// Makes comparisons of a model's own responses: the data that a preference model or an offline loss
/// learns from, labelled by any source of preferences.
public struct PairLabeller {
  /// What becomes of `P(y > y')`.
  public enum Labels: String, Sendable, CaseIterable {
    /// The preferred one is drawn, y with probability P: a vote, as one annotator of many gives it.
    case sampled
    /// y where P > 1/2; ties are drawn.
    case majority
    /// As `majority`, and P is kept as `preference`.
    case soft
  }

  public var judge: any PreferenceSource
  public var labels: Labels
  public var seed: UInt64
  /// Pairs that the judge gets at once.
  static let block = 256

  public init(judge: any PreferenceSource, labels: Labels = .sampled, seed: UInt64 = 0) {
    self.judge = judge
    self.labels = labels
    self.seed = seed
  }

  /// One comparison, prompt and responses as the judge got them.
  public struct Pair: Sendable, Equatable {
    public var prompt: String
    public var chosen: String
    public var rejected: String
    /// P(chosen > rejected) of a soft label, else 1.
    public var preference: Double

    public init(prompt: String, chosen: String, rejected: String, preference: Double = 1) {
      self.prompt = prompt
      self.chosen = chosen
      self.rejected = rejected
      self.preference = preference
    }

    /// A line of TRL's preference format, with `preference` where it says something.
    public func json(soft: Bool) -> String {
      var line = JSONLine()
      line.add("prompt", prompt)
      line.add("chosen", chosen)
      line.add("rejected", rejected)
      if soft { line.add("preference", preference) }
      return line.text
    }
  }

  /// Pairs responses 0 and 1, 2 and 3, ... of each prompt; an odd one is left out. Two equal texts say
  /// nothing and are left out too.
  /// - Parameter responses: K to each prompt.
  /// - Throws: what the judge throws.
  public func pairs(prompts: [String], responses: [[String]]) throws -> [Pair] {
    var questions: [(prompt: String, first: String, second: String)] = []
    for (prompt, list) in zip(prompts, responses) {
      for i in stride(from: 0, to: list.count - 1, by: 2) where list[i] != list[i + 1] {
        questions.append((prompt, list[i], list[i + 1]))
      }
    }
    var random = PhiloxGenerator(seed: seed, domain: .dataset, stream: UInt32.max)
    var pairs: [Pair] = []
    for start in stride(from: 0, to: questions.count, by: Self.block) {
      let part = questions[start..<min(start + Self.block, questions.count)]
      let table = try judge.preferences(
        prompts: part.map(\.prompt), responses: part.map { [$0.first, $0.second] })
      for (n, question) in part.enumerated() {
        let p = Double(table.values[4 * n + 1])
        pairs.append(label(question, p, Double(random.uniform())))
      }
    }
    return pairs
  }

  private func label(
    _ question: (prompt: String, first: String, second: String), _ p: Double, _ uniform: Double
  ) -> Pair {
    let isFirst = labels == .sampled ? uniform < p : p > 0.5 || (p == 0.5 && uniform < 0.5)
    return Pair(
      prompt: question.prompt, chosen: isFirst ? question.first : question.second,
      rejected: isFirst ? question.second : question.first,
      preference: labels == .soft ? max(p, 1 - p) : 1)
  }
}
