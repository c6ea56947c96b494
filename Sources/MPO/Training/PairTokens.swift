import MPOModel

/// An offline algorithm's pairs as ids.
struct PairTokens {
  let pairs: [TokenizedPair]
  /// One line where something was cut.
  let warning: String?

  /// - Throws: `DataError` naming the place of a pair that is malformed or too long for the model.
  init(_ c: AlignmentConfiguration, model: LanguageModel) throws {
    let encoder = PairEncoder(
      model: model, chatTemplate: c.chatTemplate, maxPromptLength: c.maxPromptLength,
      maxLength: c.maxLength)
    var pairs: [TokenizedPair] = []
    let examples = try PreferenceDataset.examples(DatasetSettings(name: c.dataset))
    for index in 0..<examples.count {
      pairs.append(try encoder.pair(examples.example(index), at: examples.place(index)))
    }
    self.pairs = pairs
    warning = encoder.warning
  }
}
