/// Settings of `magnetic preference`: training of a preference model from pairs, or with `evaluate` the
/// figures of a trained one. Names are TRL's (RewardConfig) where it has one.
public struct PreferenceConfiguration: ConfigurableSettings, Equatable {
  /// A language model that gets a scoring head, or a preference model to train on or to measure.
  public var model = ""
  /// Pairs to learn from.
  public var data = DatasetSettings()
  /// Held-out pairs; empty = those that `data` holds out, if any.
  public var evalDataset = ""
  /// Steps between measurements on them; 0 = only at the end.
  public var evalSteps = 0
  /// Measure only.
  public var evaluate = false
  /// Print figures as one JSON object.
  public var json = false
  public var run = RunSettings()
  public var kind = PreferenceFile.Kind.bradleyTerry
  /// Of a general preference model.
  public var general = GeneralPreference()
  /// Of a pairwise model: texts before the first response, before the second, and at the end.
  public var separators = PreferenceFile.standardSeparators
  /// Pairs of one optimizer step.
  public var batchSize = 8
  /// Tokens of one text.
  public var maxLength = 512
  /// Chat template to use in place of the model's own; empty = that.
  public var chatTemplate = ""
  /// Of Bradley-Terry scores; 0 = off.
  public var centering = 0.0
  /// Bins of the calibration table.
  public var calibrationBins = 10
  /// Fits a logistic regression on words to the same pairs, to compare with.
  public var fitsBagOfWords = false
  /// Responses to a prompt, K, and prompts whose triples are looked at for cycles.
  public var intransitivityResponses = 4
  public var intransitivityPrompts = 100
  public var optimizer = OptimizerSettings()
  /// Adapters in place of all weights; the scoring head is trained whole.
  public var lora = LoRASettings()

  public init() {
    optimizer.learningRate = 1e-4
    optimizer.schedule = .linear
  }

  /// What the model is going to be.
  public var file: PreferenceFile {
    let head: PreferenceHead
    switch kind {
    case .bradleyTerry: head = .bradleyTerry
    case .general: head = .general(general)
    case .pairwise: head = .pairwise
    }
    var file = PreferenceFile(head: head, maxLength: maxLength)
    if kind == .pairwise { file.separators = separators }
    return file
  }

  public func validate() throws {
    guard !model.isEmpty else {
      throw ConfigurationError.missing(
        key: "model_name_or_path",
        evaluate ? "the preference model to measure" : "a language model to start from")
    }
    if evaluate {
      guard !evalDataset.isEmpty || data.hasHeldOut else {
        throw ConfigurationError.missing(
          key: "eval_dataset_name",
          "pairs to measure on, {\"chosen\", \"rejected\"} a line; or dataset_name with "
            + "test_split_size")
      }
      guard !fitsBagOfWords else {
        throw ConfigurationError.conflict(
          "bag_of_words is fitted to training pairs, which 'evaluate' does not read; leave it out")
      }
      return
    }
    try data.validate("a file of pairs, {\"prompt\", \"chosen\", \"rejected\"} a line")
    try run.validate()
    guard run.gradientAccumulationSteps <= batchSize else {
      throw ConfigurationError.conflict(
        "gradient_accumulation_steps is \(run.gradientAccumulationSteps), but a step has only "
          + "\(batchSize) pairs (per_device_train_batch_size)")
    }
    guard kind == .bradleyTerry || centering == 0 else {
      throw ConfigurationError.conflict(
        "center_rewards_coefficient keeps scores around 0, which only a bradley_terry model has; "
          + "leave it out")
    }
    guard general.dimension % 2 == 0 else {
      throw ConfigurationError.value(
        key: "embedding_dimension", location: "settings", expected: "an even number",
        found: "\(general.dimension)")
    }
  }

  public static var unsupported: [String: String] { unsupportedSettings }
}
