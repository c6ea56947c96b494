import Foundation
import TestSupport
import Testing

@testable import MPO

/// Files: compressed, damaged, arrays, larger than what is held of them.
@Suite struct DataFileTests {
  /// gzip of `text` by the system's tool.
  static func gzip(_ text: String, _ folder: TemporaryFolder, _ name: String) throws -> String {
    let plain = try folder.write(text, name)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["gzip", "-kf", plain]
    try process.run()
    process.waitUntilExit()
    return plain + ".gz"
  }

  static func lines(_ range: Range<Int>) -> String {
    range.map { "{\"prompt\": \"p\($0)\"}\n" }.joined()
  }

  static func prompts(_ path: String) throws -> [Prompt] { try PromptDataset.read(path) }

  @Test func compressedFilesReadAsPlainOnes() throws {
    let folder = try TemporaryFolder()
    // Several of the reader's parts.
    let text = Self.lines(0..<100_000)
    let path = try Self.gzip(text, folder, "p.jsonl")
    let plain = try PromptDataset.examples(DatasetSettings(name: folder.file("p.jsonl")))
    let packed = try PromptDataset.examples(DatasetSettings(name: path))
    #expect(packed.count == 100_000 && plain.count == 100_000)
    for i in [0, 1, 65_535, 65_536, 99_999] {
      #expect(try packed.example(i) == .text("p\(i)"))
      #expect(try packed.example(i) == plain.example(i))
      #expect(packed.place(i).number == i + 1)
    }
    // Members one after the other, and padding, are one file.
    let a = try Data(contentsOf: URL(fileURLWithPath: Self.gzip(Self.lines(0..<2), folder, "a")))
    let b = try Data(contentsOf: URL(fileURLWithPath: Self.gzip(Self.lines(2..<3), folder, "b")))
    let joined = folder.file("ab.jsonl.gz")
    try (a + b + Data(repeating: 0, count: 512)).write(to: URL(fileURLWithPath: joined))
    #expect(try Self.prompts(joined) == ["p0", "p1", "p2"])
  }

  /// Every cut and every flipped byte is refused or changes nothing (the header's name and time).
  @Test func damagedCompressedFiles() throws {
    let folder = try TemporaryFolder()
    let path = try Self.gzip(Self.lines(0..<40), folder, "p.jsonl")
    let good = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
    let expected = try Self.prompts(path)
    let broken = folder.file("broken.jsonl.gz")
    func read(_ bytes: [UInt8]) throws -> [Prompt]? {
      try Data(bytes).write(to: URL(fileURLWithPath: broken))
      do {
        return try Self.prompts(broken)
      } catch let error as DataError {
        #expect(error.description.contains(broken))
        return nil
      }
    }
    for length in 0..<good.count { #expect(try read(Array(good[..<length])) == nil) }
    for place in good.indices {
      var bytes = good
      bytes[place] ^= 0x10
      if let found = try read(bytes) { #expect(found == expected && place < 20) }
    }
    #expect(try read(good + [1, 2, 3]) == nil)
    try Data(good.dropLast(9)).write(to: URL(fileURLWithPath: broken))
    let error = #expect(throws: DataError.self) { try Self.prompts(broken) }
    #expect(error?.description.contains("is cut off") == true)
  }

  @Test func arraysOfObjects() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      "\u{FEFF} [\r\n {\"prompt\": \"a, ] } \\\" [\"} ,\r\n{\"prompt\": \"b\", \"x\": [1, [2]]}\r\n]\r\n",
      "p.json")
    #expect(try Self.prompts(path) == ["a, ] } \" [", "b"])
    let examples = try PromptDataset.examples(DatasetSettings(name: path))
    #expect(examples.place(1).description == "\(path), element 2")
    let packed = try Self.gzip("[{\"prompt\": \"a\"}]", folder, "q.json")
    #expect(try Self.prompts(packed) == ["a"])
  }

