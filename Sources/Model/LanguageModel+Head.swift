import MPOBackend

extension LanguageModel.Head {
  /// The head of an adapter's folder: what the caller asks for, with the outputs that the folder has.
  /// - Throws: `ModelError.unsupported` where the two are different things.
  func of(_ adapter: AdapterConfiguration, folder: String) throws -> Self {
    guard case .scores(let asked, let seed) = self else {
      guard !adapter.scoresTexts else { throw Self.isNoLanguageModel(folder) }
      return self
    }
    guard adapter.scoresTexts, let found = try AdapterFiles.scoreOutputs(folder) else {
      throw ModelError.unsupported(
        path: folder,
        "an adapter of a language model, expected one with a scoring head (task_type SEQ_CLS, tensor "
          + "\(AdapterNames.score)); make a model of it with magnetic merge to train a scoring head "
          + "on it")
    }
    try Self.compare(asked, found, folder)
    return .scores(outputs: found, seed: seed)
  }

  /// The weights that a folder of `stored` shape does not have: a new head's.
  func fresh(_ stored: DecoderShape) -> (names: Set<String>, seed: UInt64) {
    guard case .scores(_, let seed) = self, stored.scoreOutputs == 0 else { return ([], 0) }
    return ([DecoderWeights.scoreName], seed)
  }

  static func isNoLanguageModel(_ folder: String) -> ModelError {
    .unsupported(
      path: folder,
      "a model that scores texts (a reward or preference model), expected a language model; its "
        + "place is a judge, {type: model, path: ...}, or magnetic preference --evaluate")
  }

  static func compare(_ asked: Int?, _ found: Int, _ folder: String) throws {
    guard let asked, asked != found else { return }
    throw ModelError.argument(
      "\(folder): its scoring head has \(found) outputs, expected \(asked); start from a language "
        + "model, or ask for what the folder has")
  }
}

extension LanguageModel {
  /// Whether a folder, or a hub name in the local cache, scores texts in place of predicting tokens.
  /// - Throws: `ModelError`.
  public static func scoresTexts(_ name: String) throws -> Bool {
    let folder = try ModelFolder.resolve(name)
    return AdapterConfiguration.isThere(folder)
      ? try AdapterConfiguration(folder: folder).scoresTexts
      : try ModelConfiguration(folder: folder).shape.scoreOutputs > 0
  }
}

extension ModelConfiguration {
  /// The configuration of a folder as it is read by `head`; `isBase` says that the folder is the base of
  /// adapters that bring the head.
  func reading(
    _ head: LanguageModel.Head, isBase: Bool, tokenizer: Tokenizer, folder: String
  ) throws -> ModelConfiguration {
    let found = shape.scoreOutputs
    // Where there is no padding token the beginning's will do: no text ends with it.
    let padID = tokenizer.padID ?? tokenizer.bosID.flatMap { eosIDs.contains($0) ? nil : $0 }
    switch head {
    case .vocabulary:
      guard found == 0 else { throw LanguageModel.Head.isNoLanguageModel(folder) }
      return self
    case .scores(let asked, _):
      if found > 0, !isBase { try LanguageModel.Head.compare(asked, found, folder) }
      guard let outputs = asked ?? (found > 0 ? found : nil) else {
        throw ModelError.unsupported(
          path: folder,
          "a language model, expected one with a scoring head (architectures: "
            + "\(family.scoringArchitecture)); train one with magnetic preference")
      }
      return found == outputs && (self.padID != nil || padID == nil)
        ? self : try scoring(outputs: outputs, padID: padID)
    }
  }
}
