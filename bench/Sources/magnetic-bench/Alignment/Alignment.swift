import ArgumentParser
import Foundation

/// Memory and latency of the methods, each in a process of its own.
struct Alignment: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Peak memory and time per iteration of MPO, Nash-MD and RLOO; PPO's needs computed.",
    discussion: """
      All methods have the same policy, prompts, responses to each prompt and optimizer steps, random \
      weights, and judges of the policy's shape. Every one runs in a process of its own, so that its \
      peak is its own. PPO is not run: what it needs with four models is computed from parameter \
      counts. Writes <out>.json (every repeat) and <out>.md.
      """)

  @OptionGroup var repeats: Repeats
  @OptionGroup var sizes: AlignmentSizes
  @Option(help: "Shapes, with commas between: XS, S, M or tiny.") var shapes = "XS,S"
  @Option(help: "Seconds after which a method is given up.") var timeout = 150.0
  @Option(help: "Start of the names of the files.") var out = "bench/results/alignment"

  func run() throws {
    let shapes = try shapes.split(separator: ",").map { name in
      guard let shape = BenchShape(rawValue: String(name)) else {
        throw ValidationError(
          "--shapes: found '\(name)', expected some of "
            + BenchShape.allCases.map(\.rawValue).joined(separator: ", "))
      }
      return shape
    }
    let child = ChildRun(peers: "", python: "")
    var result = AlignmentResult(
      date: timestamp(), commit: SuiteHost.commit(), device: "",
      command: "magnetic-bench " + CommandLine.arguments.dropFirst().joined(separator: " "),
      host: SuiteHost.facts(), sizes: sizes, rows: [])
    for shape in shapes {
      for method in AlignmentMethod.allCases {
        progress("\(shape.rawValue), \(method.title)")
        result.rows.append(try measure(method, shape, child, &result.device))
      }
      result.rows.append(ppo(shape))
    }
    result.host["load_after"] = SuiteHost.load()
    try result.write(to: out)
    print(result.markdown)
    progress("wrote \(out).json and \(out).md")
    let failed = result.rows.compactMap(\.failure)
    if let first = failed.first { throw ValidationError("a method was not measured: \(first)") }
  }

  private func measure(
    _ method: AlignmentMethod, _ shape: BenchShape, _ child: ChildRun, _ device: inout String
  ) throws -> AlignmentResult.Row {
    let contender = Contender(
      name: method.rawValue,
      arguments: ["alignment-iteration", "--method", method.rawValue, "--shape", shape.rawValue]
        + ["--repeats", "\(repeats.repeats)"] + sizes.arguments)
    let cost = cost(shape)
    var row = AlignmentResult.Row(
      shape: shape.rawValue, method: method.title, statesMiB: cost.mebibytes(method),
      gigaFLOPs: cost.flops(method) / 1e9)
    switch child.run(contender, timeout: timeout) {
    case .report(let report):
      device = report.device
      row.peakMiB = (report.memory["peak"] ?? .nan) - (report.memory["baseline"] ?? .nan)
      row.tensorsMiB = report.memory["tensors"]
      row.seconds = report.times.mapValues(median)
      row.repeats = report.times
    case .missing(let what, _): row.failure = what
    case .failed(let reason): row.failure = reason
    }
    return row
  }

  private func ppo(_ shape: BenchShape) -> AlignmentResult.Row {
    let cost = cost(shape)
    return AlignmentResult.Row(
      shape: shape.rawValue, method: "PPO, four models (computed, not run)",
      statesMiB: cost.ppoMebibytes, gigaFLOPs: cost.ppoFLOPs / 1e9)
  }

  private func cost(_ shape: BenchShape) -> AlignmentCost {
    AlignmentCost(shape.decoder(positions: sizes.prompt + sizes.new), sizes, .f32)
  }
}
