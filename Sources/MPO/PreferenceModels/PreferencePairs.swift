import MPOModel

/// Pairs as ids, cut by nobody yet: `PairText` fits them to a model's length.
struct PreferencePairs {
  var pairs: [TokenizedPair] = []
  /// The same as texts.
  var texts: [TextPair] = []
  /// How an epoch draws from them.
  var mixture: [SamplerPart] = []
  /// Says how many lose a part; nil where none does.
  var warning: String?

  /// - Throws: `DataError` naming the place of a malformed pair, or of one that the chat template
  ///   refuses; `DataError.empty`.
  init(
    _ data: DatasetSettings, split: DataSplit, model: PreferenceModel, chatTemplate: String
  ) throws {
    let encoder = PairEncoder(model: model.model, chatTemplate: chatTemplate)
    var cut = 0
    var first: DataPlace?
    let examples = try PreferenceDataset.examples(data, split: split)
    mixture = examples.mixture
    for index in 0..<examples.count {
      let (place, example) = (examples.place(index), try examples.example(index))
      let prompt: [Int32]
      let responses: [[Int32]]
      do {
        (prompt, responses) = try encoder.ids(
          example.prompt, [example.chosen, example.rejected])
      } catch let error as any CustomStringConvertible & Error where !(error is DataError) {
        throw place.failure(error.description)
      }
      let pair = TokenizedPair(
        prompt: prompt, chosen: responses[0], rejected: responses[1],
        preference: example.preference, line: place.number)
      if !model.texts.fits(pair) {
        cut += 1
        first = first ?? place
      }
      pairs.append(pair)
      texts.append(
        TextPair(
          chosen: example.chosen.text, rejected: example.rejected.text,
          preference: example.preference))
    }
    guard !pairs.isEmpty else {
      throw DataError.empty(path: data.summary, "holds no pair of responses")
    }
    warning = first.map {
      "warning: \(cut) of \(pairs.count) pairs have texts of more than \(model.file.maxLength) tokens "
        + "(max_length); their prompts lose the beginning, and the longest responses the end. The "
        + "first is \($0)"
    }
  }
}
