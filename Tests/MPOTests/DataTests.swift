import Foundation
import MPO
import Testing

@Suite struct DataTests {
  static func file(_ bytes: [UInt8], _ suffix: String = "jsonl") throws -> String {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("data-\(UUID()).\(suffix)").path
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  static func prompts(_ text: String) throws -> [Prompt] {
    let path = try file(Array(text.utf8))
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try PromptDataset.read(path)
  }

  static func refusal(_ text: String, _ read: (String) throws -> Void) throws -> String {
    let path = try file(Array(text.utf8))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let error = #expect(throws: DataError.self) { try read(path) }
    return (error?.description ?? "").replacing(path, with: "F")
  }

  @Test func promptsWithMarkEndingsAndBlankLines() throws {
    let text =
      "\u{FEFF}{\"prompt\": \"a\"}\r\n\r\n  \n{\"prompt\": \"b\\nc\", \"id\": 3}\n{\"prompt\": \"\"}"
    #expect(try Self.prompts(text) == ["a", "b\nc", ""])
  }

  @Test(arguments: [
    ("{\"prompt\": \"a\"}\n\n{\"prompt\": }\n", "F:3: not valid JSON"),
    ("{\"prompt\": \"a\"}\n{\"promt\": \"b\"}", "F:2: no key 'prompt'"),
    ("{\"prompt\": 3}", "F:1: 'prompt' has the wrong type"),
    ("{\"prompt\": null}", "F:1: "), ("[1]", "F, element 1: no JSON object"),
    ("{\"prompt\": \"a\"", "F:1: not valid"),
    ("[{\"prompt\": \"a\"}, {\"prompt\": }]", "F, element 2: not valid JSON"),
    ("[{\"prompt\": \"a\"}, {\"prompt\": \"]\"}", "F, element 2: the file ends inside"),
    ("[{\"prompt\": \"a\"},]", "F, element 2: expected an element"),
    ("[,{\"prompt\": \"a\"}]", "F, element 1: expected an element"),
    ("[{\"prompt\": \"a\"}] {}", "F: text follows the end"),
    ("[]", "F: holds nothing"), (" [ ", "the file ends inside the JSON array"),
    ("{\"prompt\": []}", "F:1: 'prompt' holds no message"),
    ("{\"prompt\": [{\"content\": \"x\"}]}", "F:1: 'prompt', message 1: expected"),
    ("{\"prompt\": [{\"role\": \"user\"}], \"tools\": 1}", "F:1: 'tools' has the wrong type"),
    ("{\"chosen\": [{\"role\": \"a\"}], \"rejected\": [{\"role\": \"b\"}]}", "in common"),
    ("", "F: holds nothing"), ("\n \r\n", "F: holds nothing"), ("PAR1....", "Parquet"),
    ("{\"prompt\": \"a\"} {\"prompt\": \"b\"}", "F:1: not valid"),
  ])
  func refusesPrompts(_ text: String, _ expected: String) throws {
    let found = try Self.refusal(text) { _ = try PromptDataset.read($0) }
    #expect(found.contains(expected), "\(found)")
  }

  @Test func missingFilesFoldersAndOtherFormats() throws {
    #expect(throws: DataError.missing(path: "/nonexistent/p.jsonl")) {
      try PromptDataset.read("/nonexistent/p.jsonl")
    }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("d-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(throws: DataError.self) { try PromptDataset.read(folder.path) }
    try Data("{\"prompt\": \"a\"}".utf8).write(to: folder.appendingPathComponent("train.jsonl"))
    #expect(try PromptDataset.read(folder.path) == ["a"])
    for (bytes, suffix) in [
      ([0x1f, 0x8b, 8], "jsonl"), ([0xff, 0xfe, 0x7b, 0], "jsonl"), ([0x61], "csv"),
      ([0x7b, 0x7d], "jsonl.gz"),
      ([0x61], "parquet"),
    ] as [([UInt8], String)] {
      let path = try Self.file(bytes, suffix)
      defer { try? FileManager.default.removeItem(atPath: path) }
      #expect(throws: DataError.self) { try PromptDataset.read(path) }
    }
  }

  @Test func texts() throws {
    let lines = try Self.file(Array("{\"text\": \"one\"}\n{\"text\": \"two\"}".utf8))
    #expect(try TextDataset.read(lines) == ["one", "two"])
    let plain = try Self.file(Array("a\r\n\r\nb\n<|endoftext|>\nc\n<|endoftext|>\n".utf8), "txt")
    #expect(try TextDataset.read(plain) == ["a\n\nb", "c"])
    let whole = try Self.file(Array("First:\nx\n\nSecond:\ny\n".utf8), "txt")
    #expect(try TextDataset.read(whole) == ["First:\nx\n\nSecond:\ny"])
    for path in [lines, plain, whole] { try FileManager.default.removeItem(atPath: path) }
    for (text, expected) in [
      ("{\"text\": \"\"}", "empty"), ("{\"messages\": []}", "holds no message"),
      ("{\"prompt\": \"a\"}", "needs its 'completion'"), ("{}", "no key 'text'"),
      ("{\"prompt\": \"a\", \"completion\": []}", "expected a text"),
    ] {
      let found = try Self.refusal(text) { _ = try TextDataset.read($0) }
      #expect(found.contains(expected), "\(found)")
    }
    for bytes in [[], [0xC3, 0x28], Array("\n<|endoftext|>\n".utf8)] as [[UInt8]] {
      let path = try Self.file(bytes, "txt")
      defer { try? FileManager.default.removeItem(atPath: path) }
      #expect(throws: DataError.self) { try TextDataset.read(path) }
    }
  }

  @Test func scoreInputs() throws {
    let path = try Self.file(Array("{\"text\": \"a\"}\n{\"input_ids\": [1, 2]}".utf8))
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(try ScoreInput.read(path) == [.text("a"), .tokens([1, 2])])
    for text in [
      "{}", "{\"input_ids\": [-1]}", "{\"input_ids\": []}", "{\"input_ids\": [1.5]}",
      "{\"input_ids\": [true]}", "{\"text\": \"a\", \"input_ids\": [1]}", "{\"input_ids\": \"1\"}",
    ] {
      let found = try Self.refusal(text) { _ = try ScoreInput.read($0) }
      #expect(found.contains("F:1: "), "\(found)")
    }
  }

  /// Random cuts and flips of a good file: the whole is read or the error names a line.
  @Test func fuzz() throws {
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    func random(_ n: Int) -> Int {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int(state % UInt64(n))
    }
    let good = Array(
      "{\"prompt\": \"h\u{E9}llo \\u00e9 \\ud83d\\ude00\"}\n{\"prompt\": \"b\"}\n".utf8)
    for _ in 0..<80 {
      var bytes = Array(good[..<random(good.count + 1)])
      for _ in 0..<random(3) where !bytes.isEmpty {
        bytes[random(bytes.count)] = UInt8(random(256))
      }
      let path = try Self.file(bytes)
      defer { try? FileManager.default.removeItem(atPath: path) }
      do {
        let read = try PromptDataset.read(path)
        #expect(!read.isEmpty)
      } catch let error as DataError {
        #expect(error.description.contains(path))
      }
    }
  }
}

@Suite struct EpochSamplerTests {
  @Test func everyExampleOnceInEachEpoch() {
    var sampler = EpochSampler(count: 7, seed: 3)
    let drawn = (0..<7).flatMap { _ in sampler.next(3) }
    for epoch in 0..<3 { #expect(Set(drawn[(epoch * 7)..<(epoch * 7 + 7)]) == Set(0..<7)) }
    #expect(sampler.epochs == 3)
    #expect(Array(drawn[..<7]) != Array(drawn[7..<14]))
    #expect(EpochSampler.order(count: 7, seed: 3, epoch: 1) == Array(drawn[7..<14]))
    #expect(EpochSampler.order(count: 7, seed: 4, epoch: 1) != Array(drawn[7..<14]))
  }

  @Test func aCursorContinuesExactly() throws {
    var whole = EpochSampler(count: 5, seed: 11)
    for _ in 0..<9 {
      _ = whole.next(2)
      let stored = try JSONEncoder().encode(whole.cursor)
      let cursor = try JSONDecoder().decode(DataCursor.self, from: stored)
      var resumed = EpochSampler(count: 5, seed: 11, cursor: cursor)
      var copy = whole
      #expect(resumed.next(8) == copy.next(8))
    }
  }

  @Test func smallAndShrunken() {
    var one = EpochSampler(count: 1, seed: 0)
    #expect(one.next(3) == [0, 0, 0])
    #expect(one.epochs == 3)
    var shrunken = EpochSampler(count: 2, seed: 0, cursor: DataCursor(epoch: 1, position: 9))
    #expect(Set(shrunken.next(2)) == [0, 1])
    #expect(shrunken.cursor.epoch == 2)
  }

  /// Frozen: a change of the shuffle would silently change every run.
  @Test func theOrderNeverChanges() {
    #expect(EpochSampler.order(count: 8, seed: 0, epoch: 0) == [7, 6, 1, 5, 4, 0, 3, 2])
    var first = [Int](repeating: 0, count: 4)
    for epoch in 0..<4000 { first[EpochSampler.order(count: 4, seed: 1, epoch: epoch)[0]] += 1 }
    #expect(first.allSatisfy { abs($0 - 1000) < 150 })
  }
}
