import ArgumentParser
import Foundation
import MPOBackend

/// How often a workload is repeated and how it is printed.
struct Repeats: ParsableArguments {
  @Option(help: "Counted repeats; the median is what is told. One more warms up.") var repeats = 3
  @Option(help: "Stop repeating after this many seconds (at least one is counted); 0: never.")
  var budget = 0.0
  @Flag(help: "Print one JSON object.") var json = false

  /// Runs `body` once uncounted (kernels, caches and the pool warm up), then counted. `body` gets
  /// the number of the round and returns seconds by phase.
  func run(_ body: (Int) throws -> [String: Double]) throws -> [String: [Double]] {
    var times: [String: [Double]] = [:]
    let clock = ContinuousClock()
    let start = clock.now
    for round in 0...max(1, repeats) {
      let seconds = try body(round)
      guard round > 0 else { continue }
      for (phase, s) in seconds { times[phase, default: []].append(s) }
      let spent = Double(start.duration(to: clock.now).components.seconds)
      if budget > 0, spent * Double(round + 2) / Double(round + 1) > budget { break }
    }
    return times
  }

  func print(_ report: Report, unit: String) throws {
    Swift.print(json ? try report.json() : report.printed(unit: unit))
  }
}

/// The device of a workload, and the precision of its products.
struct DeviceArguments: ParsableArguments {
  @Option(help: "cpu, opencl, opencl:<index or name>, auto.") var device = "cpu"
  @Option(help: "CPU threads.") var threads: Int?
  @Option(
    name: .customLong("precision"),
    help: "Of matrix products: f32, or bf16 (sums, weights and gradients stay f32).")
  var products = BenchPrecision.f32

  var precision: ProductPrecision { products.product }

  func open() throws -> any ComputeBackend {
    try DeviceSelection(parsing: device).open(threads: threads, note: progress)
  }
}

/// `ProductPrecision` as an argument.
enum BenchPrecision: String, CaseIterable, ExpressibleByArgument {
  case f32, bf16
  var product: ProductPrecision { self == .f32 ? .f32 : .bf16 }
}
