import Foundation
import MPOModel
import TestSupport
import Testing

@Suite struct ModelWeightsTests {
  private func tensors() -> [SafetensorsTensor] {
    (0..<5).map { i in
      .init(name: "layer.\(i)", shape: [2, 5], values: (0..<10).map { Float($0 + 100 * i) })
    }
  }

  @Test func shardsAndReadsBack() throws {
    let folder = try TemporaryFolder()
    try ModelWeights.write(tensors: tensors(), to: folder.path, maxShardBytes: 80)
    #expect(
      try folder.contents == [
        "model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors",
        "model-00003-of-00003.safetensors", "model.safetensors.index.json",
      ])
    let weights = try ModelWeights(folder: folder.path)
    #expect(weights.tensors.count == 5)
    #expect(try weights.floats("layer.3") == (0..<10).map { Float($0 + 300) })
    #expect(try weights.entry("layer.3").shape == [2, 5])
    #expect(throws: ModelError.self) { try weights.floats("layer.9") }
    let index = try JSONValue(file: folder.file("model.safetensors.index.json")).object
    #expect(index?["metadata"]?.object?["total_size"] == .integer(200))
    #expect(index?["weight_map"]?.object?["layer.4"] == .string("model-00003-of-00003.safetensors"))
    // A later save in one file removes the shards.
    try ModelWeights.write(tensors: tensors(), to: folder.path)
    #expect(try folder.contents == ["model.safetensors"])
    #expect(try ModelWeights(folder: folder.path).floats("layer.0")[9] == 9)
    // And the other way round.
    try ModelWeights.write(tensors: tensors(), to: folder.path, maxShardBytes: 1)
    #expect(try folder.contents.count == 6)
    #expect(try ModelWeights(folder: folder.path).tensors.count == 5)
  }

  @Test(arguments: [
    "../model.safetensors", "/etc/x.safetensors", "a/b.safetensors", "..", "",
    "a\\b.safetensors", ".hidden.safetensors", "model.bin", "c:x.safetensors",
  ])
  func refusesShardNames(_ name: String) throws {
    let folder = try TemporaryFolder()
    try ModelWeights.write(tensors: tensors(), to: folder.path)
    try FileManager.default.moveItem(
      atPath: folder.file("model.safetensors"), toPath: folder.file("a.safetensors"))
    let map = JSONObject([.init(name: "layer.0", value: .string(name))])
    let index = JSONValue.object(.init([.init(name: "weight_map", value: .object(map))]))
    try folder.write(index.serialized(), "model.safetensors.index.json")
    let error = #expect(throws: ModelError.self) { try ModelWeights(folder: folder.path) }
    #expect(error?.description.contains("in the same folder") == true)
  }

  @Test func refusesBadIndexes() throws {
    let folder = try TemporaryFolder()
    let index = "model.safetensors.index.json"
    #expect(throws: ModelError.self) { try ModelWeights(folder: folder.path) }
    try folder.write("{}", index)
    #expect(throws: ModelError.self) { try ModelWeights(folder: folder.path) }
    try folder.write(#"{"weight_map": {"a": "gone.safetensors"}}"#, index)
    #expect(throws: ModelError.self) { try ModelWeights(folder: folder.path) }
    try SafetensorsWriter.write(tensors: [], to: folder.file("gone.safetensors"))
    let error = #expect(throws: ModelError.self) { try ModelWeights(folder: folder.path) }
    #expect(error?.description.contains("does not have it") == true)
    try folder.write(#"{"weight_map": {"a": 1}}"#, index)
    #expect(throws: ModelError.self) { try ModelWeights(folder: folder.path) }
  }
}
