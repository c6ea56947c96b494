import MPOBackend

/// The type of the weights in a folder that is written.
public enum SavedWeightType: String, Sendable, CaseIterable {
  /// That of the folder the model was read from; float32 from scratch.
  case auto
  case float32, float16, bfloat16
}

/// Where a run reads and writes, how long it is and what it runs on: common to `train` and `sft`.
public struct RunSettings: Sendable, Equatable {
  /// Folder for checkpoints, metrics and the final model.
  public var outputDirectory = ""
  /// Start afresh in a folder that already holds a run.
  public var overwriteOutputDirectory = false
  /// "" = do not resume, "latest" = the newest complete checkpoint of the output folder, else a
  /// checkpoint folder.
  public var resume = ""
  /// Steps (rollouts for `train`, optimizer steps for `sft`); -1 = as `num_train_epochs` says.
  public var maxSteps = -1
  /// Passes over the data, used when `max_steps` is -1.
  public var epochs = 1.0
  /// Of every random number: sampling, initialisation, shuffling.
  public var seed = 0
  /// Steps between checkpoints; 0 = only at the end and when interrupted.
  public var saveSteps = 0
  /// Checkpoints to keep; 0 = all.
  public var saveTotalLimit = 0
  public var savedType = SavedWeightType.auto
  /// Steps between console lines; `metrics.jsonl` gets every step.
  public var loggingSteps = 1
  /// What gets every step's figures beside `metrics.jsonl`.
  public var reportTo: [ReportTarget] = []
  /// cpu | opencl | opencl:<index or name> | auto.
  public var device = "auto"
  /// CPU threads; 0 = one for each core.
  public var threads = 0
  /// Matrix products take bf16 operands (sums and weights stay f32).
  public var bf16 = false
  /// Recompute activations in the backward pass instead of keeping them.
  public var gradientCheckpointing = false
  /// Micro-batches that a step's rows are split into: less memory, the same gradient.
  public var gradientAccumulationSteps = 1
  public init() {}

  /// The number of steps: `max_steps`, or `ceil(epochs * examples / batch)`, at least 1.
  public func totalSteps(examples: Int, batch: Int) -> Int {
    if maxSteps >= 0 { return maxSteps }
    let steps = (epochs * Double(examples) / Double(max(1, batch))).rounded(.up)
    return max(1, Int(exactly: min(steps, 1e15)) ?? 1)
  }

  /// That of matrix products.
  public var precision: ProductPrecision { bf16 ? .bf16 : .f32 }

  func validate() throws {
    guard !outputDirectory.isEmpty else {
      throw ConfigurationError.missing(key: "output_dir", "the folder to write to")
    }
    guard maxSteps != 0 else {
      throw ConfigurationError.value(
        key: "max_steps", location: "settings",
        expected: "at least 1, or -1 to go by num_train_epochs", found: "0")
    }
    guard !(overwriteOutputDirectory && resume == "latest") else {
      throw ConfigurationError.conflict(
        "overwrite_output_dir deletes the checkpoints that resume_from_checkpoint asks for; "
          + "give one of the two")
    }
  }

  static var options: [SettingOption<Self>] {
    [
      .string("output_dir", \.outputDirectory, placeholder: "DIR", "Folder to write to."),
      .bool(
        "overwrite_output_dir", \.overwriteOutputDirectory,
        "Start afresh in a folder that holds a run."),
      SettingOption(
        "resume_from_checkpoint", aliases: ["resume"], arity: .optionalValue, placeholder: "DIR",
        help: "Continue from a checkpoint folder; without a value, from the newest complete one of "
          + "output_dir.",
        get: { $0.resume.isEmpty ? "-" : $0.resume },
        set: {
          let text = try $1.string()
          switch text.lowercased() {
          case "true", "latest": $0.resume = "latest"
          case "false", "": $0.resume = ""
          default: $0.resume = text
          }
        }),
      .int(
        "max_steps", \.maxSteps, atLeast: -1,
        "Steps (rollouts for train, optimizer steps for sft); -1 goes by num_train_epochs."),
      .double("num_train_epochs", \.epochs, above: 0, "Passes over the data if max_steps is -1."),
      .int(
        "gradient_accumulation_steps", \.gradientAccumulationSteps, atLeast: 1,
        "Micro-batches that the rows of one optimizer step are split into, at least: less memory, the "
          + "same gradient. More are made of what would keep far over 128 MiB of activations."),
      .bool(
        "bf16", \.bf16,
        "Matrix products of bfloat16 operands with float32 sums; weights, gradients and moments "
          + "stay float32. Faster where the device multiplies bfloat16."),
      .bool(
        "gradient_checkpointing", \.gradientCheckpointing,
        "Recompute activations in the backward pass instead of keeping them."),
      .int("seed", \.seed, atLeast: 0, atMost: .max, "Seed of every random number."),
      .int(
        "save_steps", \.saveSteps, atLeast: 0,
        "Steps between checkpoints; 0 saves only at the end and when interrupted."),
      .int("save_total_limit", \.saveTotalLimit, atLeast: 0, "Checkpoints to keep; 0 keeps all."),
      .choice(
        "save_dtype", \.savedType, aliases: ["dtype", "torch_dtype"],
        "Type of the weights written; auto is that of the model that was read."),
      .int("logging_steps", \.loggingSteps, atLeast: 1, "Steps between lines on the console."),
      reportOption,
      .string(
        "device", \.device, placeholder: "cpu|opencl|opencl:N|auto",
        "Where to compute; auto takes an OpenCL GPU, else the CPU."),
      .int("threads", \.threads, atLeast: 0, "CPU threads; 0 takes one for each core."),
    ]
  }
}

extension SettingOption where Settings: ConfigurableSettings {
  /// The options of `RunSettings` as those of a command that holds them at `path`.
  static func run(_ path: WritableKeyPath<Settings, RunSettings> & Sendable) -> [Self] {
    RunSettings.options.map { $0.lifted(to: path) }
  }
  static func optimizer(_ path: WritableKeyPath<Settings, OptimizerSettings> & Sendable) -> [Self] {
    OptimizerSettings.options.map { $0.lifted(to: path) }
  }
}
