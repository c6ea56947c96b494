/// `categories`: the first pattern that matches sorts a response into a class, and a matrix gives P
/// between classes. Any finite game, cyclic ones too, becomes one that a language model can play.
///
/// ```yaml
/// judge:
///   type: categories
///   categories:            # in order; an empty pattern matches all
///     - {name: girl, pattern: '\bgirl\b'}
///     - {name: other, pattern: ''}
///   matrix: [[0.5, 1], [0, 0.5]]
/// ```
public struct CategoryJudge: PreferenceSource, Sendable, Equatable {
  public struct Category: Sendable, Equatable {
    public let name: String
    public let pattern: Pattern
    /// - Throws: `PreferenceError.pattern`.
    public init(name: String, pattern: String) throws {
      self.name = name
      self.pattern = try Pattern(pattern, name: "category \(name)")
    }
  }

  public let categories: [Category]
  public let game: PreferenceGame

  /// - Throws: `PreferenceError.matrix`, or `.rules` for two categories of one name or one that no
  ///   response can reach because a catch-all stands before it.
  public init(categories: [Category], matrix: [[Double]]) throws {
    var seen = Set<String>()
    for category in categories where !seen.insert(category.name).inserted {
      throw PreferenceError.rules("two categories are named '\(category.name)'")
    }
    if let first = categories.firstIndex(where: { $0.pattern.source.isEmpty }),
      first + 1 < categories.count
    {
      throw PreferenceError.rules(
        "category '\(categories[first].name)' has an empty pattern, which matches everything, so "
          + "'\(categories[first + 1].name)' after it is never reached; put it last")
    }
    self.categories = categories
    game = try PreferenceGame(names: categories.map(\.name), matrix: matrix)
  }

  public var name: String { "categories (\(game.names.joined(separator: ", ")))" }

  /// Index of the first category whose pattern matches.
  /// - Throws: `PreferenceError.unclassified` quoting the response where none does.
  public func classify(_ response: String) throws -> Int {
    for (index, category) in categories.enumerated() where category.pattern.matches(response) {
      return index
    }
    throw PreferenceError.unclassified(response: response, categories: game.names)
  }

  public func preferences(prompts: [String], responses: [[String]]) throws -> PreferenceTable {
    let k = try responseCount(prompts: prompts, responses: responses, source: name)
    var values: [Float] = []
    values.reserveCapacity(prompts.count * k * k)
    for list in responses {
      let classes = try list.map(classify)
      for a in classes {
        for b in classes { values.append(Float(game[a, b])) }
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
      let columns = try other.map(classify)
      for a in try one.map(classify) {
        for b in columns { values.append(Float(game[a, b])) }
      }
    }
    return try ComparisonTable(
      prompts: prompts.count, first: k, second: l, values: values, source: name)
  }
}
