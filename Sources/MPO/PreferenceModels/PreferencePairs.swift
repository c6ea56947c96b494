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
      let pair = try encoder.uncut(example, at: place)
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
    warning = first.map {
      "warning: \(cut) of \(pairs.count) pairs have texts of more than \(model.file.maxLength) tokens "
        + "(max_length); their prompts lose the beginning, and the longest responses the end. The "
        + "first is \($0)"
    }
  }
}