  @Test func linesAreNumberedAcrossBlankOnes() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("\n\n{\"prompt\": \"a\"}\r\n\r\n{\"prompt\": \"b\"}\n", "p.jsonl")
    let examples = try PromptDataset.examples(DatasetSettings(name: path))
    #expect((0..<2).map { examples.place($0).number } == [3, 5])
    #expect(try examples.all().map(\.example) == ["a", "b"])
  }

  /// What the indexer makes of a file does not depend on where its parts end.
  @Test(arguments: [
    "{\"a\": \"x\"}\n\n {\"b\": 2}", "[{\"a\": \"]\\\"\"}, {\"b\": [1]}]",
    "\u{FEFF}one\n<|endoftext|>\n\n<|endoftext|><|endo\ntwo <<|endoftext|>",
  ])
  func partsOfAFile(_ text: String) throws {
    let bytes = Array(text.utf8)
    func rows(_ size: Int) throws -> [String] {
      var indexer = RowIndexer(path: "f", isText: text.contains("endoftext"))
      for start in stride(from: 0, to: bytes.count, by: size) {
        try Array(bytes[start..<min(start + size, bytes.count)]).withUnsafeBytes {
          try indexer.add($0)
        }
      }
      let index = try indexer.finish()
      return (0..<index.count).map {
        "\(index.number($0)): " + String(decoding: bytes[index.part($0)], as: UTF8.self)
      }
    }
    let whole = try rows(bytes.count)
    #expect(whole.count == 2)
    for size in 1...7 { #expect(try rows(size) == whole) }
  }

  @Test func plainTexts() throws {
    let folder = try TemporaryFolder()
    let text = "one\r\n\r\nstill\n<|endoftext|>\n \n<|endoftext|>\n two<|endoftext|><|"
    let expected: [TrainingText] = ["one\n\nstill", " two", "<|"]
    #expect(try TextDataset.read(folder.write(text, "t.txt")) == expected)
    #expect(try TextDataset.read(Self.gzip(text, folder, "u.txt")) == expected)
    let bad = folder.file("v.txt")
    try Data("a<|endoftext|>".utf8 + [0xC3, 0x28]).write(to: URL(fileURLWithPath: bad))
    let error = #expect(throws: DataError.self) { try TextDataset.read(bad) }
    #expect(error?.description.contains("v.txt, text 2: expected UTF-8") == true)
  }

  /// Rows are decoded when they are asked for: a bad one is no error before, and every time after.
  @Test func rowsAreDecodedLazily() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Self.lines(0..<1000) + "{broken\n" + Self.lines(0..<1), "p.jsonl")
    let examples = try PromptDataset.examples(DatasetSettings(name: path))
    #expect(examples.count == 1002)
    #expect(try examples.example(999) == "p999" && examples.example(1001) == "p0")
    for _ in 0..<2 {
      let error = #expect(throws: DataError.self) { try examples.example(1000) }
      #expect(error?.description.contains("p.jsonl:1001: not valid JSON") == true)
    }
  }

  @Test func aFileThatBecomesShorterIsAnError() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Self.lines(0..<100), "p.jsonl")
    let examples = try PromptDataset.examples(DatasetSettings(name: path))
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.truncate(atOffset: 40)
    try handle.close()
    let error = #expect(throws: DataError.self) { try examples.example(99) }
    #expect(error?.description.contains("become shorter") == true)
  }

  /// Ids beyond the limit lie in a file, and read back as they were.
  @Test func tokensBeyondTheLimit() throws {
    let spool = TokenSpool(for: "d", limit: 100)
    var all: [Int32] = []
    var targets: [Bool] = []
    for i in 0..<300 {
      let list = (0..<(i % 17)).map { Int32(i * 31 + $0) }
      let isTarget = list.map { $0 % 3 == 0 }
      try spool.append(list, isTarget: isTarget)
      all += list
      targets += isTarget
      #expect(spool.held <= 100)
    }
    #expect(spool.count == all.count)
    for (start, end) in [(0, all.count), (0, 0), (95, 110), (all.count - 3, all.count), (500, 900)]
    {
      #expect(try spool.tokens(start..<end) == Array(all[start..<end]))
      #expect(
        try spool.entries(start..<end).map { $0 & TokenSpool.targetBit != 0 }
          == Array(targets[start..<end]))
    }
  }
}
