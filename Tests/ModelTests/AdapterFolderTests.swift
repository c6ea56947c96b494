import Foundation
import MPOBackend
import MPOModel
import TestSupport
import Testing

/// Adapter folders among model folders: which base they find, whose settings count, what a later save
/// leaves.
@Suite struct AdapterFolderTests {
  private static let fields =
    #"{"model_type":"llama","hidden_size":16,"num_hidden_layers":2,"intermediate_size":24,"#
    + #""num_attention_heads":4,"vocab_size":512,"max_position_embeddings":64}"#

  /// A base in `base` and an adapter over it in `adapter` whose B is not zero.
  private func make(_ folder: TemporaryFolder, on backend: any ComputeBackend) throws {
    let base = try LanguageModel.random(
      ModelConfiguration(
        parsing: JSONValue(parsing: Self.fields, path: "fields"), path: "fields"),
      tokenizer: SharedData.require("models/stories260K"), seed: 3, on: backend)
    try base.save(base.parameters, to: folder.file("base"), dtype: .f32)
    var lora = LoRAConfiguration()
    lora.rank = 2
    let model = try LanguageModel.load(
      folder.file("base"), use: .adapting(lora, base: .auto, seed: 1), on: backend)
    try backend.fill(model.parameters.flat, with: 0.1)
    try model.save(model.parameters, to: folder.file("adapter"), dtype: nil)
  }

  private func score(_ path: String, on backend: any ComputeBackend) throws -> [Float] {
    let model = try LanguageModel.load(path, use: .reading, on: backend)
    return try Scorer(model.decoder, model.parameters).logProbs([
      RandomModel.tokens(12, seed: 5)
    ])[0]
  }

  @Test func aFullModelSavedOverAnAdapterCounts() throws {
    guard SharedData.path("models/stories260K") != nil else { return }
    let folder = try TemporaryFolder()
    let backend = try CPUBackend(threads: 2)
    try make(folder, on: backend)
    let (base, adapted) = (
      try score(folder.file("base"), on: backend), try score(folder.file("adapter"), on: backend)
    )
    #expect(base != adapted)
    let model = try LanguageModel.load(folder.file("base"), on: backend)
    try model.save(model.parameters, to: folder.file("adapter"), dtype: nil)
    #expect(try score(folder.file("adapter"), on: backend) == base)
    #expect(!AdapterConfiguration.isThere(folder.file("adapter")))
  }

  @Test func mergedIsTheAdaptedAndNeverOverIt() throws {
    guard SharedData.path("models/stories260K") != nil else { return }
    let folder = try TemporaryFolder()
    let backend = try CPUBackend(threads: 2)
    try make(folder, on: backend)
    let model = try LanguageModel.load(folder.file("adapter"), use: .reading, on: backend)
    for own in ["base", "adapter"] {
      #expect(throws: ModelError.self) {
        try model.saveMerged(to: folder.file(own), dtype: nil)
      }
    }
    try model.saveMerged(to: folder.file("merged"), dtype: nil)
    expectClose(
      try score(folder.file("merged"), on: backend),
      try score(folder.file("adapter"), on: backend).map(Double.init), 1e-5, "merged")
  }

  @Test func aBaseBesideTheAdapterIsFoundFromItsSuccessors() throws {
    guard SharedData.path("models/stories260K") != nil else { return }
    let folder = try TemporaryFolder()
    let backend = try CPUBackend(threads: 2)
    try make(folder, on: backend)
    let path = folder.file("adapter/adapter_config.json")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try folder.write(
      text.replacing(folder.file("base"), with: "../base"), "adapter/adapter_config.json")
    #expect(try String(contentsOfFile: path, encoding: .utf8).contains("\"../base\""))
    let model = try LanguageModel.load(
      folder.file("adapter"), use: .adapting(.init(), base: .auto, seed: 1), on: backend)
    try model.save(model.parameters, to: folder.file("deeper/on"), dtype: nil)
    #expect(
      try score(folder.file("deeper/on"), on: backend)
        == score(folder.file("adapter"), on: backend))
  }

  @Test func otherSettingsThanTheAdaptersAreRefused() throws {
    guard SharedData.path("models/stories260K") != nil else { return }
    let folder = try TemporaryFolder()
    let backend = try CPUBackend(threads: 2)
    try make(folder, on: backend)
    var lora = LoRAConfiguration()
    lora.rank = 32
    let error = #expect(throws: ModelError.self) {
      try LanguageModel.load(
        folder.file("adapter"), use: .adapting(lora, base: .auto, seed: 1), on: backend)
    }
    #expect(error?.description.contains("settings of its own (r 2, alpha 32.0") == true)
    #expect(throws: ModelError.self) {
      try LanguageModel.load(folder.file("adapter"), on: backend)
    }
  }

  @Test func patternsGoByTheirOrder() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      #"{"peft_type":"LORA","r":8,"target_modules":["k_proj"],"#
        + #""alpha_pattern":{"k_proj":4,"layers.0.self_attn.k_proj":400},"#
        + #""rank_pattern":{"layers.0.self_attn.k_proj":2,"k_proj":1}}"#, "adapter_config.json")
    let lora = try AdapterConfiguration(folder: folder.path).lora
    let layout = try ParameterLayout(adapters: lora, of: RandomModel.shape)
    #expect(layout.entries.filter { $0.name.contains("lora_A") }.map { $0.shape[0] } == [2, 1])
    #expect(lora.scale(of: "model.layers.0.self_attn.k_proj", rank: 2) == 2)
  }
}
