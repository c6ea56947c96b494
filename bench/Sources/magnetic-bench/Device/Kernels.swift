import ArgumentParser
import Foundation
import MPOBackend

/// How fast each operation runs against this device's own limits.
struct Kernels: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "GB/s and TFLOP/s of each operation against the device's own measured limits.",
    discussion: """
      Limits are measured first: copy bandwidth (bytes read and written) and fused multiply-adds \
      in registers. Each operation is compared with the CPU at a small size before it is timed; \
      one that differs by more than 1e-4 is not timed. Bytes are the fewest that the operation \
      could move, so a share above 1 means that a cache helped.
      """)

  /// Far above the conformance suite's tolerances, far below any fault.
  static let bound = 1e-4

  @Option(help: "opencl, opencl:<index or name>.") var device = "opencl"
  @Option(help: "Only operations whose name holds this.") var only = ""
  @Flag(help: "Small tensors, to try the command.") var quick = false
  @Flag(help: "Print one JSON object a line.") var json = false

  static let cases =
    KernelCase.elementwise + KernelCase.rows + KernelCase.vocabulary + KernelCase.products
    + KernelCase.attention

  func run() throws {
    let backend = try openCL(device)
    let cpu = try CPUBackend(threads: nil)
    let isGPU = backend.description.kind == .openCLGPU
    let scale: KernelScale = quick ? .check : isGPU ? .gpu : .processor
    let copy = try limit("copy bandwidth", backend)
    var peaks: [String: Double] = [:]
    for name in ["f32 peak", "mma.sync bf16 peak"] { peaks[name] = try limit(name, backend) }
    var wrong: [String] = []
    for kernel in Self.cases where only.isEmpty || kernel.name.contains(only) {
      let figure = figure(kernel, backend, cpu, scale, copy: copy, peaks: peaks)
      if figure.failure != nil { wrong.append(kernel.name) }
      try report(figure)
      try backend.trim()  // the next one's tensors may need the memory
    }
    guard wrong.isEmpty else {
      throw ValidationError("failed: \(wrong.joined(separator: ", "))")
    }
  }

  /// A probe's rate; nil where it is refused.
  private func limit(_ name: String, _ backend: OpenCLBackend) throws -> Double? {
    guard let probe = OpenCLProbe.all.first(where: { $0.name == name }) else { return nil }
    let answer = probe.run(on: backend.device)
    if !json { say("\(name): \(answer)") }
    guard case .measured(let value, _) = answer else { return nil }
    return value
  }

  private func figure(
    _ kernel: KernelCase, _ backend: OpenCLBackend, _ cpu: any ComputeBackend,
    _ scale: KernelScale, copy: Double?, peaks: [String: Double]
  ) -> KernelFigure {
    var figure = KernelFigure(name: kernel.name, shape: "", seconds: 0)
    do {
      let error = try kernel.error(backend, cpu)
      figure.error = error
      guard error <= Self.bound else {
        figure.failure = "differs from the CPU by \(error)"
        return figure
      }
      let prepared = try kernel.prepare(backend, scale)
      figure.shape = prepared.shape
      figure.seconds = try secondsPerRun(backend, prepared.run)
      figure.gbPerSecond = prepared.bytes.map { $0 / figure.seconds / 1e9 }
      figure.tflopPerSecond = prepared.operations.map { $0 / figure.seconds / 1e12 }
      if let rate = figure.gbPerSecond, let copy { figure.share = rate / copy }
      if let rate = figure.tflopPerSecond, let peak = peaks[prepared.limit] {
        figure.share = rate / peak
      }
    } catch {
      figure.failure = "\(error)"
    }
    return figure
  }

  private func report(_ figure: KernelFigure) throws {
    guard !json else { return try JSONLines.write(figure) }
    func pad(_ s: String, _ n: Int) -> String {
      s.padding(toLength: n, withPad: " ", startingAt: 0)
    }
    if let failure = figure.failure { return say("\(pad(figure.name, 26)) failed: \(failure)") }
    let rate =
      figure.gbPerSecond.map { String(format: "%9.1f GB/s   ", $0) }
      ?? String(format: "%9.3f TFLOP/s", figure.tflopPerSecond ?? 0)
    let share = figure.share.map { String(format: "%4.0f %%", $0 * 100) } ?? "     -"
    say(
      "\(pad(figure.name, 26)) \(pad(figure.shape, 28)) "
        + String(format: "%10.3f ms ", figure.seconds * 1e3) + "\(rate) \(share)"
        + String(format: "  error %.0e", figure.error ?? 0))
  }
}
