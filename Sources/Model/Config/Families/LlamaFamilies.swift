import MPOBackend

/// Llama and the families that differ from it in a few fields. Defaults are those of transformers'
/// configuration classes; sizes have none.
enum LlamaFamilies {
  static func llama(_ r: FieldReader) throws -> DecoderShape {
    var shape = try base(r, maxPositions: 2048)
    if try r.optionalBool("attention_bias") ?? false {
      shape.biases.formUnion([.queryKeyValue, .attentionOutput])
    }
    if try r.optionalBool("mlp_bias") ?? false { shape.biases.insert(.feedForward) }
    return shape
  }

  /// All layers have the window.
  static func mistral(_ r: FieldReader) throws -> DecoderShape {
    var shape = try base(r, maxPositions: 131_072, keyValueHeads: 8)
    // Only an explicit null switches it off.
    let absent = r.object["sliding_window"] == nil
    let window = try r.optionalInteger("sliding_window") ?? (absent ? 4096 : 0)
    for layer in shape.blocks.indices { shape.blocks[layer].window = window }
    return shape
  }

  /// Queries, keys and values always have biases.
  static func qwen2(_ r: FieldReader) throws -> DecoderShape {
    var shape = try base(r, maxPositions: 32_768, keyValueHeads: 32)
    shape.biases.insert(.queryKeyValue)
    try applyWindows(r, to: &shape)
    return shape
  }

  /// Norms of the heads; `head_dim` does not follow from the width.
  static func qwen3(_ r: FieldReader) throws -> DecoderShape {
    var shape = try base(r, maxPositions: 32_768, keyValueHeads: 32, headWidth: 128)
    shape.normsHeads = true
    if try r.optionalBool("attention_bias") ?? false {
      shape.biases.formUnion([.queryKeyValue, .attentionOutput])
    }
    try applyWindows(r, to: &shape)
    return shape
  }

  /// The fields that all have. `keyValueHeads` and `headWidth` are the class's defaults where they do
  /// not follow from other fields. Without `readsRope` the caller reads the positions.
  static func base(
    _ r: FieldReader, maxPositions: Int, keyValueHeads: Int? = nil, headWidth: Int? = nil,
    readsRope: Bool = true
  ) throws -> DecoderShape {
    let (width, heads) = (try r.integer("hidden_size"), try r.integer("num_attention_heads"))
    let groups: Int
    if r.object["num_key_value_heads"] == nil {
      groups = keyValueHeads ?? heads
    } else {
      groups = try r.optionalInteger("num_key_value_heads") ?? heads
    }
    let positions = try r.optionalInteger("max_position_embeddings") ?? maxPositions
    var shape = DecoderShape(
      vocabulary: try r.integer("vocab_size"), width: width,
      layers: try r.integer("num_hidden_layers", in: 1...10_000), heads: heads,
      keyValueHeads: groups,
      headWidth: try self.headWidth(r, width: width, heads: heads, default: headWidth),
      feedForward: try r.integer("intermediate_size"),
      normEpsilon: Float(
        try r.optionalNumber("rms_norm_eps", "a number of at least 0") { $0 >= 0 } ?? 1e-6),
      rotaryBase: 10_000, maxPositions: positions,
      tiedHead: try r.optionalBool("tie_word_embeddings") ?? false)
    shape.activation = try Activation(r, "hidden_act") ?? .silu
    if readsRope {
      shape.positions = .rotary([try RopeReader(fields: r, maxPositions: positions).scheme()])
    }
    return shape
  }

  private static func headWidth(
    _ r: FieldReader, width: Int, heads: Int, default other: Int?
  ) throws -> Int {
    if let found = try r.optionalInteger("head_dim", in: 1...1024) ?? other { return found }
    guard width % heads == 0 else {
      throw r.wrong(
        "hidden_size", expected: "a multiple of num_attention_heads = \(heads), or a head_dim")
    }
    return width / heads
  }

  /// Qwen: layers from `max_window_layers` on slide when `use_sliding_window` says so; `layer_types`
  /// decides where it is there.
  private static func applyWindows(_ r: FieldReader, to shape: inout DecoderShape) throws {
    let uses = try r.optionalBool("use_sliding_window") ?? false
    let absent = r.object["sliding_window"] == nil
    let window = uses ? try r.optionalInteger("sliding_window") ?? (absent ? 4096 : 0) : 0
    let first = try r.optionalInteger("max_window_layers", in: 0...10_000) ?? 28
    let types = try r.layerTypes(count: shape.layers)
    for layer in shape.blocks.indices {
      let slides = types.map { $0[layer] == .sliding } ?? (layer >= first)
      if slides { shape.blocks[layer].window = window }
    }
  }
}

/// A layer's attention by `layer_types`.
enum LayerType: String {
  case full = "full_attention"
  case sliding = "sliding_attention"
}

extension FieldReader {
  /// `layer_types`, one for each layer; nil when absent.
  func layerTypes(count: Int) throws -> [LayerType]? {
    guard let value = value("layer_types") else { return nil }
    guard let items = value.array, items.count == count else {
      throw wrong("layer_types", expected: "a list of \(count) names")
    }
    return try items.map { item in
      guard let type = item.string.flatMap(LayerType.init) else {
        throw ModelError.unsupported(
          path: path,
          "\(prefix)layer_types: \(item.kind) is not supported; supported are full_attention and "
            + "sliding_attention")
      }
      return type
    }
  }
}

extension Activation {
  /// The activation by the name that a field gives; nil when the field is absent.
  init?(_ reader: FieldReader, _ field: String) throws {
    guard let name = try reader.optionalString(field) else { return nil }
    switch name {
    case "silu", "swish": self = .silu
    case "gelu": self = .gelu
    case "gelu_new", "gelu_pytorch_tanh": self = .geluTanh
    default:
      throw ModelError.unsupported(
        path: reader.path,
        "\(field) '\(name)' is not supported; supported are: silu, gelu, gelu_new, "
          + "gelu_pytorch_tanh")
    }
  }
}
