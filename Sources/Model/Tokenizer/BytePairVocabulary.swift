/// What `BytePairTrainer` learned, and its files.
public struct BytePairVocabulary: Sendable, Equatable {
  public struct Merge: Sendable, Equatable {
    public var left: String
    public var right: String
  }

  /// By id, as the file writes them; the first `specialCount` are special tokens: beginning, end.
  public let pieces: [String]
  /// By rank.
  public let merges: [Merge]
  let specialCount: Int

  /// Writes `tokenizer.json` and `tokenizer_config.json` into an existing folder, as Hugging Face's
  /// libraries write and read them. The beginning token goes before every text.
  /// - Throws: `ModelError.file`.
  public func write(folder: String) throws {
    for (name, value) in [
      ("tokenizer.json", tokenizer), ("tokenizer_config.json", configuration),
    ] {
      let file = try AtomicFile(path: "\(folder)/\(name)")
      try file.write(value.serialized() + "\n")
      try file.commit()
    }
  }

  private var tokenizer: JSONValue {
    let byteLevel = JSONValue.members([
      ("type", .string("ByteLevel")), ("add_prefix_space", .bool(false)),
      ("trim_offsets", .bool(true)), ("use_regex", .bool(true)),
    ])
    return .members([
      ("version", .string("1.0")), ("truncation", .null), ("padding", .null),
      ("added_tokens", .array(pieces.prefix(specialCount).enumerated().map(Self.special))),
      ("normalizer", .null), ("pre_tokenizer", byteLevel), ("post_processor", template),
      ("decoder", byteLevel), ("model", model),
    ])
  }

  private var model: JSONValue {
    .members([
      ("type", .string("BPE")), ("dropout", .null), ("unk_token", .null),
      ("continuing_subword_prefix", .null), ("end_of_word_suffix", .null),
      ("fuse_unk", .bool(false)), ("byte_fallback", .bool(false)),
      ("ignore_merges", .bool(false)),
      ("vocab", .members(pieces.enumerated().map { ($1, .integer($0)) })),
      ("merges", .array(merges.map { .array([.string($0.left), .string($0.right)]) })),
    ])
  }

  /// `<s> $A`; a pair of texts is one behind the other.
  private var template: JSONValue {
    let beginning = pieces[0]
    let special = JSONValue.members([
      ("SpecialToken", .members([("id", .string(beginning)), ("type_id", .integer(0))]))
    ])
    func text(_ name: String) -> JSONValue {
      .members([("Sequence", .members([("id", .string(name)), ("type_id", .integer(0))]))])
    }
    let entry = JSONValue.members([
      ("id", .string(beginning)), ("ids", .array([.integer(0)])),
      ("tokens", .array([.string(beginning)])),
    ])
    return .members([
      ("type", .string("TemplateProcessing")), ("single", .array([special, text("A")])),
      ("pair", .array([special, text("A"), text("B")])),
      ("special_tokens", .members([(beginning, entry)])),
    ])
  }

  private var configuration: JSONValue {
    .members([
      ("tokenizer_class", .string("PreTrainedTokenizerFast")), ("bos_token", .string(pieces[0])),
      ("eos_token", .string(pieces[1])), ("clean_up_tokenization_spaces", .bool(false)),
    ])
  }

  private static func special(id: Int, content: String) -> JSONValue {
    .members([
      ("id", .integer(id)), ("content", .string(content)), ("single_word", .bool(false)),
      ("lstrip", .bool(false)), ("rstrip", .bool(false)), ("normalized", .bool(false)),
      ("special", .bool(true)),
    ])
  }
}

extension JSONValue {
  fileprivate static func members(_ list: [(String, JSONValue)]) -> JSONValue {
    .object(JSONObject(list.map { JSONObject.Member(name: $0.0, value: $0.1) }))
  }
}
