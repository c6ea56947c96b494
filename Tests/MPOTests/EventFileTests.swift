import Foundation
import MPOModel
import TestSupport
import Testing

@testable import MPO

/// TensorBoard's files, read back by a reader of their own here; tools/check_tensorboard.py reads
/// them with TensorBoard.
@Suite struct EventFileTests {
  /// RFC 3720, appendix B.4, and the usual check value.
  @Test func checksums() {
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.checksum((0..<32).map(UInt8.init)) == 0x46DD_794E)
    #expect(CRC32C.checksum([]) == 0)
    // LevelDB's mask of the checksum of "foo" is another number, and its inverse gives it back.
    let masked = CRC32C.masked(Array("foo".utf8)) &- 0xA282_EAD8
    #expect(masked >> 17 | masked << 15 == CRC32C.checksum(Array("foo".utf8)))
    #expect(CRC32C.masked([]) == 0xA282_EAD8)
  }

  /// The first record of a file that TensorFlow itself wrote at 1e9 s, byte for byte: field 1 a
  /// double, field 3 the version.
  @Test func goldenRecord() {
    let record = EventRecord(wallTime: 1_000_000_000, step: 0, content: .version).framed
    let message: [UInt8] =
      [0x09, 0, 0, 0, 0, 0x65, 0xCD, 0xCD, 0x41, 0x1A, 0x0D] + Array("brain.Event:2".utf8)
    #expect(Array(record[0..<8]) == [24, 0, 0, 0, 0, 0, 0, 0])
    // The length's checksum is that of every event file with a first record of 24 bytes.
    #expect(Array(record[8..<12]) == [0xA3, 0x7F, 0x4B, 0x22])
    #expect(Array(record[12..<36]) == message)
    #expect(record.count == 40)

    let scalar = EventRecord(
      wallTime: 0, step: 300, content: .values([("a", .scalar(1.5))])
    ).framed
    let value: [UInt8] = [0x0A, 1, 0x61, 0x15, 0, 0, 0xC0, 0x3F]
    #expect(
      Array(scalar[12..<(scalar.count - 4)]) == [0x09, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0xAC, 0x02]
        + [0x2A, 10, 0x0A, 8] + value)
  }

  @Test func aStepIsOneRecord() throws {
    let folder = try TemporaryFolder()
    let file = try EventFile(folder: folder.path, resumedStep: nil) { 1_700_000_000.5 }
    let name = try #require(try folder.contents.first)
    #expect(name.hasPrefix("events.out.tfevents.1700000000."))
    #expect(name.hasSuffix(".\(getpid()).0"))
    try file.append(step: 1, [("loss", .number(0.5)), ("text", .text("<b>\n| x"))])
    try file.append(step: 2, [("loss", .number(.nan))])
    let records = try Records(folder.file(name))
    #expect(records.count == 4)
    #expect(!records.isTorn)
    // Text is a code block, character by character.
    #expect(records.bytes.contains(Array("    <b>\n    | x".utf8)))

    // A kill in the middle of a record leaves the earlier ones readable.
    let bytes = try Data(contentsOf: URL(fileURLWithPath: folder.file(name)))
    try bytes.dropLast(3).write(to: URL(fileURLWithPath: folder.file("torn")))
    let torn = try Records(folder.file("torn"))
    #expect(torn.count == 3 && torn.isTorn)
  }

  /// The later file is the later by name too, and begins with SessionLog.START.
  @Test func resuming() throws {
    let folder = try TemporaryFolder()
    var names: [String] = []
    for resumed in [nil, 20, 40] as [Int?] {
      let file = try EventFile(folder: folder.path, resumedStep: resumed) { 1_700_000_000 }
      names.append(URL(fileURLWithPath: file.path).lastPathComponent)
      let records = try Records(file.path)
      let start: [UInt8] = resumed.map { [0x10, UInt8($0 + 1)] } ?? []
      #expect(Array(records.messages[1].dropFirst(9)) == start + [0x3A, 2, 0x08, 1])
    }
    #expect(names == names.sorted() && Set(names).count == 3)
  }

  @Test func completionsAreATable() throws {
    let samples = #"[{"prompt": "p|q", "completion": "<i>a</i>\nb", "winRate": 0.25}]"#
    let block = "    "
    #expect(
      EventValue(.text(samples))
        == .table([
          ["prompt", "completion", "win rate"],
          [block + "p|q", block + "<i>a</i>\n" + block + "b", "0.250"],
        ]))
    #expect(EventValue(.text("[1, 2]")) == .table([["    [1, 2]"]]))
  }

  @Test func targets() throws {
    func resolve(_ flags: [String]) throws -> [ReportTarget] {
      var settings = SFTConfiguration()
      try settings.apply(flags: flags)
      return settings.run.reportTo
    }
    #expect(try resolve([]).isEmpty)
    #expect(try resolve(["--report-to", "none"]).isEmpty)
    #expect(try resolve(["--report_to=tensorboard"]) == [.tensorboard])
    #expect(try resolve(["--report-to", "tensorboard,tensorboard"]) == [.tensorboard])
    #expect(try resolve(["--report-to", "all"]) == [.tensorboard])
    for wrong in ["wandb", "tensorboard,none", "tensorboard,wandb", ""] {
      #expect(throws: ConfigurationError.self) { try resolve(["--report-to=\(wrong)"]) }
    }
    var settings = AlignmentConfiguration()
    try settings.apply(yaml: "report_to: [tensorboard]")
    #expect(settings.run.reportTo == [.tensorboard])
    try settings.apply(yaml: "report_to: []")
    #expect(settings.run.reportTo.isEmpty)
  }

  @Test func sinksWriteBoth() throws {
    let folder = try TemporaryFolder()
    var settings = RunSettings()
    settings.outputDirectory = folder.path
    settings.reportTo = [.tensorboard]
    let sinks = try MetricsSinks(settings, resumedStep: nil)
    try sinks.append(step: 1, [("loss", .number(2))])
    let names = try folder.contents
    #expect(names.contains("metrics.jsonl") && names.contains { $0.hasPrefix(EventFile.prefix) })
    settings.reportTo = []
    let other = try TemporaryFolder()
    settings.outputDirectory = other.path
    _ = try MetricsSinks(settings, resumedStep: nil)
    #expect(try other.contents == ["metrics.jsonl"])
  }
}

/// The frames of a file, each checksum checked.
private struct Records {
  var messages: [[UInt8]] = []
  var isTorn = false
  let bytes: [UInt8]
  var count: Int { messages.count }

  init(_ path: String) throws {
    bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    var rest = bytes[...]
    func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
      bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    while !rest.isEmpty {
      guard rest.count >= 12 else { break }
      let length = Int(number(rest.prefix(8)))
      #expect(number(rest.dropFirst(8).prefix(4)) == UInt64(CRC32C.masked(rest.prefix(8))))
      guard rest.count >= 16 + length else { break }
      let message = rest.dropFirst(12).prefix(length)
      #expect(number(rest.dropFirst(12 + length).prefix(4)) == UInt64(CRC32C.masked(message)))
      messages.append(Array(message))
      rest = rest.dropFirst(16 + length)
    }
    isTorn = !rest.isEmpty
  }
}
