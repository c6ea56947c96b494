/// The shape of a model that is made from scratch.
public enum ModelShape: Sendable, Equatable {
  /// A `config.json`, or a folder that has one.
  case path(String)
  /// The text of one, from a mapping in the configuration.
  case inline(json: String)
}

/// Settings of `magnetic sft`: cross-entropy training, from a checkpoint or from scratch. Names are
/// TRL's where it has one.
public struct SFTConfiguration: ConfigurableSettings, Equatable {
  /// Model folder to continue from; empty when `shape` is given.
  public var model = ""
  /// Shape of a new model with random weights; needs `tokenizer`.
  public var shape: ModelShape?
  /// Folder with tokenizer.json; empty = that of the model.
  public var tokenizer = ""
  /// Texts: JSON lines with `text`, `messages` or `prompt` and `completion`, or a .txt file.
  public var data = DatasetSettings()
  public var dataset: String {
    get { data.name }
    set { data.name = newValue }
  }
  /// Held-out texts of the same kind; empty = none.
  public var evalDataset = ""
  /// Steps between evaluations on them; 0 = only at the end.
  public var evalSteps = 0
  public var run = RunSettings()
  /// Rows of one optimizer step.
  public var batchSize = 8
  /// Tokens of one row.
  public var maxLength = 512
  /// Joins texts, each with its end of sequence, and cuts the stream into rows of `maxLength`;
  /// otherwise every text has rows of its own.
  public var packing = true
  /// Chat template to use in place of the model's own; empty = that.
  public var chatTemplate = ""
  /// Of `messages`, learn the assistant's tokens only (TRL: false).
  public var assistantOnlyLoss = true
  /// Of `prompt` and `completion`, learn the completion only.
  public var completionOnlyLoss = true
  public var optimizer = OptimizerSettings()
  /// Adapters in place of all weights.
  public var lora = LoRASettings()

  public init() {
    optimizer.learningRate = 2e-5
    optimizer.schedule = .cosine
  }

  public func validate() throws {
    switch (model.isEmpty, shape) {
    case (true, nil):
      throw ConfigurationError.missing(
        key: "model_name_or_path",
        "a model folder to continue from, or 'model_config' and 'tokenizer' to start from scratch")
    case (false, .some):
      throw ConfigurationError.conflict(
        "model_name_or_path and model_config are both given; continue from the one or start from "
          + "scratch with the other")
    case (true, .some) where tokenizer.isEmpty:
      throw ConfigurationError.missing(
        key: "tokenizer", "a folder with tokenizer.json, for a model from scratch")
    default: break
    }
    guard shape == nil || !lora.isOn else {
      throw ConfigurationError.conflict(
        "use_peft adapts a trained model, but model_config starts from random weights; give one")
    }
    try data.validate("a file with one {\"text\": \"...\"} a line, or a .txt file")
    try run.validate()
    guard run.gradientAccumulationSteps <= batchSize else {
      throw ConfigurationError.conflict(
        "gradient_accumulation_steps is \(run.gradientAccumulationSteps), but a step has only "
          + "\(batchSize) rows (per_device_train_batch_size)")
    }
  }

  public static var options: [SettingOption<Self>] {
    let source: [SettingOption<Self>] = [
      .string(
        "model_name_or_path", \.model, aliases: ["model"], placeholder: "DIR",
        "Model folder to continue from, or a hub name that is in the local cache."),
      SettingOption(
        "model_config", placeholder: "FILE",
        help: "Start from random weights of this shape: a config.json, or a mapping with its keys.",
        get: {
          switch $0.shape {
          case nil: return "-"
          case .path(let path): return path
          case .inline(let json): return json
          }
        },
        set: { settings, value in
          switch value.content {
          case .mapping: settings.shape = .inline(json: value.jsonText())
          case .scalar(let text, _) where text.hasPrefix("{"):
            let parsed = try YAMLReader.parse(text, file: value.location, key: value.key)
            settings.shape = .inline(json: parsed.jsonText())
          default:
            settings.shape = .path(try value.string("a config.json, or a mapping with its keys"))
          }
        }),
      .string(
        "tokenizer", \.tokenizer, aliases: ["tokenizer_name_or_path", "tokenizer_name"],
        placeholder: "DIR", "Folder with tokenizer.json; the model's own if left out."),
    ]
    let evaluation: [SettingOption<Self>] = [
      .string(
        "eval_dataset_name", \.evalDataset, placeholder: "FILE",
        "Held-out texts of the same kind, in place of those that the data set holds out."),
      .int(
        "eval_steps", \.evalSteps, atLeast: 0,
        "Steps between evaluations on them; 0 is only at the end."),
    ]
    let rows: [SettingOption<Self>] = [
      .int(
        "per_device_train_batch_size", \.batchSize, atLeast: 1, "Rows of one optimizer step."),
      .int(
        "max_length", \.maxLength, aliases: ["max_seq_length"], atLeast: 2, "Tokens of one row."),
      .bool(
        "packing", \.packing,
        "Join texts and cut the stream into rows; with --no-packing every text has rows of its own."
      ),
      .string(
        "chat_template", \.chatTemplate, aliases: ["chat_template_path"], placeholder: "FILE",
        "Jinja file to use in place of the model's own chat template."),
      .bool(
        "assistant_only_loss", \.assistantOnlyLoss,
        "Of 'messages', learn the assistant's tokens only (TRL's default: all tokens)."),
      .bool(
        "completion_only_loss", \.completionOnlyLoss,
        "Of 'prompt' and 'completion', learn the completion only (TRL's default too)."),
    ]
    return source + SettingOption.data(\.data) + evaluation + SettingOption.run(\.run) + rows
      + SettingOption.optimizer(\.optimizer) + SettingOption.lora(\.lora)
  }

  public static var unsupported: [String: String] { unsupportedSettings }
}
