// Annotators from a configuration. Each rule knows its own keys and refuses the others by name.

extension PanelJudge.Annotator {
  private static let rules = [
    "length", "words", "repetition", "regex", "starts_with", "ends_with", "ranking",
  ]
  private static let common = ["rule", "name", "weight", "avoid"]

  /// - Throws: `ConfigurationError`, `PreferenceError.pattern`.
  init(configuration value: ConfigurationValue) throws {
    guard case .mapping(let pairs) = value.content,
      let kind = pairs.first(where: { canonicalKey($0.key) == "rule" })?.value
    else {
      throw value.mismatch("a mapping with a 'rule', one of \(Self.rules.joined(separator: ", "))")
    }
    let ruleName = canonicalKey(try kind.string())
    let own: [String]
    switch ruleName {
    case "length": own = ["target", "unit"]
    case "words": own = ["words", "case_sensitive"]
    case "repetition": own = ["ngram"]
    case "regex": own = ["pattern"]
    case "starts_with", "ends_with": own = ["text"]
    case "ranking": own = ["patterns"]
    default: throw kind.mismatch("one of \(Self.rules.joined(separator: ", "))")
    }
    let entries = try value.mapping(known: Self.common + own)
    let name = try entries["name"]?.string() ?? ruleName
    let rule: PanelRule
    switch ruleName {
    case "length":
      guard let target = entries["target"] else { throw value.mismatch("a 'target' length") }
      let count = try target.int()
      guard count >= 0 else { throw target.mismatch("a length of at least 0") }
      rule = .length(target: count, unit: try Self.unit(entries["unit"]))
    case "words":
      guard let list = entries["words"] else { throw value.mismatch("'words'") }
      let exact = try entries["case_sensitive"]?.bool() ?? false
      rule = .words(try Self.weights(list, caseSensitive: exact), caseSensitive: exact)
    case "repetition":
      let n = try entries["ngram"]?.int() ?? 2
      guard n >= 1 else {
        throw (entries["ngram"] ?? value).mismatch("an n-gram of at least 1 word")
      }
      rule = .repetition(ngram: n)
    case "regex":
      guard let pattern = try entries["pattern"]?.string(), !pattern.isEmpty else {
        throw value.mismatch("a 'pattern' that is not empty")
      }
      rule = .regex(try Pattern(pattern, name: "annotator \(name)"))
    case "ranking":
      let expected = "'patterns', a list of two or more, the best first"
      guard let list = try entries["patterns"]?.list(expected), list.count > 1 else {
        throw (entries["patterns"] ?? value).mismatch(expected)
      }
      rule = .ranking(try list.map { try Pattern($0.string(), name: "annotator \(name)") })
    default:
      guard let text = try entries["text"]?.string(), !text.isEmpty else {
        throw value.mismatch("a 'text' that is not empty")
      }
      rule = ruleName == "starts_with" ? .startsWith(text) : .endsWith(text)
    }
    let weight = try entries["weight"]?.double("a number above 0") ?? 1
    if weight <= 0 { throw (entries["weight"] ?? value).mismatch("a number above 0") }
    self.init(name: name, rule: rule, weight: weight, avoid: try entries["avoid"]?.bool() ?? false)
  }

  private static func unit(_ value: ConfigurationValue?) throws -> PanelRule.LengthUnit {
    guard let value else { return .words }
    let names = PanelRule.LengthUnit.allCases.map(\.rawValue).joined(separator: ", ")
    guard let unit = PanelRule.LengthUnit(rawValue: try value.string()) else {
      throw value.mismatch("one of \(names)")
    }
    return unit
  }

  private static func weights(
    _ value: ConfigurationValue, caseSensitive: Bool
  ) throws -> [String: Double] {
    var weights: [String: Double] = [:]
    func add(_ word: String, _ weight: Double, _ place: ConfigurationValue) throws {
      guard PanelRule.words(word) == [word] else {
        throw place.mismatch("single words (letters, digits, apostrophes); for more use 'regex'")
      }
      weights[caseSensitive ? word : word.lowercased(), default: 0] += weight
    }
    switch value.content {
    case .list(let items):
      for item in items { try add(try item.string(), 1, item) }
    case .mapping(let pairs):
      for (word, weight) in pairs { try add(word, try weight.double(), value) }
    default:
      throw value.mismatch("a list of words, or a mapping from words to numbers")
    }
    guard !weights.isEmpty else { throw value.mismatch("at least one word") }
    return weights
  }
}
