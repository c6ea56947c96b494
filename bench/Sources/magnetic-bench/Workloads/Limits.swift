import ArgumentParser
import Foundation
import MPOBackend

/// What the machine does at best.
struct Limits: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The limits: multiply-adds and memory of all cores, and the device's own copies.",
    discussion: """
      fma_f32: FLOP/s of fused multiply-adds in registers, all cores. dot_bf16: of bf16 dot \
      products, where the processor has them. tile_bf16: of its matrix tiles. read: bytes/s of \
      reading 512 MiB. copy: bytes/s of the device's own copies between two tensors of 256 MiB, \
      read and write counted.
      """)

  @OptionGroup var place: DeviceArguments
  @OptionGroup var repeats: Repeats

  func run() throws {
    let backend = try place.open()
    let limits = MachineLimits(
      threads: place.threads ?? ProcessInfo.processInfo.activeProcessorCount)
    var report = Report()
    for _ in 0..<max(1, repeats.repeats) {
      report.rates["fma_f32", default: []].append(limits.f32FLOPsPerSecond())
      report.rates["read", default: []].append(limits.readBytesPerSecond())
      report.rates["copy", default: []].append(try copyBytesPerSecond(on: backend))
      if let bf16 = limits.bf16FLOPsPerSecond() {
        report.rates["dot_bf16", default: []].append(bf16)
      }
      if let tiles = limits.tileFLOPsPerSecond() {
        report.rates["tile_bf16", default: []].append(tiles)
      }
    }
    report.device = backend.description.name
    report.note = backend.description.kind.rawValue
    try repeats.print(report, unit: "")
  }
}
