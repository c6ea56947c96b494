import Foundation
import MPO
import MPOBackend
import MPOModel
import TestSupport

/// A small base with a tokenizer of its own, and pairs of a game between three classes of texts.
struct PreferenceFixture {
  let folder: TemporaryFolder
  static let classes = [
    ["stone", "rock", "granite", "pebble"], ["paper", "sheet", "letter", "page"],
    ["scissors", "blade", "knife", "shears"],
  ]

  init() throws {
    folder = try TemporaryFolder()
    let backend = try CPUBackend(threads: 2)
    try FileManager.default.createDirectory(
      atPath: folder.file("tokenizer"), withIntermediateDirectories: true)
    try Self.vocabulary.write(folder: folder.file("tokenizer"))
    let fields = """
      {"model_type": "llama", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
       "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 320,
       "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "tie_word_embeddings": false}
      """
    let model = try LanguageModel.random(
      ModelConfiguration(parsing: JSONValue(parsing: fields, path: "fields"), path: "fields"),
      tokenizer: folder.file("tokenizer"), seed: 3, on: backend)
    // Large enough weights that what stands far from a text's end reaches it from the start.
    let flat = model.parameters.flat
    var values = try backend.floats(flat)
    for i in 0..<model.parameters.layout.matrixCount { values[i] *= 6 }
    try values.withUnsafeBytes { try backend.upload($0, to: flat) }
    try model.save(model.parameters, to: folder.file("base"), dtype: .f32)
  }

  private static let vocabulary: BytePairVocabulary = {
    let texts = classes.joined().map { "I play \($0) now." }
    return BytePairTrainer(vocabularySize: 300, minimumCount: 1).train(texts)
  }()

  /// Text of class `kind`, some of many.
  static func text(_ kind: Int, _ number: Int) -> String {
    let words = classes[kind]
    return " I play \(words[number % 4]) and \(words[number / 4 % 4])."
  }

  /// `count` pairs; class k + 1 beats class k, round in a circle.
  func pairs(_ count: Int, seed: UInt64, _ name: String) throws -> String {
    var generator = PhiloxGenerator(seed: seed, domain: .test)
    func draw(_ n: UInt64) -> Int { Int(generator.next() % n) }
    var lines = ""
    for _ in 0..<count {
      let loser = draw(3)
      let (a, b) = (Self.text((loser + 1) % 3, draw(16)), Self.text(loser, draw(16)))
      lines += #"{"prompt": "Your turn:", "chosen": "\#(a)", "rejected": "\#(b)"}"# + "\n"
    }
    return try folder.write(lines, name)
  }

  func configuration(
    _ kind: PreferenceFile.Kind, _ output: String, steps: Int, more: String = ""
  ) throws -> PreferenceConfiguration {
    var c = PreferenceConfiguration()
    try c.apply(
      yaml: """
        model_name_or_path: \(folder.file("base"))
        dataset_name: \(pairs(240, seed: 1, "train.jsonl"))
        eval_dataset_name: \(pairs(120, seed: 2, "held.jsonl"))
        output_dir: \(folder.file(output))
        preference_model: \(kind.rawValue)
        per_device_train_batch_size: 8
        learning_rate: 3.0e-3
        max_length: 64
        max_steps: \(steps)
        \(more)
        """)
    return c
  }

  /// Trains; returns the report on the held-out pairs where it came to the end.
  @discardableResult static func run(
    _ c: PreferenceConfiguration, stopAfter: Int? = nil
  ) throws -> PreferenceReport? {
    try TestBackends.cpus()[1].run { backend in
      let trainer = try PreferenceTrainer(c, on: backend)
      _ = try trainer.run(
        print: { _ in }, stopRequested: { trainer.stepsDone >= stopAfter ?? .max })
      return trainer.lastReport
    }
  }

  static let heads: [PreferenceHead] = {
    var wide = GeneralPreference()
    wide.dimension = 4
    wide.temperature = 0.5
    var free = wide
    free.isNormalized = false
    return [
      .bradleyTerry, .general(GeneralPreference()), .general(wide), .general(free), .pairwise,
    ]
  }()

  /// The base with a random scoring head, for `head`, or with adapters.
  func model(
    _ head: PreferenceHead, adapted: Bool = false, on backend: any ComputeBackend
  ) throws -> PreferenceModel {
    var lora = LoRAConfiguration()
    lora.rank = 2
    lora.dropout = 0
    let use: LanguageModel.Use =
      adapted ? .adapting(lora, base: .auto, seed: 4) : .training
    let model = try LanguageModel.load(
      folder.file("base"), use: use, head: .scores(outputs: head.outputs, seed: 5), on: backend)
    return try PreferenceModel(model, PreferenceFile(head: head, maxLength: 64))
  }

  static func tokenizedPairs() -> [TokenizedPair] {
    (0..<5).map { i in
      func draw(_ count: Int, _ seed: Int) -> [Int32] {
        RandomModel.tokens(count, seed: UInt64(seed), vocabulary: 300)
      }
      return TokenizedPair(
        prompt: draw(3 + i, i), chosen: draw(4 + i, 10 + i), rejected: draw(7 - i, 20 + i),
        preference: [1, 0.5, 0.8, 0, 1][i])
    }
  }
}
