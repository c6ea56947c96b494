import Foundation
import MPOModel

extension FuzzReader {
  /// A JSON document: what is taken is written and read back the same.
  static let json = FuzzReader(
    name: "json", share: 10, mutator: JSONMutator.mutate, file: "t.json",
    read: { folder in
      let value = try JSONValue(file: "\(folder)/t.json")
      for indent in [0, 2] {
        let text = value.serialized(indent: indent)
        try require(
          try JSONValue(parsing: text, path: "written") == value, "changed by writing: \(text)")
      }
    })

  /// A model's config.json.
  static let config = FuzzReader(
    name: "config", share: 15, mutator: JSONMutator.mutate, file: "config.json",
    read: { folder in
      let config = try ModelConfiguration(folder: folder)
      try config.write(folder: folder)
      // Written with names sorted.
      func text(_ config: ModelConfiguration) -> String {
        JSONValue.object(config.fields).serialized(sorted: true)
      }
      try require(
        try text(ModelConfiguration(folder: folder)) == text(config),
        "changed by writing: \(text(config))")
    })

  /// A LoRA adapter's adapter_config.json.
  static let adapterConfig = FuzzReader(
    name: "adapter-config", share: 5, mutator: JSONMutator.mutate,
    file: AdapterConfiguration.fileName,
    read: { folder in
      let adapter = try AdapterConfiguration(folder: folder)
      try require(adapter.lora.rank > 0 && adapter.lora.alpha > 0, "rank or alpha of 0")
    })

  static let generationConfig = FuzzReader(
    name: "generation-config", share: 5, mutator: JSONMutator.mutate,
    prepare: { folder in
      try write(FuzzCorpus.first(of: "config"), to: "\(folder)/config.json")
    }, file: "generation_config.json",
    read: { folder in
      let model = try ModelConfiguration(folder: folder)
      let config = try GenerationConfiguration(folder: folder, model: model)
      try require(
        config.stopIDs.allSatisfy { (0..<model.shape.vocabulary).contains(Int($0)) },
        "a stop token outside the vocabulary")
    })

  /// A tokenizer.json: what is taken encodes some texts and decodes the ids.
  static let tokenizer = FuzzReader(
    name: "tokenizer", share: 25, mutator: JSONMutator.mutate,
    prepare: { folder in
      // A token that every seed has.
      try write(Array(#"{"bos_token":"<s>"}"#.utf8), to: "\(folder)/tokenizer_config.json")
    },
    // A normalizer may put its own text, of any length, in the place of 160 letters of `texts`.
    file: "tokenizer.json", memoryPerByte: 8192, read: use)

  static let tokenizerConfig = FuzzReader(
    name: "tokenizer-config", share: 10, mutator: JSONMutator.mutate,
    prepare: { folder in
      try write(FuzzCorpus.first(of: "tokenizer"), to: "\(folder)/tokenizer.json")
    }, file: "tokenizer_config.json",
    read: { folder in
      try use(folder)
      do { _ = try ChatTemplate.load(folder: folder) } catch is JinjaError {} catch is ChatError {}
    })

  /// Texts that meet every stage: words, digits, spaces of all kinds, special tokens, marks that
  /// combine, other scripts, invisible and unassigned characters.
  private static let texts = [
    "", " ", "Hello, world's  12345 <s>x</s><|end|>\n\n\t ok  ",
    "e\u{0301}\u{00E9}\u{1E9B}\u{0323} \u{AC00}\u{1100}\u{1161} \u{FDFA} \u{2581}\u{2581}a",
    "\u{0}\u{FEFF}\u{FFFD}\u{10FFFF}\u{1F468}\u{200D}\u{1F469} \u{3000}\u{00A0}\u{200B}",
    String(repeating: "aaaa ", count: 40), "\u{4F60}\u{597D}\u{FF0C}123\u{0663}",
  ]

  @Sendable private static func use(_ folder: String) throws {
    let tokenizer = try Tokenizer(folder: folder)
    for text in texts {
      for special in [true, false] {
        let ids = tokenizer.encode(text, addSpecialTokens: special)
        try require(
          ids.allSatisfy { $0 >= 0 && Int($0) < tokenizer.vocabularySize },
          "an id outside 0..<\(tokenizer.vocabularySize) in \(ids)")
        _ = tokenizer.decode(ids)
      }
    }
    let ids = [0, 1, 2, tokenizer.vocabularySize - 1, tokenizer.vocabularySize, -1, Int(Int32.max)]
    _ = tokenizer.decode(ids.map { Int32(truncatingIfNeeded: $0) })
  }
}

extension FuzzCorpus {
  /// The first seed of a reader, as a sound companion of another's inputs.
  static func first(of reader: String) throws -> [UInt8] {
    try files(of: reader).first { $0.name.hasPrefix("seed-") }?.bytes ?? []
  }
}
