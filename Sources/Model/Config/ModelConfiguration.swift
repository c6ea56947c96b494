/// A model's `config.json`. The fields that the decoder needs are checked and become its shape; the
/// whole file is kept, so that it can be written back with those that nobody here knows.
public struct ModelConfiguration: Sendable, Equatable {
  public let family: ModelFamily
  public let shape: DecoderShape
  /// `bos_token_id`, `eos_token_id` (one or a list) and `pad_token_id`; below `vocab_size`.
  public let bosID: Int32?
  public let eosIDs: [Int32]
  public let padID: Int32?
  /// Fields that have no effect here because nobody here knows them, in the file's order.
  public let unknownFields: [String]

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
    fields = object
    let whole = FieldReader(path: path, object: object)
    let (family, reader) = try ModelFamily.find(whole)
    self.family = family
    try ModelFamily.refuseUnsupported(reader)
    if reader.prefix != "" { try ModelFamily.refuseUnsupported(whole) }
    var shape = try family.shape(reader, wrapper: reader.prefix == "" ? nil : whole)
    shape.scoreOutputs = try whole.scoreOutputs(of: family)
    try shape.check(reader)
    self.shape = shape
    // A multimodal wrapper may name the ids outside, inside or in both places.
    let sources = reader.prefix == "" ? [whole] : [whole, reader]
    func first<Value>(_ read: (FieldReader) throws -> Value?) throws -> Value? {
      for source in sources { if let found = try read(source) { return found } }
      return nil
    }
    bosID = try first { try $0.optionalToken("bos_token_id", vocabulary: shape.vocabulary) }
    eosIDs =
      try first { try $0.optionalTokens("eos_token_id", vocabulary: shape.vocabulary) } ?? []
    padID = try first { try $0.optionalToken("pad_token_id", vocabulary: shape.vocabulary) }
    unknownFields = family.unknownFields(reader)
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

extension DecoderShape {
  /// What holds for every family.
  fileprivate func check(_ reader: FieldReader) throws {
    guard heads % keyValueHeads == 0 else {
      throw reader.wrong(
        "num_attention_heads", expected: "a multiple of num_key_value_heads = \(keyValueHeads)",
        found: "\(heads)")
    }
    guard headWidth % 2 == 0 else {
      throw reader.wrong(
        reader.has("head_dim") ? "head_dim" : "hidden_size",
        expected: reader.has("head_dim")
          ? "an even number" : "an even hidden_size / num_attention_heads",
        found: "\(headWidth)")
    }
  }
}
