/// How the names in a folder's files differ from a family's own: GPT-2's files leave out
/// "transformer.", a multimodal Gemma 3 puts its language model below a prefix of its own.
public struct StoredNames: Sendable, Equatable {
  /// The family's prefix and the file's, tried in this order.
  private var prefixes: [(own: String, stored: String)]

  /// The family's own names.
  public static let plain = StoredNames(prefixes: [])

  public static func == (a: StoredNames, b: StoredNames) -> Bool {
    a.prefixes.elementsEqual(b.prefixes) { $0 == $1 }
  }

  private static let known: [StoredNames] = [
    .plain, StoredNames(prefixes: [("transformer.", "")]),
    // As the hub has it, and as transformers 5 writes it.
    StoredNames(prefixes: [
      ("model.", "language_model.model."), ("lm_head.", "language_model.lm_head."),
    ]),
    StoredNames(prefixes: [("model.", "model.language_model.")]),
  ]

  /// The naming under which the folder has the layout's first weight; plain where none does.
  static func find(_ weights: ModelWeights, _ layout: ParameterLayout) -> StoredNames {
    guard let first = layout.entries.first else { return .plain }
    return known.first { weights.tensors[$0.stored(first.name)] != nil } ?? .plain
  }

  /// Whether the model is part of a multimodal one.
  var isWrapper: Bool { prefixes.contains { $0.stored.contains("language_model.") } }

  /// The name in the files.
  public func stored(_ name: String) -> String {
    for (own, stored) in prefixes where name.hasPrefix(own) {
      return stored + name.dropFirst(own.count)
    }
    return name
  }

  /// Whether a tensor that the decoder has no place for may be left where it is: the copy of a tied
  /// head, constants that old files hold, and the other towers of a multimodal model.
  func isBesideTheDecoder(_ name: String) -> Bool {
    if name.hasSuffix("rotary_emb.inv_freq") || name.hasSuffix("lm_head.weight") { return true }
    if name.hasSuffix(".attn.bias") || name.hasSuffix(".attn.masked_bias") { return true }
    return [
      "vision_tower.", "multi_modal_projector.", "model.vision_tower.",
      "model.multi_modal_projector.",
    ].contains { name.hasPrefix($0) }
  }
}
