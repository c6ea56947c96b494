/// A model's `config.json`. The fields that the decoder needs are checked and typed; the whole
/// file is kept, so that it can be written back with those that nobody here knows.
///
/// A field's default is that of transformers' `configuration_llama.py`; sizes have none.
public struct ModelConfiguration: Sendable, Equatable {
  /// The decoder families, by `model_type`.
  public enum Family: String, Sendable, CaseIterable {
    case llama

    /// The `architectures` that this family's decoder is.
    var architectures: [String] {
      switch self {
      case .llama: return ["LlamaForCausalLM"]
      }
    }
  }

  /// The gate of the feed-forward network, by `hidden_act`.
  public enum Activation: String, Sendable, CaseIterable {
    case silu
  }

  public let family: Family
  /// C, `hidden_size`.
  public let hiddenSize: Int
  /// `num_hidden_layers`.
  public let layerCount: Int
  /// F, `intermediate_size`.
  public let intermediateSize: Int
  /// H, `num_attention_heads`; a multiple of `keyValueHeadCount`.
  public let headCount: Int
  /// G, `num_key_value_heads`; default H.
  public let keyValueHeadCount: Int
  /// D, `head_dim`; even. Default C / H.
  public let headWidth: Int
  /// `rms_norm_eps`, at least 0; default 1e-6.
  public let normEpsilon: Double
  /// V, `vocab_size`.
  public let vocabularySize: Int
  /// `max_position_embeddings`; default 2048.
  public let maxPositions: Int
  /// `tie_word_embeddings`: the head is the embedding table. Default false.
  public let tiesEmbeddings: Bool
  public let activation: Activation
  public let rope: RopeConfiguration
  /// `bos_token_id`, `eos_token_id` (one or a list) and `pad_token_id`; below `vocabularySize`.
  public let bosID: Int32?
  public let eosIDs: [Int32]
  public let padID: Int32?

  /// The whole file.
  public private(set) var fields: JSONObject

  /// Reads `config.json` of a model's folder.
  public init(folder: String) throws {
    let path = "\(folder)/config.json"
    try self.init(parsing: JSONValue(file: path), path: path)
  }

  /// Throws `ModelError` naming `path` and the field that is missing, wrong or not supported.
  public init(parsing value: JSONValue, path: String) throws {
    guard let object = value.object else {
      throw ModelError.format(path: path, "expected a JSON object, found \(value.kind)")
    }
    let reader = FieldReader(path: path, object: object)
    fields = object
    family = try Self.family(reader)
    try Self.refuseUnsupported(reader)
    hiddenSize = try reader.integer("hidden_size")
    layerCount = try reader.integer("num_hidden_layers", in: 1...100_000)
    intermediateSize = try reader.integer("intermediate_size")
    headCount = try reader.integer("num_attention_heads")
    keyValueHeadCount = try reader.optionalInteger("num_key_value_heads") ?? headCount
    guard headCount % keyValueHeadCount == 0 else {
      throw reader.wrong(
        "num_attention_heads", expected: "a multiple of num_key_value_heads = \(keyValueHeadCount)")
    }
    headWidth = try Self.headWidth(reader, hidden: hiddenSize, heads: headCount)
    normEpsilon =
      try reader.optionalNumber("rms_norm_eps", "a number of at least 0") { $0 >= 0 } ?? 1e-6
    vocabularySize = try reader.integer("vocab_size")
    maxPositions = try reader.optionalInteger("max_position_embeddings") ?? 2048
    tiesEmbeddings = try reader.optionalBool("tie_word_embeddings") ?? false
    activation = try Self.activation(reader)
    rope = try RopeConfiguration(reader)
    bosID = try reader.optionalToken("bos_token_id", vocabulary: vocabularySize)
    eosIDs = try reader.optionalTokens("eos_token_id", vocabulary: vocabularySize) ?? []
    padID = try reader.optionalToken("pad_token_id", vocabulary: vocabularySize)
  }

  /// The type that weights are saved in, "float32" say: `dtype`, or `torch_dtype` in files before
  /// transformers 5. Setting it keeps the name that the file uses.
  public var dtype: String? {
    get { fields["dtype"]?.string ?? fields["torch_dtype"]?.string }
    set {
      let name = fields["torch_dtype"] != nil && fields["dtype"] == nil ? "torch_dtype" : "dtype"
      fields[name] = newValue.map { .string($0) }
    }
  }

  /// Writes `config.json` into an existing folder, names sorted, whole or not at all.
  public func write(folder: String) throws {
    let text = JSONValue.object(fields).serialized(sorted: true) + "\n"
    try AtomicFile.write(text, to: "\(folder)/config.json")
  }
}

extension ModelConfiguration {
  private static func family(_ reader: FieldReader) throws -> Family {
    let name = try reader.string("model_type")
    guard let family = Family(rawValue: name) else {
      let known = Family.allCases.map(\.rawValue).joined(separator: ", ")
      throw ModelError.unsupported(
        path: reader.path, "model_type '\(name)' is not supported; supported are: \(known)")
    }
    guard let list = reader.value("architectures") else { return family }
    guard let names = list.array?.map(\.string), !names.contains(nil) else {
      throw reader.wrong("architectures", expected: "a list of texts")
    }
    for case let name? in names where !family.architectures.contains(name) {
      let known = family.architectures.joined(separator: ", ")
      throw ModelError.unsupported(
        path: reader.path, "architecture '\(name)' is not supported; supported are: \(known)")
    }
    return family
  }

  /// Settings that would change the formulas.
  private static func refuseUnsupported(_ reader: FieldReader) throws {
    for name in ["attention_bias", "mlp_bias", "rope_interleaved"]
    where try reader.optionalBool(name) ?? false {
      throw ModelError.unsupported(path: reader.path, "\(name) = true is not supported")
    }
    if reader.has("quantization_config") {
      throw ModelError.unsupported(
        path: reader.path,
        "quantization_config: quantized weights are not supported; use the unquantized model")
    }
  }

  private static func headWidth(_ reader: FieldReader, hidden: Int, heads: Int) throws -> Int {
    guard let width = try reader.optionalInteger("head_dim") else {
      guard hidden % heads == 0 else {
        throw reader.wrong(
          "hidden_size", expected: "a multiple of num_attention_heads = \(heads), or a head_dim")
      }
      guard hidden / heads % 2 == 0 else {
        throw reader.wrong(
          "hidden_size", expected: "an even hidden_size / num_attention_heads",
          found: "\(hidden / heads)")
      }
      return hidden / heads
    }
    guard width % 2 == 0 else { throw reader.wrong("head_dim", expected: "an even number") }
    return width
  }

  private static func activation(_ reader: FieldReader) throws -> Activation {
    let name = try reader.optionalString("hidden_act") ?? "silu"
    guard let activation = Activation(rawValue: name) else {
      let known = Activation.allCases.map(\.rawValue).joined(separator: ", ")
      throw ModelError.unsupported(
        path: reader.path, "hidden_act '\(name)' is not supported; supported are: \(known)")
    }
    return activation
  }
}
