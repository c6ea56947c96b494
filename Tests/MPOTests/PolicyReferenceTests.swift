import Foundation
import MPO
import TestSupport
import Testing

@Suite struct PolicyReferenceTests {
  private static func folder(_ names: [String]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for name in names {
      try FileManager.default.createDirectory(
        atPath: folder.file(name), withIntermediateDirectories: true)
      try folder.write("{}", "\(name)/config.json")
    }
    return folder
  }

  @Test func namesAndPaths() throws {
    let folder = try Self.folder(["a=b", "c"])
    let path = folder.file("a=b")
    let list = try PolicyReference.list([
      "base=\(folder.file("c"))", "org/model", path, "runs/lr=1",
    ])
    #expect(list.map(\.name) == ["base", "org/model", path, "runs/lr=1"])
    #expect(list.map(\.path) == [folder.file("c"), "org/model", path, "runs/lr=1"])
  }

  /// A pattern gives folders with a model, in the order of their steps; a name is put in front.
  @Test func patterns() throws {
    let folder = try Self.folder(["checkpoint-100", "checkpoint-9", "checkpoint-20"])
    try FileManager.default.createDirectory(
      atPath: folder.file("checkpoint-7"), withIntermediateDirectories: true)
    try folder.write("", "checkpoint-8")
    let list = try PolicyReference.list([folder.file("checkpoint-*")])
    #expect(
      list.map(\.path) == ["checkpoint-9", "checkpoint-20", "checkpoint-100"].map(folder.file))
    #expect(list.map(\.name) == list.map(\.path))
    let named = try PolicyReference.list(["mpo=" + folder.file("checkpoint-*")])
    #expect(named.map(\.name) == ["mpo/checkpoint-9", "mpo/checkpoint-20", "mpo/checkpoint-100"])
    #expect(named.map(\.path) == list.map(\.path))
    let one = try PolicyReference.list(["mpo=" + folder.file("checkpoint-?0")])
    #expect(one.map(\.name) == ["mpo/checkpoint-20"])
    for (pattern, part) in [("other-*", "nothing matches"), ("*-7", "no folder with a model")] {
      let error = #expect(throws: EvaluationError.self) {
        try PolicyReference.list([folder.file(pattern)])
      }
      #expect(error?.description.contains(part) == true)
      #expect(error?.description.contains(pattern) == true)
    }
  }

  @Test func namesAreUnique() throws {
    #expect(try PolicyReference.list(["m", "m", "n"]).map(\.name) == ["m", "m (2)", "n"])
    #expect(PolicyReference.unique(["m", "m"]).map(\.path) == ["m", "m"])
    let error = #expect(throws: EvaluationError.self) {
      try PolicyReference.list(["a=m", "a=n"])
    }
    #expect(error?.description.contains("two policies are named 'a'") == true)
  }

  /// A stream depends on the name alone and is none of a rollout's or of `eval_steps`.
  @Test func streams() {
    let names = (0..<200).map { "policy-\($0)" }
    let all = PolicyReference.streams(names)
    #expect(Set(all).count == 200)
    #expect(all.allSatisfy { $0 >= 0x8000_0000 && $0 < 0xFFFF_0000 })
    #expect(PolicyReference.streams(names.reversed()) == all.reversed())
    #expect(PolicyReference.streams(["policy-7"]) == [all[7]])
    // A number that must not change: samples of earlier evaluations would not come again.
    #expect(PolicyReference.streams(["base"]) == [0x8000_0000 + fnv("base") % 0x7FFF_0000])
  }

  private func fnv(_ text: String) -> UInt32 {
    text.utf8.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
  }
}
