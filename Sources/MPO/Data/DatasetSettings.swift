/// Which data a command reads, and how: the same names for all of them, TRL's where it has one.
public struct DatasetSettings: Sendable, Equatable {
  /// A file or a folder.
  public var name = ""
  /// A mixture, in place of `name`.
  public var mixture: [DatasetSource] = []
  /// Splits of a folder: files `<split>.jsonl`, `.json`, with `.gz` or without.
  public var trainSplit = "train"
  public var testSplit = "test"
  /// Share of every file's rows that is held out; 0 = none.
  public var testSplitSize = 0.0
  public var testSplitBy = TestSplit.row
  /// Seed of that choice, apart from the run's: runs with different seeds hold out the same rows.
  public var testSplitSeed = 0
  public var columns = DatasetColumns()
  /// What is written around a prompt that is a text, with `{}` in its place; empty = nothing.
  public var inputTemplate = ""
  /// Makes messages of texts, for the model's chat template.
  public var appliesChatTemplate = false
  public init(name: String = "") { self.name = name }

  /// The parts of the mixture; a single name is a mixture of one.
  public var sources: [DatasetSource] { mixture.isEmpty ? [DatasetSource(name)] : mixture }
  public var isEmpty: Bool { name.isEmpty && mixture.isEmpty }

  /// For messages: the name, or those of the parts.
  public var summary: String { sources.map(\.path).joined(separator: ", ") }

  /// Whether a part is held out: a share of the rows, or a file of its own in every folder.
  public var hasHeldOut: Bool { DatasetFolder.hasHeldOut(self) }

  /// The same columns and templates for another file, all of it.
  public func replaced(by name: String) -> DatasetSettings {
    var settings = self
    (settings.name, settings.mixture, settings.testSplitSize) = (name, [], 0)
    return settings
  }

  /// Rules for several settings together.
  /// - Parameter what: a file of the data, for the message where there are none.
  public func validate(_ what: String) throws {
    guard !isEmpty else { throw ConfigurationError.missing(key: "dataset_name", what) }
    guard name.isEmpty || mixture.isEmpty else {
      throw ConfigurationError.conflict(
        "dataset_name and datasets are both given; name the one file, or the parts of a mixture")
    }
    let weights = mixture.count { $0.weight != nil }
    guard weights == 0 || weights == mixture.count else {
      throw ConfigurationError.conflict(
        "datasets: \(weights) of \(mixture.count) parts have a 'weight'; give one to all or to none"
      )
    }
  }

  package static var options: [SettingOption<Self>] {
    let source: [SettingOption<Self>] = [
      .string(
        "dataset_name", \.name, aliases: ["dataset"], placeholder: "FILE",
        "JSON lines or a JSON array (.jsonl, .json, with .gz or without), or a folder with "
          + "train.jsonl. Formats: README, Data."),
      SettingOption(
        "datasets", placeholder: "LIST",
        help: "A mixture instead: a list of {path, weight, fraction, columns, split, data_files}. "
          + "Of an epoch, which is as long as all parts together, each has the share of its weight.",
        get: { $0.mixture.isEmpty ? "-" : "[\($0.mixture.map(\.yaml).joined(separator: ", "))]" },
        set: { $0.mixture = try Self.mixture($1) }),
      .string(
        "dataset_train_split", \.trainSplit, placeholder: "NAME", "Of a folder, the file to learn."),
      .string(
        "dataset_test_split", \.testSplit, placeholder: "NAME",
        "Of a folder, the file held out; test may also be called valid, validation or eval."),
      .double(
        "test_split_size", \.testSplitSize, aliases: ["eval_fraction", "test_size"], atLeast: 0,
        below: 1, "Hold out this share of every file's rows; 0 is none."),
      .choice(
        "test_split_by", \.testSplitBy,
        "row, or prompt: rows that open with one prompt, or one first turn, are held out together."),
      .int(
        "test_split_seed", \.testSplitSeed, atLeast: 0,
        "Seed of which rows those are, apart from 'seed'."),
    ]
    return source + columnOptions
  }

  private static var columnOptions: [SettingOption<Self>] {
    func column(
      _ name: String, _ path: WritableKeyPath<Self, String> & Sendable, _ aliases: [String] = []
    ) -> SettingOption<Self> {
      .string(
        "\(name)_feature", path, aliases: aliases, placeholder: "KEY",
        "The file's key for what is '\(name)' here.")
    }
    return [
      column("prompt", \.columns.prompt, ["prompt_key", "input_key"]),
      column("system", \.columns.system, ["system_key"]),
      column("chosen", \.columns.chosen, ["chosen_key"]),
      column("rejected", \.columns.rejected, ["rejected_key"]),
      column("completion", \.columns.completion, ["completion_key", "output_key"]),
      column("text", \.columns.text, ["dataset_text_field"]),
      column("messages", \.columns.messages, ["messages_key"]),
      column("label", \.columns.label, ["label_key"]),
      column("preference", \.columns.preference),
      SettingOption(
        "input_template", placeholder: "TEXT",
        help: "What is written around a prompt that is a text, {} being the prompt.",
        get: { $0.inputTemplate.isEmpty ? "-" : $0.inputTemplate },
        set: {
          let text = try $1.string()
          guard text.contains("{}") else { throw $1.mismatch("a text with {} for the prompt") }
          $0.inputTemplate = text
        }),
      .bool(
        "apply_chat_template", \.appliesChatTemplate,
        "Make messages of texts: the prompt is the user's, the answer the assistant's."),
    ]
  }

  /// A list, its YAML as one text, or names with commas between.
  private static func mixture(_ value: ConfigurationValue) throws -> [DatasetSource] {
    let expected = "a list of paths or of {path, weight, ...}"
    var value = value
    if case .scalar(let text, _) = value.content {
      guard text.hasPrefix("[") else { return try value.names(expected).map { DatasetSource($0) } }
      let list = try YAMLReader.parse(text, file: value.location, key: value.key)
      value = ConfigurationValue(list.content, key: value.key, location: value.location)
    }
    let items = try value.list(expected)
    guard !items.isEmpty else { throw value.mismatch(expected) }
    return try items.map { try DatasetSource($0) }
  }
}

extension SettingOption where Settings: ConfigurableSettings {
  static func data(_ path: WritableKeyPath<Settings, DatasetSettings> & Sendable) -> [Self] {
    DatasetSettings.options.map { $0.lifted(to: path) }
  }
}

/// The part of the data that is asked for.
public enum DataSplit: String, Sendable, CaseIterable {
  /// What is learned from.
  case train
  /// What is held out.
  case test
}
