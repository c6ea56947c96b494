import MPOModel

/// An offline algorithm's pairs as ids.
enum PairTokens {
  /// - Throws: `DataError` naming the line of a pair that is too long for the model.
  static func read(_ c: AlignmentConfiguration, model: LanguageModel) throws -> [TokenizedPair] {
    []
  }
}
