/// Comparisons of two responses to a prompt, in any of the formats of `DataFormat`: with an explicit or
/// an implicit prompt, texts or conversations, alpaca, sharegpt, transcripts, or two responses with a
/// judge's verdict. An optional key `preference` is P(chosen > rejected): a soft label, 1/2 a tie.
public enum PreferenceDataset {
  /// - Throws: `DataError`, `ConfigurationError`; a malformed example's when that one is decoded.
  public static func examples(
    _ settings: DatasetSettings, split: DataSplit = .train
  ) throws -> Examples<PreferenceExample> {
    try Examples(settings, split, .pairs) { row, decoder in try decoder.pair(row) }
  }
}

/// Responses judged alone: `{prompt, completion, label}`, or alpaca and sharegpt with `label` or
/// LLaMA-Factory's `kto_tag`.
public enum UnpairedDataset {
  /// - Throws: `DataError`, `ConfigurationError`; a malformed example's when that one is decoded.
  public static func examples(
    _ settings: DatasetSettings, split: DataSplit = .train
  ) throws -> Examples<UnpairedExample> {
    try Examples(settings, split, .labels) { row, decoder in try decoder.unpaired(row) }
  }
}
