import Foundation
import MPOModel
import TestSupport
import Testing

/// Reading in bulk: past the mapping, in pieces, over threads.
@Suite struct SafetensorsReadingTests {
  /// A file of one tensor 't' whose data are these bytes, beginning at an odd offset.
  private func file(_ dtype: String, width: Int, _ data: Data, in folder: TemporaryFolder) throws
    -> SafetensorsFile
  {
    let shape = data.count / width
    let text =
      #"{"t":{"dtype":"\#(dtype)","shape":[\#(shape)],"data_offsets":[0,\#(data.count)]}}"#
    let header = text + String(repeating: " ", count: 1 - text.utf8.count & 1)
    var bytes = Data()
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: header.utf8)
    bytes.append(data)
    let path = folder.file("t.safetensors")
    try bytes.write(to: URL(fileURLWithPath: path))
    return try SafetensorsFile(path: path)
  }

  /// All 65536 patterns, many times over, so that several threads take part; each is what the
  /// conversion of one value gives, by bits.
  @Test(arguments: ["F16", "BF16"]) func widensEveryPattern(_ dtype: String) throws {
    let patterns = (0..<(40 * 65536 + 13)).map { UInt16(truncatingIfNeeded: $0 &* 40503) }
    let folder = try TemporaryFolder()
    let file = try file(
      dtype, width: 2, patterns.withUnsafeBytes { Data($0) }, in: folder)
    let one = dtype == "F16" ? HalfFloats.fromFloat16 : HalfFloats.fromBFloat16
    let read = try file.floats("t")
    #expect(read.count == patterns.count)
    #expect(zip(read, patterns).allSatisfy { $0.bitPattern == one($1).bitPattern })
    // A part that begins and ends anywhere.
    var part = [Float](repeating: 0, count: 70001)
    try part.withUnsafeMutableBufferPointer { try file.readFloats("t", from: 1_111_111, into: $0) }
    let expected = patterns[1_111_111..<(1_111_111 + 70001)]
    #expect(zip(part, expected).allSatisfy { $0.bitPattern == one($1).bitPattern })
  }

  @Test func readsBytesAsStored() throws {
    let data = Data((0..<(9 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 167 >> 3) })
    let folder = try TemporaryFolder()
    let file = try file("U8", width: 1, data, in: folder)
    for range in [0..<data.count, 5..<(data.count - 3), 7..<7, data.count..<data.count] {
      var read = Data(count: range.count)
      try read.withUnsafeMutableBytes { try file.readBytes("t", from: range.lowerBound, into: $0) }
      #expect(read == data[range], "\(range)")
    }
    var tooMuch = Data(count: 4)
    for start in [-1, data.count - 3, data.count + 1, .max] {
      #expect(throws: ModelError.self) {
        try tooMuch.withUnsafeMutableBytes { try file.readBytes("t", from: start, into: $0) }
      }
    }
    #expect(throws: ModelError.self) {
      try tooMuch.withUnsafeMutableBytes { try file.readBytes("u", into: $0) }
    }
  }

  /// A file cut short after it was opened is an error here, where the mapping would kill.
  @Test func reportsAFileThatShrank() throws {
    let folder = try TemporaryFolder()
    let data = Data(count: 9 << 20)
    for (dtype, width) in [("F32", 4), ("BF16", 2)] {
      let file = try file(dtype, width: width, data, in: folder)
      #expect(truncate(file.path, 1 << 20) == 0)
      let error = #expect(throws: ModelError.self) { try file.floats("t") }
      #expect(error?.description.contains("shorter") == true)
    }
  }
}
