/// Decoders that score a text in place of predicting its next token: Hugging Face's sequence
/// classifiers, of which reward models are one (`num_labels` 1).
extension ModelConfiguration {
  /// The same decoder with a head of `outputs` scores, as a sequence classifier's `config.json` says it.
  /// `padID` is written where the file names none: transformers scores batches only of models with one.
  /// - Throws: `ModelError.unsupported` for the language model inside a multimodal one.
  public func scoring(outputs: Int, padID: Int32?) throws -> ModelConfiguration {
    guard fields["text_config"] == nil else {
      throw ModelError.unsupported(
        path: "config.json",
        "a scoring head on the language model of a multimodal folder is not supported; save its "
          + "language model alone with transformers")
    }
    var fields = fields
    fields["architectures"] = .array([.string(family.scoringArchitecture)])
    fields["num_labels"] = nil
    var names = JSONObject()
    var numbers = JSONObject()
    for label in 0..<outputs {
      names["\(label)"] = .string("LABEL_\(label)")
      numbers["LABEL_\(label)"] = .integer(label)
    }
    fields["id2label"] = .object(names)
    fields["label2id"] = .object(numbers)
    if self.padID == nil, let padID { fields["pad_token_id"] = .integer(Int(padID)) }
    return try ModelConfiguration(parsing: .object(fields), path: "config.json")
  }
}

extension FieldReader {
  /// Rows of `score.weight`: as many as there are labels, which are two where a file does not say;
  /// 0 for a language model.
  func scoreOutputs(of family: ModelFamily) throws -> Int {
    let names = value("architectures")?.array?.map(\.string) ?? []
    guard names.contains(family.scoringArchitecture) else { return 0 }
    if let labels = try optionalInteger("num_labels", in: 1...4096) { return labels }
    guard let labels = try optionalObject("id2label") else { return 2 }
    return labels.object.members.count
  }
}
