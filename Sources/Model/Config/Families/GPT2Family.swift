import MPOBackend

/// GPT-2: layer norms, learned positions, biases everywhere, a plain GELU feed-forward, a tied head.
enum GPT2Family {
  static func shape(_ r: FieldReader) throws -> DecoderShape {
    let (width, heads) = (try r.integer("n_embd"), try r.integer("n_head"))
    guard width % heads == 0 else {
      throw r.wrong("n_embd", expected: "a multiple of n_head = \(heads)")
    }
    let epsilon = try r.optionalNumber("layer_norm_epsilon", "a number of at least 0") { $0 >= 0 }
    var shape = DecoderShape(
      vocabulary: try r.integer("vocab_size"), width: width,
      layers: try r.integer("n_layer", in: 1...10_000), heads: heads, keyValueHeads: heads,
      headWidth: width / heads, feedForward: try r.optionalInteger("n_inner") ?? 4 * width,
      normEpsilon: 0, rotaryBase: 1,
      maxPositions: try r.optionalInteger("n_positions") ?? r.optionalInteger("n_ctx") ?? 1024,
      tiedHead: try r.optionalBool("tie_word_embeddings") ?? true)
    shape.norm = .layer(epsilon: Float(epsilon ?? 1e-5))
    shape.positions = .learned
    for layer in shape.blocks.indices { shape.blocks[layer].rotary = nil }
    shape.biases = [.queryKeyValue, .attentionOutput, .feedForward]
    shape.isGated = false
    shape.activation = try Activation(r, "activation_function") ?? .geluTanh
    if try r.optionalBool("scale_attn_weights") ?? true == false { shape.attentionScale = 1 }
    shape.naming = .gpt2
    return shape
  }
}
