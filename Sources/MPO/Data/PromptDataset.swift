import MPOModel

/// Self-play's input: JSON lines `{"prompt": "The sky is"}`, or `{"prompt": [{"role", "content"}]}`
/// for the model's chat template, with `tools` where there are some. Preference data serve too: of
/// `chosen` and `rejected` without a `prompt` the prompt is what both begin with. Other keys are
/// ignored.
public enum PromptDataset {
  /// - Throws: `DataError`, `ConfigurationError`; a malformed example's when that one is decoded.
  public static func examples(
    _ settings: DatasetSettings, split: DataSplit = .train
  ) throws -> Examples<Prompt> {
    try Examples(settings, split, .prompts) { row, decoder in try decoder.prompt(row) }
  }

  /// All prompts in the file's order. An empty prompt is allowed (it starts from BOS).
  /// - Throws: `DataError`.
  public static func read(_ path: String) throws -> [Prompt] {
    try read(DatasetSettings(name: path))
  }

  public static func read(
    _ settings: DatasetSettings, split: DataSplit = .train
  ) throws -> [Prompt] {
    try examples(settings, split: split).all().map(\.example)
  }
}
