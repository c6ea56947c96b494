import Foundation
import MPOBackend
import MPOModel
import TestSupport
import Testing

/// Folders of every family leave as they came: names, shapes and types of the weights, and what else
/// the files hold.
@Suite struct StoredFormTests {
  private static let llama =
    #""hidden_size":16,"num_hidden_layers":2,"intermediate_size":24,"num_attention_heads":4,"#
    + #""num_key_value_heads":2,"head_dim":4,"vocab_size":512,"max_position_embeddings":64"#
  private static let gpt2 =
    #""n_embd":16,"n_layer":2,"n_head":4,"n_positions":64,"vocab_size":512"#

  private static func fields(_ family: ModelFamily) -> String {
    #"{"model_type":"\#(family.rawValue)","# + (family == .gpt2 ? gpt2 : llama) + "}"
  }

  /// A saved random model of a family.
  private func save(
    _ family: ModelFamily, to folder: String, on backend: any ComputeBackend
  ) throws -> LanguageModel {
    let model = try LanguageModel.random(
      ModelConfiguration(
        parsing: JSONValue(parsing: Self.fields(family), path: "fields"), path: "fields"),
      tokenizer: SharedData.require("models/stories260K"), seed: 3, on: backend)
    try model.save(model.parameters, to: folder, dtype: .f32)
    return model
  }

  /// Every tensor of a folder's one file, renamed, with others added.
  private func rewrite(
    _ folder: String, extra: [SafetensorsTensor] = [], _ name: (String) -> String
  ) throws {
    let path = "\(folder)/model.safetensors"
    let file = try SafetensorsFile(path: path)
    let tensors = try file.tensors.keys.sorted().map {
      SafetensorsTensor(
        name: name($0), shape: try file.entry($0).shape, values: try file.floats($0))
    }
    try SafetensorsWriter.write(tensors: tensors + extra, metadata: ["format": "pt"], to: path)
  }

  private func expectSame(_ a: String, _ b: String) throws {
    let (a, b) = (try ModelWeights(folder: a), try ModelWeights(folder: b))
    #expect(Set(a.tensors.keys) == Set(b.tensors.keys))
    for (name, entry) in a.tensors {
      let other = try b.entry(name)
      #expect(entry.shape == other.shape && entry.dtype == other.dtype, "\(name)")
      #expect(try a.floats(name) == b.floats(name), "\(name)")
    }
  }

  @Test(arguments: ModelFamily.allCases)
  func savedModelsLoadAgain(_ family: ModelFamily) throws {
    guard SharedData.path("models/stories260K") != nil else { return }
    let folder = try TemporaryFolder()
    let backend = try CPUBackend(threads: 2)
    let made = try save(family, to: folder.file("a"), on: backend)
    let read = try LanguageModel.load(folder.file("a"), on: backend)
    #expect(read.configuration.shape == made.configuration.shape)
    #expect(try backend.floats(read.parameters.flat) == backend.floats(made.parameters.flat))
    try read.save(read.parameters, to: folder.file("b"), dtype: nil)
    try expectSame(folder.file("a"), folder.file("b"))
    // As stored in bf16, and read only: half the bytes, the same numbers as bf16 widened.
    try made.save(made.parameters, to: folder.file("c"), dtype: .bf16)
    let half = try LanguageModel.load(folder.file("c"), use: .reading, on: backend)
    let wide = try LanguageModel.load(folder.file("c"), on: backend)
    #expect(half.parameters.isFrozen && half.parameters.bytes < wide.parameters.bytes * 3 / 5)
    let tokens = [RandomModel.tokens(12, seed: 5)]
    let (x, y) = (
      try Scorer(half.decoder, half.parameters).logProbs(tokens)[0],
      try Scorer(wide.decoder, wide.parameters).logProbs(tokens)[0]
    )
    expectClose(x, y.map(Double.init), 1e-5, family.rawValue)
  }

  /// As the hub has GPT-2: no "transformer." and the masks of old versions.
  @Test func gpt2WithoutItsPrefix() throws {
    guard SharedData.path("models/stories260K") != nil else { return }
    let folder = try TemporaryFolder()
    let backend = try CPUBackend(threads: 2)
    let made = try save(.gpt2, to: folder.file("a"), on: backend)
    let mask = SafetensorsTensor(
      name: "h.0.attn.bias", shape: [1, 1, 2, 2], values: [1, 0, 1, 1])
    try rewrite(folder.file("a"), extra: [mask]) { $0.replacing("transformer.", with: "") }
    let read = try LanguageModel.load(folder.file("a"), on: backend)
    #expect(try backend.floats(read.parameters.flat) == backend.floats(made.parameters.flat))
    try read.save(read.parameters, to: folder.file("b"), dtype: nil)
    try expectSame(folder.file("a"), folder.file("b"))
    #expect(
      try ModelWeights(folder: folder.file("b")).entry("h.0.attn.c_attn.weight").shape == [16, 48])
    // A checkpoint of it fills the model again.
    try backend.fill(read.parameters.flat, with: 0)
    try read.parameters.fill(folder: folder.file("b"), on: backend)
    #expect(try backend.floats(read.parameters.flat) == backend.floats(made.parameters.flat))
  }

  @Test(arguments: ["language_model.model.", "model.language_model."])
  func gemma3KeepsItsOtherTower(_ prefix: String) throws {
    guard SharedData.path("models/stories260K") != nil else { return }
    let folder = try TemporaryFolder()
    let backend = try CPUBackend(threads: 2)
    let made = try save(.gemma3, to: folder.file("a"), on: backend)
    let tower = SafetensorsTensor(
      name: "vision_tower.patch.weight", shape: [3], values: [1, -2, 3])
    try rewrite(folder.file("a"), extra: [tower]) { prefix + $0.dropFirst("model.".count) }
    try folder.write(
      #"{"model_type":"gemma3","architectures":["Gemma3ForConditionalGeneration"],"#
        + #""text_config":"# + Self.fields(.gemma3) + "}", "a/config.json")
    let read = try LanguageModel.load(folder.file("a"), on: backend)
    #expect(try backend.floats(read.parameters.flat) == backend.floats(made.parameters.flat))
    try read.save(read.parameters, to: folder.file("b"), dtype: nil)
    try expectSame(folder.file("a"), folder.file("b"))
    let text = try String(contentsOfFile: folder.file("b/config.json"), encoding: .utf8)
    #expect(text.contains("text_config"))
  }

  @Test func strangersAreRefused() throws {
    guard SharedData.path("models/stories260K") != nil else { return }
    let folder = try TemporaryFolder()
    let backend = try CPUBackend(threads: 2)
    _ = try save(.qwen2, to: folder.path, on: backend)
    let stranger = SafetensorsTensor(name: "model.layers.0.extra", shape: [1], values: [1])
    try rewrite(folder.path, extra: [stranger]) { $0 }
    let error = #expect(throws: ModelError.self) {
      try LanguageModel.load(folder.path, on: backend)
    }
    #expect(error?.description.contains("'model.layers.0.extra' has no place") == true)
  }
}
