import ArgumentParser
import MPO
import MPOBackend
import MPOModel

/// One MPO iteration: generate, magnet forward, train step.
struct Iteration: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "One MPO iteration on random weights: generate, magnet forward, one train step.",
    discussion: """
      Rates: new tokens for generation (prefill included), all tokens for forward and train. The \
      forward gives the log-probabilities of the responses under the magnet. The train step holds \
      one optimizer step: policy forward and backward, fused magnetic loss against magnet and \
      generating policy, clipping and AdamW; it is the learner's time less the magnet's pass \
      through the blocks. The iteration is generation and the learner as it runs. Memory beyond \
      the states is the peak less what was resident before the model was made, and less \
      the weights of policy and magnet, gradients and two moments, each in its type. Compare with \
      peers/torch_iteration.py in the same session.
      """)

  @OptionGroup var place: DeviceArguments
  @OptionGroup var repeats: Repeats
  @Option(help: "S (15 M), M (135 M) or tiny.") var shape = BenchShape.small
  @Option(help: "Rows in the batch.") var rows = 16
  @Option(help: "Prompt tokens a row.") var prompt = 64
  @Option(name: .long, help: "New tokens a row.") var new = 64
  @Flag(help: "Recompute block activations in the backward pass.") var gradientCheckpointing = false

  func run() throws {
    let backend = try place.open()
    let baseline = Resident.restartPeak()
    let model = try BenchModel(
      shape.decoder(positions: prompt + new), place.precision, on: backend)
    let learner = try model.learner(
      steps: repeats.repeats + 1, gradientCheckpointing: gradientCheckpointing)
    let prompts = model.tokens(rows, prompt)
    try backend.trim()
    var report = Report()
    report.times = try repeats.run { try round($0, model, learner, prompts) }
    let all = Double(rows * (prompt + new))
    report.work = ["generate": Double(rows * new), "forward": all, "train": all]
    report.cost = [
      "generate": model.cost.generation(prompts: rows, samples: 1, length: prompt, new: new),
      "forward": model.cost.forward(rows: rows, length: prompt, new: new),
      "train": model.cost.train(rows: rows, length: prompt, new: new),
      "iteration": model.cost.iteration(prompts: rows, samples: 1, length: prompt, new: new),
    ]
    report.memory = [
      "peak": Resident.peak, "baseline": baseline, "states": model.statesMiB(learner),
      "tensors": Double(backend.memory.peak) / 1_048_576,
    ]
    report.device = backend.description.name
    report.versions = ["products": backend.description.driver]
    try repeats.print(report, unit: "tokens/s")
  }

  private func round(
    _ round: Int, _ model: BenchModel, _ learner: Learner, _ prompts: [[Int32]]
  ) throws -> [String: Double] {
    var rollout: [RolloutRow] = []
    let generate = try measured(on: model.backend) {
      rollout = try model.generate(prompts, new: new, round: round, learner: learner).joined()
        .enumerated().map {
          RolloutRow(
            prompt: prompts[$0], response: $1.tokens, advantage: $0 % 2 == 0 ? 0.25 : -0.25)
        }
    }
    let forward = try measured(on: model.backend) {
      try model.responseLogProbs(rollout, learner.magnet)
    }
    let magnet = try measured(on: model.backend) { try learner.magnetForward(rollout) }
    let learn = try measured(on: model.backend) { _ = try learner.learn(from: rollout) }
    return [
      "generate": generate, "forward": forward, "train": max(0, learn - magnet),
      "iteration": generate + learn,
    ]
  }
}
