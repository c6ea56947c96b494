import MPOBackend

/// The `judge` of a configuration: a mapping with a `type`, or the name of a YAML file that holds
/// one. The keys of each type stand with `CategoryJudge`, `PanelJudge`, `RewardJudge`,
/// `CommandJudge`, `CommandReward` and `HTTPJudge`.
public enum JudgeConfiguration: Sendable, Equatable {
  case categories(CategoryJudge)
  case panel(PanelJudge)
  case reward(RewardSettings)
  case command(CommandJudge.Settings)
  case http(HTTPJudgeSettings)
  case model(ModelJudgeSettings)

  static let types = ["categories", "panel", "reward", "command", "http", "model"]

  /// - Throws: `ConfigurationError` naming file and line.
  public init(_ value: ConfigurationValue) throws {
    if case .scalar(let text, _) = value.content {
      // A flag may hold the mapping itself, `--judge '{type: ...}'`, or a file's name.
      let inline = text.contains("{")
      let parsed =
        inline
        ? try YAMLReader.parse(text, file: value.location, key: "judge")
        : try YAMLReader.read(text, key: "judge")
      guard case .mapping = parsed.content else { throw parsed.mismatch("a mapping with a 'type'") }
      try self.init(parsed)
      return
    }
    guard case .mapping(let pairs) = value.content else {
      throw value.mismatch("a mapping with a 'type', or the name of a YAML file")
    }
    guard let type = pairs.first(where: { canonicalKey($0.key) == "type" })?.value else {
      throw value.mismatch("a 'type', one of \(Self.types.joined(separator: ", "))")
    }
    do {
      switch try type.string() {
      case "categories": self = .categories(try Self.categories(value))
      case "panel": self = .panel(try Self.panel(value))
      case "reward": self = .reward(try RewardSettings(configuration: value))
      case "command": self = .command(try Self.command(value))
      case "http": self = .http(try HTTPJudgeSettings(configuration: value))
      case "model": self = .model(try Self.model(value))
      default: throw type.mismatch("one of \(Self.types.joined(separator: ", "))")
      }
    } catch let error as PreferenceError {
      throw ConfigurationError.judge(location: value.location, error)
    }
  }

  /// From YAML or JSON text: the mapping itself, or a whole file with a key `judge`.
  public init(yaml: String, file: String = "judge") throws {
    let value = try YAMLReader.parse(yaml, file: file, key: "judge")
    if case .mapping(let pairs) = value.content, pairs.count == 1, pairs[0].key == "judge" {
      try self.init(pairs[0].value)
    } else {
      try self.init(value)
    }
  }

  /// False for judges that give preferences only.
  var mayGiveRewards: Bool {
    switch self {
    case .categories, .panel, .http: return false
    case .command(let settings): return settings.returns == .rewards
    // Which kind a model is stands in its folder; `makeSource` looks.
    case .reward, .model: return true
    }
  }

  /// The source itself; a command is started here, a key is looked up, a model is loaded. `backend`
  /// runs models; rules and programs do not look at it.
  /// - Throws: `PreferenceError`.
  public func makeSource(on backend: any ComputeBackend) throws -> any PreferenceSource {
    switch self {
    case .categories(let judge): return judge
    case .panel(let judge): return judge
    case .reward(let settings): return try settings.makeSource(on: backend)
    case .command(let settings) where settings.returns == .rewards:
      let judge = try CommandReward(settings)
      try judge.start()
      return judge
    case .command(let settings):
      let judge = try CommandJudge(settings)
      try judge.start()
      return judge
    case .http(let settings): return try HTTPJudge(settings)
    case .model(let settings): return try settings.makeSource(on: backend)
    }
  }

  /// For the list of resolved settings.
  public var summary: String {
    switch self {
    case .categories(let judge):
      let rows = zip(judge.categories, judge.game.rows).map { category, row in
        "\n  \(category.name) \(quoted(category.pattern.source)) "
          + "[\(row.map(shortNumber).joined(separator: ", "))]"
      }
      return "categories" + rows.joined()
    case .panel(let judge):
      let rows = judge.annotators.map {
        "\n  \($0.name), weight \(shortNumber($0.weight)): \($0.avoid ? "avoid " : "")\($0.rule)"
      }
      return "panel" + rows.joined()
    case .reward(let settings): return settings.summary
    case .command(let settings): return settings.summary
    case .http(let settings): return settings.summary
    case .model(let settings):
      return "model \(settings.path)" + (settings.bf16 ? ", bf16" : "")
    }
  }

