import ArgumentParser
import Foundation
import MPOBackend

struct DevicesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "devices",
    abstract: "Lists the devices that --device can name, or tunes one of them.")

  @Flag(
    help: """
      Time the ways to multiply matrices on an OpenCL device, each checked against the CPU first, \
      and keep the fastest for later runs (a few minutes).
      """)
  var tune = false
  @Option(help: "The device to tune: opencl (the default) or opencl:<index or name>.")
  var device: String?

  func validate() throws {
    guard tune || device == nil else {
      throw ValidationError("--device says what to tune: give --tune with it")
    }
  }

  func run() throws {
    if tune { return try runTuning() }
    var index = 0
    for device in availableDevices() {
      let name = device.kind == .cpu ? "cpu" : "opencl:\(index)"
      if device.kind != .cpu { index += 1 }
      let padding = String(repeating: " ", count: max(1, 10 - name.count))
      try output(
        "\(name)\(padding)\(device.summary)\(device.driver.isEmpty ? "" : " (\(device.driver))")")
    }
    if index == 0 { try output("no OpenCL device (is an ICD installed? e.g. pocl-opencl-icd)") }
  }

  private func runTuning() throws {
    let selection = try DeviceSelection(parsing: device ?? "opencl")
    let report = try tuneProducts(on: selection) { note($0) }
    for line in report.lines { try output(line) }
  }
}

extension ProductTuningReport {
  /// The table and what it leaves out.
  fileprivate var lines: [String] {
    let rows = timings.map { t in
      [
        t.role, t.layout, "\(t.m)x\(t.n)x\(t.k)", t.operands, t.candidate,
        String(format: "%.4f", t.teraflops), t.isPick ? "picked" : "",
      ]
    }
    let head = ["product", "layout", "m x n x k", "operands", "candidate", "TFLOP/s", ""]
    let widths = head.indices.map { i in ([head] + rows).map { $0[i].count }.max() ?? 0 }
    var lines = ([head] + rows).map { row in
      zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
        .joined(separator: "  ")
    }
    lines += units.map { "matrix unit: \($0)" }
    lines += missingUnits.map { "no matrix unit \($0)" }
    lines += refusals.map { "refused \($0.candidate): \($0.reason)" }
    lines += skipped.map { "not timed: \($0)" }
    let unkept =
      timings.isEmpty ? "nothing was timed" : "not kept: no cache folder that can be written"
    lines.append(path.map { "kept in \($0)" } ?? unkept)
    return lines
  }
}
