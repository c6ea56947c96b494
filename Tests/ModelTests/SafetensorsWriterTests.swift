import Foundation
import MPOModel
import TestSupport
import Testing

@Suite struct SafetensorsWriterTests {
  @Test func roundTrips() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("t.safetensors")
    let values: [Float] = [0, -0.0, 1, .leastNonzeroMagnitude, .infinity, .greatestFiniteMagnitude]
    try SafetensorsWriter.write(
      tensors: [
        .init(name: "odd \"name\"\n", dtype: .bf16, shape: [3], values: [1, 2, 3]),
        .init(name: "w", shape: [2, 3], values: values),
        .init(name: "empty", shape: [0, 4], values: []),
        .init(name: "scalar", shape: [], values: [7]),
        .init(name: "i", shape: [2], integers: [.min, .max]),
        .init(name: "flags", dtype: .bool, shape: [2], integers: [0, 1]),
        .init(name: "small", dtype: .i32, shape: [1], integers: [-5]),
      ], to: path)
    let file = try SafetensorsFile(path: path)
    #expect(file.metadata == ["format": "pt"])
    #expect(try file.floats("w").map(\.bitPattern) == values.map(\.bitPattern))
    #expect(try file.floats("odd \"name\"\n") == [1, 2, 3])
    #expect(try file.floats("empty") == [])
    #expect(try file.floats("scalar") == [7])
    #expect(try file.entry("scalar").shape == [])
    #expect(try file.integers("i") == [.min, .max])
    #expect(try file.integers("flags") == [0, 1])
    #expect(try file.integers("small") == [-5])
    #expect(try folder.contents == ["t.safetensors"])
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    #expect(bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) } % 8 == 0)
    #expect(throws: ModelError.self) { try file.floats("absent") }
  }

  /// More than one piece of the streaming writer and reader.
  @Test func streamsInPieces() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("t.safetensors")
    let count = 600_001
    var starts: [Int] = []
    try SafetensorsWriter.write(
      tensors: [
        .init(name: "w", shape: [count]) { start, out in
          starts.append(start)
          for i in 0..<out.count { out[i] = Float(start + i) }
        }
      ], to: path)
    #expect(starts.count > 1)
    let file = try SafetensorsFile(path: path)
    #expect(try file.floats("w") == (0..<count).map(Float.init))
    var part = [Float](repeating: 0, count: 3)
    try part.withUnsafeMutableBufferPointer { try file.readFloats("w", from: count - 3, into: $0) }
    #expect(part == [598, 599, 600].map { Float($0 + 599_400) })
    #expect(throws: ModelError.self) {
      try part.withUnsafeMutableBufferPointer {
        try file.readFloats("w", from: count - 2, into: $0)
      }
    }
  }

  @Test func refusesBadArguments() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("t.safetensors")
    let bad: [[SafetensorsTensor]] = [
      [.init(name: "w", shape: [3], values: [1])],
      [.init(name: "w", shape: [-1], values: [])],
      [.init(name: "w", shape: [1], values: [1]), .init(name: "w", shape: [1], values: [1])],
      [.init(name: "w", dtype: .i64, shape: [1], values: [1])],
      [.init(name: "w", dtype: .f32, shape: [1], integers: [1])],
      [.init(name: "w", dtype: .u8, shape: [1], integers: [256])],
      [.init(name: "__metadata__", shape: [1], values: [1])],
    ]
    for tensors in bad {
      #expect(throws: ModelError.self) { try SafetensorsWriter.write(tensors: tensors, to: path) }
    }
    #expect(try folder.contents == [])
  }

  /// A failure half way leaves the previous file and no temporary.
  @Test func keepsPreviousFileOnFailure() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("t.safetensors")
    try SafetensorsWriter.write(
      tensors: [.init(name: "w", shape: [1], values: [42])], to: path)
    struct Stop: Error {}
    #expect(throws: Stop.self) {
      try SafetensorsWriter.write(
        tensors: [
          .init(name: "w", shape: [1_000_000]) { start, _ in if start > 0 { throw Stop() } }
        ],
        to: path)
    }
    #expect(try folder.contents == ["t.safetensors"])
    #expect(try SafetensorsFile(path: path).floats("w") == [42])
    #expect(throws: ModelError.self) {
      try SafetensorsWriter.write(tensors: [], to: folder.file("no/such/folder.safetensors"))
    }
  }

  /// The device that is always full.
  @Test func reportsFullDisk() throws {
    let full = open("/dev/full", O_WRONLY)
    guard full >= 0 else { return }
    defer { close(full) }
    let bytes = [UInt8](repeating: 0, count: 100)
    let error = #expect(throws: ModelError.self) {
      try bytes.withUnsafeBytes { try writeAll($0, to: full, path: "here") }
    }
    #expect(error?.description.contains("No space left") == true)
  }
}