  // MARK: - Types

  private static func require(
    _ entries: [String: ConfigurationValue], _ key: String, _ owner: ConfigurationValue
  ) throws -> ConfigurationValue {
    guard let value = entries[key] else {
      throw ConfigurationError.missing(
        key: "\(owner.key).\(key)", "expected it in the mapping at \(owner.location)")
    }
    return value
  }

  private static func categories(_ value: ConfigurationValue) throws -> CategoryJudge {
    let entries = try value.mapping(known: ["type", "categories", "matrix"])
    let categories = try require(entries, "categories", value).list().map { item in
      let fields = try item.mapping(known: ["name", "pattern"], "{name: ..., pattern: ...}")
      guard let name = try fields["name"]?.string(), !name.isEmpty else {
        throw item.mismatch("a category with a name")
      }
      // A pattern that is left out or null is a slip; a catch-all is written ''.
      guard let pattern = fields["pattern"] else {
        throw item.mismatch("a pattern ('' matches everything)")
      }
      return try CategoryJudge.Category(name: name, pattern: pattern.string())
    }
    let matrix = try require(entries, "matrix", value).list("a list of rows").map {
      try $0.list("a row, a list of numbers").map { try $0.double() }
    }
    return try CategoryJudge(categories: categories, matrix: matrix)
  }

  private static func panel(_ value: ConfigurationValue) throws -> PanelJudge {
    let entries = try value.mapping(known: ["type", "annotators"])
    return try PanelJudge(
      annotators: try require(entries, "annotators", value).list("a list of annotators")
        .map(PanelJudge.Annotator.init(configuration:)))
  }

  private static func model(_ value: ConfigurationValue) throws -> ModelJudgeSettings {
    let entries = try value.mapping(known: ["type", "path", "bf16"])
    let path = try require(entries, "path", value)
    var settings = ModelJudgeSettings(path: try path.string("a preference model's folder"))
    if settings.path.isEmpty { throw path.mismatch("a preference model's folder") }
    if let bf16 = entries["bf16"] { settings.bf16 = try bf16.bool() }
    return settings
  }

  private static func command(_ value: ConfigurationValue) throws -> CommandJudge.Settings {
    let entries = try value.mapping(
      known: ["type", "command", "returns", "timeout", "both_orders", "temperature", "cache"])
    let command = try require(entries, "command", value)
    var settings: CommandJudge.Settings
    if case .list(let words) = command.content {
      settings = CommandJudge.Settings(command: try words.map { try $0.string() })
      if settings.command.first?.isEmpty ?? true { throw command.mismatch("a program") }
    } else {
      let text = try command.string("a command line, or a list of program and arguments")
      if text.isEmpty { throw command.mismatch("a program") }
      settings = CommandJudge.Settings(shell: text)
    }
    if let timeout = entries["timeout"] {
      let longest = CommandJudge.longestTimeout
      let expected = "a number of seconds above 0 and at most \(Int(longest))"
      settings.timeout = try timeout.double(expected)
      guard settings.timeout > 0, settings.timeout <= longest else {
        throw timeout.mismatch(expected)
      }
    }
    if let both = entries["both_orders"] { settings.bothOrders = try both.bool() }
    settings.cache = try entries["cache"]?.string()
    if let returns = entries["returns"] {
      let expected = CommandJudge.Returns.allCases.map(\.rawValue).joined(separator: " or ")
      guard let kind = CommandJudge.Returns(rawValue: try returns.string(expected)) else {
        throw returns.mismatch(expected)
      }
      settings.returns = kind
    }
    if let temperature = entries["temperature"] {
      settings.temperature = try temperature.double("a number above 0")
      guard settings.temperature > 0 else { throw temperature.mismatch("a number above 0") }
      guard settings.returns == .rewards else {
        throw ConfigurationError.conflict(
          "\(temperature.location): 'temperature' turns rewards into preferences, but this command "
            + "returns preferences; set 'returns: rewards', or leave it out")
      }
    }
    guard settings.returns == .preferences || !settings.bothOrders else {
      throw ConfigurationError.conflict(
        "\(value.location): 'both_orders' asks for preferences twice, but this command returns "
          + "rewards; leave it out")
    }
    return settings
  }
}
