import Foundation
import MPOModel
import TestSupport
import Testing

@Suite struct ModelFolderTests {
  @Test func resolvesFolderAndCache() throws {
    let folder = try TemporaryFolder()
    #expect(try ModelFolder.resolve(folder.path) == folder.path)
    let model = folder.file("hub/models--org--name")
    let manager = FileManager.default
    try manager.createDirectory(atPath: "\(model)/refs", withIntermediateDirectories: true)
    try manager.createDirectory(
      atPath: "\(model)/snapshots/abc123", withIntermediateDirectories: true)
    try folder.write("abc123\n", "hub/models--org--name/refs/main")
    let expected = "\(model)/snapshots/abc123"
    #expect(
      try ModelFolder.resolve("org/name", environment: ["HF_HOME": folder.path]) == expected)
    let direct = ["HF_HUB_CACHE": folder.file("hub"), "HF_HOME": "/nowhere"]
    #expect(try ModelFolder.resolve("org/name", environment: direct) == expected)
    #expect(
      try ModelFolder.resolve("org/name", revision: "abc123", environment: direct) == expected)
    try folder.write("../../..", "hub/models--org--name/refs/main")
    #expect(throws: ModelError.self) { try ModelFolder.resolve("org/name", environment: direct) }
  }

  @Test func givesTheDownloadCommand() throws {
    let error = #expect(throws: ModelError.self) {
      try ModelFolder.resolve("HuggingFaceTB/SmolLM2-135M", environment: ["HF_HOME": "/nowhere"])
    }
    #expect(error?.description.contains("hf download HuggingFaceTB/SmolLM2-135M") == true)
    for name in ["/no/such/folder", "a/b/c", "../x", "", "a/..", "a b"] {
      let error = #expect(throws: ModelError.self) {
        try ModelFolder.resolve(name, environment: [:])
      }
      #expect(error?.description.contains("no such folder") == true)
    }
  }

  @Test func copiesTokenizerFiles() throws {
    let (source, target) = (try TemporaryFolder(), try TemporaryFolder())
    try source.write("{}", "tokenizer.json")
    try source.write("hello", "chat_template.jinja")
    try source.write("no", "other.txt")
    #expect(
      try ModelFolder.copy(from: source.path, to: target.path)
        == ["tokenizer.json", "chat_template.jinja"])
    #expect(try target.contents == ["chat_template.jinja", "tokenizer.json"])
    #expect(try ModelFolder.copy(from: source.path, to: source.path) == [])
  }
}
