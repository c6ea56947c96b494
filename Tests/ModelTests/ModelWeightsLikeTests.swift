import Foundation
import MPOModel
import TestSupport
import Testing

/// Weights that are read, changed and written leave in the form in which they came.
@Suite struct ModelWeightsLikeTests {
  /// A folder of mixed types: bf16 matrices, f32 norms, an f64 and an integer tensor, and the copy
  /// of a tied head.
  private func mixed(_ folder: TemporaryFolder, maxShardBytes: Int = 1 << 30) throws {
    func values(_ start: Int) -> [Float] { (0..<8).map { Float($0 + start) } }
    try ModelWeights.write(
      tensors: [
        .init(name: "embed", dtype: .bf16, shape: [4, 2], values: values(0)),
        .init(name: "norm", dtype: .f32, shape: [8], values: values(10)),
        .init(name: "half", dtype: .f16, shape: [2, 4], values: values(20)),
        .init(name: "wide", dtype: .f64, shape: [8], values: values(30)),
        .init(name: "steps", dtype: .i64, shape: [2], integers: [-1, 1 << 40]),
        .init(name: "head", dtype: .bf16, shape: [4, 2], values: values(0)),
      ], to: folder.path, maxShardBytes: maxShardBytes,
      metadata: ["format": "pt", "source": "a test"])
  }

  /// What a model gives back: every weight in f32, each one larger, without copy and integers.
  private func changed(_ source: ModelWeights) throws -> [SafetensorsTensor] {
    try ["norm", "embed", "wide", "half"].map { name in
      .init(
        name: name, shape: try source.entry(name).shape,
        values: try source.floats(name).map { $0 + 1 })
    }
  }

  @Test(arguments: [1 << 30, 90, 16])
  func keepsNamesTypesFilesAndMetadata(maxShardBytes: Int) throws {
    let (from, to) = (try TemporaryFolder(), try TemporaryFolder())
    try mixed(from, maxShardBytes: maxShardBytes)
    let source = try ModelWeights(folder: from.path)
    try ModelWeights.write(
      tensors: changed(source), to: to.path, like: source, duplicates: ["head": "embed"])
    let written = try ModelWeights(folder: to.path)
    #expect(try to.contents == from.contents)
    #expect(written.metadata == ["format": "pt", "source": "a test"])
    #expect(written.tensors.mapValues(\.dtype) == source.tensors.mapValues(\.dtype))
    #expect(written.tensors.mapValues(\.shape) == source.tensors.mapValues(\.shape))
    for name in ["embed", "norm", "half", "wide", "head"] {
      #expect(try written.floats(name) == source.floats(name).map { $0 + 1 }, "\(name)")
    }
    #expect(try written.integers("steps") == [-1, 1 << 40])
    let index = ModelWeights.indexName
    if source.isSharded {
      #expect(
        try JSONValue(file: to.file(index)) == JSONValue(file: from.file(index)))
    }
  }

  @Test func writesOverItsOwnFolder() throws {
    let folder = try TemporaryFolder()
    try mixed(folder, maxShardBytes: 90)
    let names = try folder.contents
    let source = try ModelWeights(folder: folder.path)
    try ModelWeights.write(
      tensors: changed(source), to: folder.path, like: source, duplicates: ["head": "embed"])
    #expect(try folder.contents == names)
    let written = try ModelWeights(folder: folder.path)
    #expect(try written.floats("head") == (1...8).map(Float.init))
    #expect(try written.integers("steps") == [-1, 1 << 40])
  }

  @Test func takesTypeAndLimitOfTheCaller() throws {
    let (from, to) = (try TemporaryFolder(), try TemporaryFolder())
    try mixed(from, maxShardBytes: 90)
    let source = try ModelWeights(folder: from.path)
    try ModelWeights.write(tensors: changed(source), to: to.path, like: source, dtype: .f16)
    var written = try ModelWeights(folder: to.path)
    #expect(try written.entry("norm").dtype == .f16)
    #expect(try written.entry("embed").dtype == .f16)
    // No tensor of the caller's: bytes are copied as they are.
    #expect(try written.entry("head").dtype == .bf16)
    #expect(try written.floats("head") == (0..<8).map(Float.init))
    try ModelWeights.write(
      tensors: changed(source), to: to.path, like: source, maxShardBytes: 1 << 20)
    written = try ModelWeights(folder: to.path)
    #expect(try to.contents == ["model.safetensors"])
    #expect(written.tensors.mapValues(\.dtype) == source.tensors.mapValues(\.dtype))
  }

  @Test func refusesCopiesOfNothing() throws {
    let (from, to) = (try TemporaryFolder(), try TemporaryFolder())
    try mixed(from)
    let source = try ModelWeights(folder: from.path)
    for original in ["gone", "norm"] {
      let error = #expect(throws: ModelError.self) {
        try ModelWeights.write(
          tensors: changed(source), to: to.path, like: source, duplicates: ["head": original])
      }
      #expect(error?.description.contains("copy of '\(original)'") == true)
    }
    #expect(try to.contents == [])
  }
}
