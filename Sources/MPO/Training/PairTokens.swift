import MPOModel

/// Pairs as ids. Every one is checked once, at the start; ids beyond 64 MiB lie in a temporary file.
package struct PairTokens {
  /// How an epoch draws from them.
  package let mixture: [SamplerPart]
  /// One line where something was cut.
  package private(set) var warning: String?
  private var ids: TokenLists
  private var preferences: [Double] = []

  /// None: an online algorithm's.
  package static var none: PairTokens { PairTokens() }

  private init() {
    mixture = []
    ids = TokenLists(for: "")
  }

  /// - Throws: `DataError` naming the place of a pair that is malformed or too long for the model.
  package init(_ examples: Examples<PreferenceExample>, _ encoder: PairEncoder) throws {
    mixture = examples.mixture
    ids = TokenLists(for: examples.summary)
    try examples.visit { place, example in
      let pair = try encoder.pair(example, at: place)
      for list in [pair.prompt, pair.chosen, pair.rejected] { try ids.append(list) }
      preferences.append(pair.preference)
    }
    warning = encoder.warning
  }

  /// An offline algorithm's.
  init(_ c: AlignmentConfiguration, model: LanguageModel) throws {
    try self.init(
      PreferenceDataset.examples(c.data),
      PairEncoder(
        model: model, chatTemplate: c.chatTemplate, maxPromptLength: c.maxPromptLength,
        maxLength: c.maxLength))
  }

  package var count: Int { preferences.count }

  package subscript(index: Int) -> TokenizedPair {
    get throws {
      TokenizedPair(
        prompt: try ids.list(3 * index), chosen: try ids.list(3 * index + 1),
        rejected: try ids.list(3 * index + 2), preference: preferences[index])
    }
  }
}
