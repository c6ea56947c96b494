import Foundation
import MPOModel
import TestSupport
import Testing

@Suite struct SafetensorsFileTests {
  @Test func readsRealModel() throws {
    guard let path = SharedData.path("models/stories260K/model.safetensors") else { return }
    let file = try SafetensorsFile(path: path)
    let entry = try file.entry("model.embed_tokens.weight")
    #expect(entry.shape == [512, 64])
    let values = try file.floats("model.embed_tokens.weight")
    #expect(values.count == 512 * 64)
    #expect(values.allSatisfy { $0.isFinite && abs($0) < 10 })
    #expect(try file.doubles("model.embed_tokens.weight")[7] == Double(values[7]))
  }

  @Test func readsIntegersAndMetadata() throws {
    guard let path = SharedData.path("parity/llama/golden.safetensors") else { return }
    let file = try SafetensorsFile(path: path)
    let ids = try file.integers("input_ids")
    #expect(ids.count == file.tensors["input_ids"]?.count)
    #expect(throws: ModelError.self) { try file.floats("input_ids") }
    #expect(throws: ModelError.self) { try file.integers("logits") }
  }
}
