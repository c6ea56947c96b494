import Foundation
import MPOModel
import TestSupport
import Testing

/// Files that are cut short, lie or are hostile: each is refused with a line that names what.
@Suite struct SafetensorsDamageTests {
  private func file(_ header: String, data: Int, length: UInt64? = nil) -> Data {
    var bytes = Data()
    withUnsafeBytes(of: (length ?? UInt64(header.utf8.count)).littleEndian) {
      bytes.append(contentsOf: $0)
    }
    bytes.append(contentsOf: header.utf8)
    bytes.append(Data(count: data))
    return bytes
  }

  private func message(_ bytes: Data) throws -> String {
    let folder = try TemporaryFolder()
    let path = folder.file("t.safetensors")
    try bytes.write(to: URL(fileURLWithPath: path))
    do {
      _ = try SafetensorsFile(path: path)
      return "accepted"
    } catch let error as ModelError {
      let text = error.description
      #expect(text.contains(path))
      return text
    }
  }

  private func entry(_ dtype: String, _ shape: String, _ begin: String, _ end: String) -> String {
    #"{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":[\#(begin),\#(end)]}"#
  }

  @Test func acceptsSoundFiles() throws {
    let two = #"{"b":\#(entry("U8", "[4]", "8", "12")),"a":\#(entry("F32", "[2]", "0", "8"))}  "#
    #expect(try message(file(two, data: 12)) == "accepted")
    #expect(try message(file("{}", data: 0)) == "accepted")
    let scalarAndEmpty =
      #"{"s":\#(entry("F32", "[]", "0", "4")),"e":\#(entry("F32", "[0,3]", "4", "4"))}"#
    #expect(try message(file(scalarAndEmpty, data: 4)) == "accepted")
  }

  @Test func refusesLength() throws {
    #expect(try message(Data()).contains("found 0 bytes"))
    #expect(try message(Data([1, 2, 3])).contains("found 3 bytes"))
    #expect(try message(file("{}", data: 0, length: 3)).contains("cut short"))
    #expect(try message(file("{}", data: 0, length: .max)).contains("the limit is 100000000"))
    #expect(try message(file("{}", data: 0, length: 100_000_001)).contains("the limit"))
    #expect(try message(file("", data: 0)).contains("start with '{'"))
  }

  @Test func refusesJSON() throws {
    #expect(try message(file(" {}", data: 0)).contains("start with '{'"))
    #expect(try message(file("{\"a\":}", data: 0)).contains("column 6"))
    let deep = "{\"a\":" + String(repeating: "[", count: 100_000)
    #expect(try message(file(deep, data: 0)).contains("levels of nesting"))
    let twice = #"{"a":\#(entry("U8", "[1]", "0", "1")),"a":\#(entry("U8", "[1]", "1", "2"))}"#
    #expect(try message(file(twice, data: 2)).contains("occurs twice"))
    #expect(try message(file(#"{"__metadata__":{"a":1}}"#, data: 0)).contains("expected a text"))
  }

  @Test func refusesEntries() throws {
    func one(_ dtype: String, _ shape: String, _ begin: String, _ end: String) throws -> String {
      try message(file(#"{"x":\#(entry(dtype, shape, begin, end))}"#, data: 8))
    }
    #expect(try one("F8_E4M3", "[8]", "0", "8").contains("F8_E4M3"))
    #expect(try one("F32", "[3]", "0", "8").contains("needs 12 bytes, data_offsets give 8"))
    #expect(try one("F32", "[-2]", "0", "8").contains("none negative"))
    #expect(try one("F32", "[2.5]", "0", "8").contains("whole numbers"))
    #expect(try one("F32", "[2]", "8", "0").contains("begin <= end"))
    #expect(try one("F32", "[4]", "0", "16").contains("cut short"))
    let large = "[4611686018427387904,4611686018427387904]"
    #expect(try one("F32", large, "0", "8").contains("does not fit 64 bits"))
    #expect(try one("F32", "[2]", "0", "99999999999999999999").contains("data_offsets"))
    #expect(try message(file(#"{"x":[]}"#, data: 0)).contains("expected an object"))
    #expect(try message(file(#"{"x":{"shape":[]}}"#, data: 0)).contains("expected a dtype"))
  }

  @Test func refusesLayout() throws {
    func two(_ a: (Int, Int), _ b: (Int, Int), data: Int) throws -> String {
      let first = entry("U8", "[\(a.1 - a.0)]", "\(a.0)", "\(a.1)")
      let second = entry("U8", "[\(b.1 - b.0)]", "\(b.0)", "\(b.1)")
      return try message(file(#"{"a":\#(first),"b":\#(second)}"#, data: data))
    }
    #expect(try two((0, 4), (2, 6), data: 6).contains("'a' and 'b' overlap"))
    #expect(try two((0, 4), (5, 8), data: 8).contains("a hole of 1 bytes"))
    #expect(try two((1, 4), (4, 8), data: 8).contains("a hole of 1 bytes"))
    #expect(try two((0, 4), (4, 8), data: 9).contains("cover 8 bytes"))
    #expect(try two((0, 4), (4, 8), data: 7).contains("cut short"))
    #expect(try two((0, 8), (0, 8), data: 8).contains("overlap"))
  }

  /// Every prefix of a real file is refused, none crashes.
  @Test func refusesEveryPrefix() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("whole.safetensors")
    try SafetensorsWriter.write(
      tensors: [.init(name: "w", shape: [2, 3], values: [1, 2, 3, 4, 5, 6])], to: path)
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    for count in 0..<whole.count {
      #expect(try message(whole.prefix(count)) != "accepted", "prefix of \(count)")
    }
  }

  @Test func refusesFoldersAndAbsentFiles() throws {
    let folder = try TemporaryFolder()
    #expect(throws: ModelError.self) { try SafetensorsFile(path: folder.path) }
    #expect(throws: ModelError.self) { try SafetensorsFile(path: folder.file("none")) }
  }
}
