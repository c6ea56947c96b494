import Foundation

/// The tables of a bundle's run, for reading.
struct BundleMarkdown {
  private let results: BundleResults
  init(_ results: BundleResults) { self.results = results }

  var text: String {
    [head, stages, goals, kernels, iterations, torch, probes].filter { !$0.isEmpty }
      .joined(separator: "\n")
  }

  private func table(_ title: String, _ columns: [String], _ rows: [[String]]) -> String {
    guard !rows.isEmpty else { return "" }
    func line(_ cells: [String]) -> String {
      "| " + cells.map { $0.replacingOccurrences(of: "|", with: "\\|") }.joined(separator: " | ")
        + " |\n"
    }
    return "## \(title)\n\n" + line(columns) + line(columns.map { _ in "---" })
      + rows.map(line).joined()
  }

  private func number(_ x: Double?, _ format: String = "%.3g") -> String {
    x.map { String(format: format, $0) } ?? "–"
  }
  private func percent(_ x: Double?) -> String {
    x.map { String(format: "%.0f %%", $0 * 100) } ?? "–"
  }

  private var head: String {
    let device = results.probes.first { $0.name == "device" }?.detail ?? "not told"
    let about = results.about.sorted { $0.key < $1.key }.map { "- \($0.key): \($0.value)\n" }
    return "# Magnetic on one OpenCL device\n\n- device: \(device)\n" + about.joined()
  }

  private var stages: String {
    let c = results.conformance
    return table(
      "Stages", ["stage", "seconds", "status"],
      results.stages.map { [$0.name, number($0.seconds, "%.0f"), $0.status] })
      + "\nConformance suite: \(c.passed) tests passed, \(c.failed) failed"
      + (c.failures.isEmpty ? "" : " (\(c.failures.joined(separator: ", ")))") + ".\n"
  }

  // MARK: Goals

  /// What issue 4 asks of a GPU: met, missed, or not measured.
  private var goals: String {
    func verdict(_ got: Double?, atLeast goal: Double) -> String {
      got.map { $0 >= goal ? "met" : "missed" } ?? "not measured"
    }
    let bound = results.kernels.filter { $0.gbPerSecond != nil }
    let slowest = bound.filter { $0.share != nil }.min { ($0.share ?? 0) < ($1.share ?? 0) }
    let met = bound.filter { ($0.share ?? 0) >= 0.85 }.count
    let product = results.kernels.filter { $0.name.contains("bf16") }
      .compactMap(\.tflopPerSecond).max()
    let rate = product.flatMap { p in results.torch("matmul bf16 square").map { p / $0 } }
    let iteration = results.iterations["M bf16"]?.seconds("iteration").flatMap { ours in
      results.torch("iteration M bf16").map { $0 / ours }
    }
    let device = results.about["device kind"] ?? ""
    guard device.contains("gpu") else {
      return "No goals of a GPU are judged: this device is none.\n"
    }
    return table(
      "Goals on a GPU", ["goal", "here", "verdict"],
      [
        [
          "memory-bound kernels at 85 % of the copy bandwidth or more",
          "\(met) of \(bound.count), lowest \(slowest?.name ?? "–") \(percent(slowest?.share))",
          verdict(slowest?.share, atLeast: 0.85),
        ],
        [
          "best bf16 matrix product at 50 % of PyTorch's bf16 rate or more", percent(rate),
          verdict(rate, atLeast: 0.5),
        ],
        [
          "an iteration of M no slower than PyTorch eager bf16",
          iteration.map { String(format: "%.2f times as fast", $0) } ?? "–",
          verdict(iteration, atLeast: 1),
        ],
      ])
  }

  // MARK: Figures

  private var kernels: String {
    let copy = results.probe("copy bandwidth")
    let peak = results.probe("f32 peak")
    let title =
      "Operations against \(number(copy, "%.0f")) GB/s copied and "
      + "\(number(peak)) TFLOP/s of f32 multiply-adds"
    return table(
      title, ["operation", "shape", "ms", "rate", "share", "error against the CPU"],
      results.kernels.map { k in
        let rate =
          k.gbPerSecond.map { number($0, "%.1f") + " GB/s" }
          ?? k.tflopPerSecond.map { number($0) + " TFLOP/s" }
        return [
          k.name, k.shape, number(k.seconds * 1e3), rate ?? k.failure ?? "–", percent(k.share),
          number(k.error, "%.0e"),
        ]
      })
  }

  private var iterations: String {
    table(
      "One MPO iteration on random weights: S 16 rows, M 8 rows of 64 + 64 tokens",
      ["shape", "generate", "forward", "train", "iteration", "tensors"],
      results.iterations.sorted { $0.key > $1.key }.map { shape, report in
        func phase(_ name: String) -> String {
          number(report.seconds(name)) + " s, " + number(report.rate(name), "%.0f") + " tokens/s"
        }
        return [
          shape, phase("generate"), phase("forward"), phase("train"),
          number(report.seconds("iteration")) + " s",
          number(report.memory["tensors"], "%.0f") + " MiB",
        ]
      })
  }

  private var torch: String {
    guard !results.torch.isEmpty else {
      return "No figures of PyTorch: `python3` has no torch with CUDA here.\n"
    }
    return table(
      "PyTorch on the same device", ["what", "figure"],
      results.torch.map { [$0.name, number($0.value, "%.4g") + " " + $0.unit] })
  }

  private var probes: String {
    table(
      "Probes", ["probe", "answer", "detail"],
      results.probes.filter { $0.name != "device" }.map { [$0.name, $0.answer, $0.detail] })
  }
}
