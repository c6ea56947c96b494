import ArgumentParser
import Foundation
import MPOBackend
import MPOModel

/// Weights of a folder on the way to the device, against plain reading.
struct Load: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Loads a folder of weights; time and peak memory against reading its files.",
    discussion: """
      Writes a Llama's folder of the given size into a temporary folder and reads it from the cache \
      of files: 'read' is a loop of read(2) into one buffer of 1 MiB, 'fresh' one into fresh memory \
      of the files' size, 'load' what a model is loaded by. In 'memory', load.peak counts the whole \
      process.
      """)

  enum Stored: String, CaseIterable, ExpressibleByArgument {
    case f32, f16, bf16
    var type: SafetensorsType { self == .f32 ? .f32 : self == .f16 ? .f16 : .bf16 }
  }

  @OptionGroup var place: DeviceArguments
  @OptionGroup var repeats: Repeats
  @Option(help: "Size of the weights, MiB.") var size = 1024
  @Option(help: "Their type in the files: f32, f16 or bf16.") var stored = Stored.bf16
  @Flag(help: "Keep bf16 matrices as stored, for reading only; otherwise f32.") var frozen = false
  @Option(help: "Cut into files of at most so many MiB.") var shard = 1 << 20

  func run() throws {
    let backend = try place.open()
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("magnetic-load-\(ProcessInfo.processInfo.processIdentifier)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let layout = ParameterLayout(shape)
    try write(layout, to: folder)
    let weights = try ModelWeights(folder: folder)
    let paths = weights.shards.map { "\(folder)/\($0)" }
    let bytes = try paths.reduce(0) {
      $0 + (try FileManager.default.attributesOfItem(atPath: $1)[.size] as? Int ?? 0)
    }
    var report = Report()
    var peak = 0.0
    report.times = try repeats.run { _ in
      let read = try measured { for path in paths { try Self.read(path, fresh: false) } }
      let fresh = try measured { for path in paths { try Self.read(path, fresh: true) } }
      let baseline = Resident.restartPeak()
      report.memory["baseline"] = baseline
      let load = try measured(on: backend) {
        _ = try ParameterSet.load(
          ModelWeights(folder: folder), layout: layout,
          storage: frozen ? .frozenBFloat16 : .trained, on: backend)
      }
      peak = max(peak, Resident.peak)
      try backend.trim()
      return ["read": read, "fresh": fresh, "load": load]
    }
    let mebibytes = Double(bytes) / 1_048_576
    report.work = ["read": mebibytes, "fresh": mebibytes, "load": mebibytes]
    report.memory["files"] = mebibytes
    report.memory["load.peak"] = peak
    report.device = backend.description.name
    let ratio = (report.seconds("load") ?? .nan) / (report.seconds("read") ?? .nan)
    report.note =
      "\(paths.count) file(s) of \(stored.rawValue): load / read \(figure(ratio)),"
      + " peak / size \(figure(peak / mebibytes))"
    try repeats.print(report, unit: "MiB/s")
  }

  /// As many layers as the size takes.
  private var shape: DecoderShape {
    let embedding = 32_000 * 1024
    let layer = 2 * 1024 * 1024 + 2 * 512 * 1024 + 3 * 1024 * 2816 + 2 * 1024
    let parameters = size << 20 / stored.type.size
    return DecoderShape(
      vocabulary: 32_000, width: 1024, layers: max(1, (parameters - embedding) / layer), heads: 16,
      keyValueHeads: 8, headWidth: 64, feedForward: 2816, normEpsilon: 1e-5, rotaryBase: 10_000,
      maxPositions: 2048, tiedHead: true)
  }

  private func write(_ layout: ParameterLayout, to folder: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let tensors = layout.entries.map { entry in
      SafetensorsTensor(name: entry.name, dtype: stored.type, shape: entry.shape) { start, out in
        for i in 0..<out.count { out[i] = Float((start + i) & 1023) * 0x1p-10 }
      }
    }
    try ModelWeights.write(tensors: tensors, to: folder, maxShardBytes: shard << 20)
  }

  /// Reads a file in pieces of 1 MiB, each to the same place or each behind the one before.
  private static func read(_ path: String, fresh: Bool) throws {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { throw ValidationError("cannot open \(path)") }
    defer { close(descriptor) }
    let piece = 1 << 20
    let size = fresh ? Int(lseek(descriptor, 0, SEEK_END)) + piece : piece
    lseek(descriptor, 0, SEEK_SET)
    let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 4096)
    defer { memory.deallocate() }
    var offset = 0
    while true {
      let got = Foundation.read(descriptor, memory + (fresh ? offset : 0), piece)
      guard got >= 0 else { throw ValidationError("cannot read \(path)") }
      if got == 0 { return }
      offset += got
    }
  }
}
