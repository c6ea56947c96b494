import MPOBackend

/// The settings of a `reward` judge.
public struct RewardSettings: Sendable, Equatable {
  /// A function before it is made.
  public struct Function: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
      case rule(PanelRule, avoid: Bool)
      /// A judge that must give rewards.
      case judge(JudgeConfiguration)
    }
    public var name: String
    public var weight: Double
    public var kind: Kind
    public init(name: String, weight: Double = 1, kind: Kind) {
      self.name = name
      self.weight = weight
      self.kind = kind
    }
  }

  public var functions: [Function]
  /// Units of reward that make odds of e : 1, > 0.
  public var temperature: Double

  public init(functions: [Function], temperature: Double = 1) {
    self.functions = functions
    self.temperature = temperature
  }

  /// - Throws: `PreferenceError`; `.rules` for a judge that gives no rewards.
  func makeSource(on backend: any ComputeBackend) throws -> RewardJudge {
    try RewardJudge(
      functions.map { function in
        switch function.kind {
        case .rule(let rule, let avoid):
          return .init(
            name: function.name, weight: function.weight, source: RuleReward(rule, avoid: avoid))
        case .judge(let judge):
          guard let source = try judge.makeSource(on: backend) as? any RewardSource else {
            throw PreferenceError.rules(
              "reward judge: function '\(function.name)' gives preferences, not rewards")
          }
          return .init(name: function.name, weight: function.weight, source: source)
        }
      }, temperature: temperature)
  }

  /// For the list of resolved settings.
  public var summary: String {
    let rows = functions.map { function in
      let text: String
      switch function.kind {
      case .rule(let rule, let avoid): text = "\(avoid ? "avoid " : "")\(rule)"
      case .judge(let judge): text = judge.summary.replacing("\n", with: "\n  ")
      }
      return "\n  \(function.name), weight \(shortNumber(function.weight)): \(text)"
    }
    return "reward, temperature \(shortNumber(temperature))" + rows.joined()
  }
}

extension RewardSettings {
  /// - Throws: `ConfigurationError`, `PreferenceError`.
  init(configuration value: ConfigurationValue) throws {
    let entries = try value.mapping(
      known: ["type", "functions", "reward_weights", "temperature"])
    guard let list = entries["functions"] else {
      throw ConfigurationError.missing(
        key: "\(value.key).functions", "expected it in the mapping at \(value.location)")
    }
    functions = try list.list("a list of reward functions").map(Function.init(configuration:))
    if functions.isEmpty { throw list.mismatch("at least one reward function") }
    temperature = 1
    if let given = entries["temperature"] {
      temperature = try given.double("a number above 0")
      guard temperature > 0 else { throw given.mismatch("a number above 0") }
    }
    guard let weights = entries["reward_weights"] else { return }
    let numbers = try weights.list("a list of numbers").map { try $0.double() }
    guard numbers.count == functions.count else {
      throw weights.mismatch("\(functions.count) weights, one for each function")
    }
    for (index, weight) in numbers.enumerated() { functions[index].weight = weight }
  }
}

extension RewardSettings.Function {
  /// A rule with the keys it has in a panel, or a judge with a `type`; both may have a `name`. A
  /// command returns rewards here unless it says otherwise.
  init(configuration value: ConfigurationValue) throws {
    let expected = "a mapping with a 'rule', or with the 'type' of a judge that gives rewards"
    guard case .mapping(let pairs) = value.content else { throw value.mismatch(expected) }
    let keys = pairs.map { canonicalKey($0.key) }
    for (key, place) in zip(keys, pairs) where key == "weight" {
      throw ConfigurationError.unsupported(
        key: place.value.key, location: place.value.location,
        "the weights of reward functions are 'reward_weights', a list beside 'functions'")
    }
    if keys.contains("rule") {
      let annotator = try PanelJudge.Annotator(configuration: value)
      self.init(
        name: annotator.name, kind: .rule(annotator.rule, avoid: annotator.avoid))
      return
    }
    guard let type = pairs.first(where: { canonicalKey($0.key) == "type" })?.value else {
      throw value.mismatch(expected)
    }
    var rest = pairs.filter { canonicalKey($0.key) != "name" }
    if try type.string() == "command", !keys.contains("returns") {
      rest.append(
        (
          "returns",
          ConfigurationValue(
            .scalar("rewards", plain: true), key: value.key + ".returns", location: value.location)
        ))
    }
    let judge = try JudgeConfiguration(
      ConfigurationValue(.mapping(rest), key: value.key, location: value.location))
    guard judge.mayGiveRewards else {
      throw type.mismatch("the type of a judge that gives rewards")
    }
    let name = try pairs.first { canonicalKey($0.key) == "name" }?.value.string()
    self.init(name: try name ?? type.string(), kind: .judge(judge))
  }
}
