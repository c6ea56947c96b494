/// A subcommand of `magnetic` that a stage may run.
struct RecipeCommand: Sendable {
  var name: String
  /// Whether settings go into a file that `--config` names; else they become flags.
  var readsConfiguration = false
  /// Whether methods' settings are meant for it, and it has `output_dir` and `seed`, which the
  /// runner sets, and continues with `--resume`.
  var trains = false
  /// Whether it has `--threads`.
  var hasThreads = false

  static let all = [
    RecipeCommand(name: "train", readsConfiguration: true, trains: true, hasThreads: true),
    RecipeCommand(name: "sft", readsConfiguration: true, trains: true, hasThreads: true),
    RecipeCommand(name: "preference", readsConfiguration: true, trains: true, hasThreads: true),
    RecipeCommand(name: "tokenizer", readsConfiguration: true),
    RecipeCommand(name: "evaluate", hasThreads: true),
    RecipeCommand(name: "generate", hasThreads: true),
    RecipeCommand(name: "score", hasThreads: true),
    RecipeCommand(name: "label", hasThreads: true),
    RecipeCommand(name: "game"), RecipeCommand(name: "report"), RecipeCommand(name: "merge"),
    RecipeCommand(name: "demo"),
  ]

  /// Settings that are the runner's own.
  static let reserved = [
    "output_dir": "every run has a folder of its own, ${run}",
    "overwrite_output_dir": "the runner decides what is continued and what is done anew",
    "resume_from_checkpoint": "the runner continues interrupted runs by itself",
    "resume": "the runner continues interrupted runs by itself",
  ]

  /// The words after `magnetic`.
  /// - Parameters:
  ///   - file: the settings of a command that reads a configuration.
  ///   - threads: 0 = the command's own default.
  func arguments(
    _ settings: [RecipeSetting], words: [String], file: String, threads: Int
  ) throws -> [String] {
    let count = hasThreads && threads > 0 && !settings.contains { $0.name == "threads" }
    let flags = readsConfiguration ? ["--config", file] : try settings.flatMap(Self.flags)
    return [name] + words + flags + (count ? ["--threads", String(threads)] : [])
  }

  /// `--name value`; once for each item of a list, a bare `--name` for true and nothing for false.
  private static func flags(_ setting: RecipeSetting) throws -> [String] {
    let flag = "--" + setting.name.replacing("_", with: "-")
    switch setting.value.content {
    case .null: return []
    case .scalar("true", plain: true): return [flag]
    case .scalar("false", plain: true): return []
    case .scalar(let text, _): return ["\(flag)=\(text)"]
    case .mapping: return ["\(flag)=\(setting.value.jsonText())"]
    case .list(let items): return try items.map { "\(flag)=\(try $0.string())" }
    }
  }

  /// The same as a file for `--config`, one setting a line.
  static func yaml(_ settings: [RecipeSetting]) -> String {
    settings.map { "\($0.name): \($0.value.jsonText())\n" }.joined()
  }

  /// Names and values of a configuration, before anything runs. A judge in a file is left for the
  /// run: the file may not be there yet.
  /// - Throws: `ConfigurationError` with the place in the recipe.
  func check(_ settings: [RecipeSetting]) throws {
    switch name {
    case "train": try Self.check(AlignmentConfiguration.self, settings)
    case "sft": try Self.check(SFTConfiguration.self, settings)
    case "preference": try Self.check(PreferenceConfiguration.self, settings)
    case "tokenizer": try Self.check(TokenizerConfiguration.self, settings, hasFolder: false)
    default: break
    }
  }

  /// - hasFolder: the runner sets the folder to write to.
  private static func check<Settings: ConfigurableSettings>(
    _: Settings.Type, _ settings: [RecipeSetting], hasFolder: Bool = true
  ) throws {
    let read = settings.filter { setting in
      guard setting.name == "judge", case .scalar = setting.value.content else { return true }
      return false
    }
    let pairs = read.map { (key: $0.name, value: $0.value) }
    var checked = Settings()
    var given = try checked.apply(
      ConfigurationValue(.mapping(pairs), key: "", location: "recipe"))
    guard read.count == settings.count else { return }
    if hasFolder { given.formUnion(try checked.apply(flags: ["--output-dir=run"])) }
    checked.complete(given: given)
    try checked.validate()
  }
}
