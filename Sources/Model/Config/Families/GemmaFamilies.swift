import MPOBackend

/// Gemma 1, 2 and 3: norms scale by 1 + w, embeddings by sqrt(C), the feed-forward's gate is GELU,
/// and the head is tied.
enum GemmaFamilies {
  static func gemma(_ r: FieldReader) throws -> DecoderShape {
    var shape = try base(r, maxPositions: 8192, keyValueHeads: 16)
    // Early files say "gelu" and mean the tanh form.
    let name = try r.optionalString("hidden_act")
    shape.activation = name == "gelu" ? .geluTanh : try Activation(r, "hidden_act") ?? .geluTanh
    return shape
  }

  /// Four norms a block, soft caps, and a window in every other layer.
  static func gemma2(_ r: FieldReader) throws -> DecoderShape {
    var shape = try base(r, maxPositions: 8192, keyValueHeads: 4)
    shape.normsBranches = true
    shape.attentionScale = try attentionScale(r)
    shape.attentionSoftcap = try cap(r, "attn_logit_softcapping", 50)
    shape.logitSoftcap = try cap(r, "final_logit_softcapping", 30)
    try applyWindows(r, to: &shape, pattern: 2)
    return shape
  }

  /// Norms of the heads; sliding layers have a rotary base of their own.
  static func gemma3(_ r: FieldReader, wrapper: FieldReader?) throws -> DecoderShape {
    var r = r
    // Files of the hub leave out those of the class's sizes that the model has.
    if wrapper != nil {
      for (name, size) in wrapperSizes where r.object[name] == nil {
        r.object[name] = .integer(size)
      }
    }
    var shape = try base(r, maxPositions: 131_072, keyValueHeads: 4, readsRope: false)
    if let wrapper, let ties = try wrapper.optionalBool("tie_word_embeddings") {
      shape.tiedHead = ties
    }
    shape.normsBranches = true
    shape.normsHeads = true
    shape.attentionScale = try attentionScale(r)
    shape.logitSoftcap = try cap(r, "final_logit_softcapping", 0)
    // transformers reads this field and applies no cap.
    if r.has("attn_logit_softcapping") {
      throw ModelError.unsupported(
        path: r.path, "\(r.prefix)attn_logit_softcapping is not supported for gemma3")
    }
    let schemes = try RopeReader(fields: r, maxPositions: shape.maxPositions).schemesByLayerType()
    shape.positions = .rotary([schemes.full, schemes.sliding])
    let pattern =
      try r.optionalInteger("sliding_window_pattern")
      ?? r.optionalInteger("_sliding_window_pattern") ?? 6
    try applyWindows(r, to: &shape, pattern: pattern)
    for layer in shape.blocks.indices where shape.blocks[layer].window > 0 {
      shape.blocks[layer].rotary = 1
    }
    return shape
  }

  /// Sizes of transformers' `Gemma3TextConfig`.
  private static let wrapperSizes = [
    ("vocab_size", 262_208), ("hidden_size", 2304), ("intermediate_size", 9216),
    ("num_hidden_layers", 26), ("num_attention_heads", 8), ("num_key_value_heads", 4),
    ("head_dim", 256),
  ]

  private static func base(
    _ r: FieldReader, maxPositions: Int, keyValueHeads: Int, readsRope: Bool = true
  ) throws -> DecoderShape {
    var shape = try LlamaFamilies.base(
      r, maxPositions: maxPositions, keyValueHeads: keyValueHeads, headWidth: 256,
      readsRope: readsRope)
    if case .rms(var settings) = shape.norm {
      settings.weightOffset = 1
      shape.norm = .rms(settings)
    }
    shape.tiedHead = try r.optionalBool("tie_word_embeddings") ?? true
    shape.activation = try Activation(r, "hidden_activation") ?? .geluTanh
    shape.embeddingScale = Float(Double(shape.width).squareRoot())
    if try r.optionalBool("attention_bias") ?? false {
      shape.biases.formUnion([.queryKeyValue, .attentionOutput])
    }
    return shape
  }

  private static func attentionScale(_ r: FieldReader) throws -> Float {
    let scalar = try r.optionalNumber("query_pre_attn_scalar", "a number above 0") { $0 > 0 }
    return Float(1 / (scalar ?? 256).squareRoot())
  }

  /// A soft cap; null is none, an absent field the class's default.
  private static func cap(_ r: FieldReader, _ name: String, _ absent: Float) throws -> Float {
    guard r.object[name] != nil else { return absent }
    return Float(try r.optionalNumber(name, "a number above 0") { $0 > 0 } ?? 0)
  }

  /// `layer_types`, or all layers but every `pattern`-th slide.
  private static func applyWindows(
    _ r: FieldReader, to shape: inout DecoderShape, pattern: Int
  ) throws {
    guard r.object["sliding_window"]?.isNull != true else {
      throw r.wrong("sliding_window", expected: "a whole number")
    }
    let window = try r.optionalInteger("sliding_window") ?? 4096
    let types = try r.layerTypes(count: shape.layers)
    for layer in shape.blocks.indices {
      let slides = types.map { $0[layer] == .sliding } ?? ((layer + 1) % pattern != 0)
      if slides { shape.blocks[layer].window = window }
    }
  }
}
