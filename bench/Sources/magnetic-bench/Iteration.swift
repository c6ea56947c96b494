import ArgumentParser
import Foundation
import MPO
import MPOBackend
import MPOModel

/// One MPO iteration: generate, magnet forward, train step.
struct Iteration: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "One MPO iteration on random weights: generate, magnet forward, one train step.",
    discussion: """
      Rates: new tokens for generation (prefill included), all tokens for forward and train. The \
      train step holds one optimizer step: policy forward and backward, fused magnetic loss \
      against magnet and generating policy, clipping and AdamW. Compare with \
      peers/torch_iteration.py in the same session.
      """)

  @Option(help: "cpu, opencl, opencl:<index or name>, auto.") var device = "cpu"
  @Option(help: "CPU threads.") var threads: Int?
  @Option(help: "S (15 M), M (135 M) or tiny.") var shape = BenchShape.small
  @Option(help: "Rows in the batch.") var rows = 16
  @Option(help: "Prompt tokens a row.") var prompt = 64
  @Option(name: .long, help: "New tokens a row.") var new = 64
  @Option(help: "Repetitions; the median is printed.") var repeats = 5
  @Flag(help: "Recompute block activations in the backward pass.") var gradientCheckpointing = false
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    let backend = try DeviceSelection(parsing: device).open(threads: threads) { note in
      FileHandle.standardError.write(Data((note + "\n").utf8))
    }
    let decoderShape = shape.decoder(positions: prompt + new)
    let decoder = Decoder(decoderShape, on: backend)
    let layout = ParameterLayout(decoderShape)
    let policy = try ParameterSet.random(layout, seed: 1, on: backend)
    let optimizer = try Optimizer(
      layout, settings: OptimizerSettings(), totalSteps: repeats + 1, on: backend)
    let learner = try Learner(
      decoder, policy: policy, optimizer: optimizer,
      settings: LearnerSettings(
        loss: MagneticLossSettings(alpha: 0.1, eta: 1), innerSteps: 1,
        gradientCheckpointing: gradientCheckpointing))
    var random = PhiloxGenerator(seed: 2, domain: .test)
    let prompts = (0..<rows).map { _ in
      (0..<prompt).map { _ in Int32(random.next() % UInt64(decoderShape.vocabulary)) }
    }
    try backend.trim()
    var times: [Phase: [Double]] = [:]
    // The first round warms caches, kernels and the pool, and is not counted.
    for round in 0...repeats {
      var seconds: [Phase: Double] = [:]
      let rolloutRows = try timed(.generate, &seconds, backend) {
        try Generator(decoder, policy).generate(
          prompts, settings: GenerationSettings(maxNewTokens: new, stream: UInt32(round)))
      }.flatMap { $0 }.enumerated().map { i, completion in
        RolloutRow(
          prompt: prompts[i], response: completion.tokens, advantage: i % 2 == 0 ? 0.25 : -0.25)
      }
      try timed(.forward, &seconds, backend) { try learner.magnetForward(rolloutRows) }
      try timed(.train, &seconds, backend) { _ = try learner.learn(from: rolloutRows) }
      // `learn` holds a magnet forward of its own: the train phase is what it adds.
      seconds[.train] = max(0, (seconds[.train] ?? 0) - (seconds[.forward] ?? 0))
      if round > 0 { for (phase, s) in seconds { times[phase, default: []].append(s) } }
    }
    report(times, backend)
  }

  enum Phase: String, CaseIterable { case generate, forward, train }

  private func timed<T>(
    _ phase: Phase, _ seconds: inout [Phase: Double], _ backend: any ComputeBackend,
    _ body: () throws -> T
  ) throws -> T {
    let clock = ContinuousClock()
    let start = clock.now
    let out = try body()
    try backend.synchronize()
    let elapsed = start.duration(to: clock.now)
    seconds[phase] =
      Double(elapsed.components.seconds)
      + Double(elapsed.components.attoseconds) * 1e-18
    return out
  }

  private func report(_ times: [Phase: [Double]], _ backend: any ComputeBackend) {
    func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    let tokens: [Phase: Int] = [
      .generate: rows * new, .forward: rows * (prompt + new), .train: rows * (prompt + new),
    ]
    var total = 0.0
    var fields: [String: Any] = [
      "device": backend.description.name, "shape": shape.rawValue, "rows": rows,
      "prompt": prompt, "new": new, "peak_resident_mib": peakResidentMiB(),
      "peak_tensor_mib": Double(backend.memory.peak) / 1_048_576,
    ]
    for phase in Phase.allCases {
      guard let values = times[phase], !values.isEmpty else { continue }
      let m = median(values)
      total += m
      let rate = Double(tokens[phase] ?? 0) / m
      fields["\(phase.rawValue)_s"] = m
      fields["\(phase.rawValue)_tokens_per_s"] = rate
      if !json {
        let range = "\(format(values.min() ?? m, 3))...\(format(values.max() ?? m, 3))"
        print(
          "\(pad(phase.rawValue, 10)) \(pad(format(m, 3), 8)) s   [\(range)]   \(format(rate, 0)) tokens/s"
        )
      }
    }
    fields["iteration_s"] = total
    if json {
      if let data = try? JSONSerialization.data(withJSONObject: fields, options: [.sortedKeys]) {
        print(String(decoding: data, as: UTF8.self))
      }
      return
    }
    print("\(pad("iteration", 10)) \(pad(format(total, 3), 8)) s   (medians of \(repeats))")
    print(
      "peak memory \(format(peakResidentMiB(), 0)) MiB resident, "
        + "\(format(Double(backend.memory.peak) / 1_048_576, 0)) MiB in tensors, "
        + "\(layoutMiB()) MiB a copy of the weights; device: \(backend.description.name)")
  }

  private func layoutMiB() -> String {
    format(
      Double(ParameterLayout(shape.decoder(positions: prompt + new)).count) * 4 / 1_048_576, 0)
  }
  private func format(_ x: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", x) }
  private func pad(_ s: String, _ n: Int) -> String {
    s + String(repeating: " ", count: max(0, n - s.count))
  }
}
