import MPO
import MPOBackend
import MPOModel

/// Measures the points of a sweep on a small decoder: 128 wide, 4 layers, 4 heads, 2 key/value
/// heads, 384 feed-forward.
struct SweepMeasure {
  let backend: any ComputeBackend
  let precision: ProductPrecision
  let repeats: Repeats

  func point(_ plan: SweepPlan, _ x: Int) throws -> SweepPoint {
    switch plan.name {
    case "rows": return try iteration(plan, x, prompts: x, samples: 1, prompt: 32, new: 32)
    case "length": return try iteration(plan, x, prompts: 4, samples: 1, prompt: x / 2, new: x / 2)
    case "vocabulary":
      return try iteration(plan, x, prompts: 8, samples: 1, prompt: 16, new: 16, vocabulary: x)
    case "samples": return try iteration(plan, x, prompts: 4, samples: x, prompt: 256, new: 32)
    case "loss-rows": return try loss(plan, x, rows: x, vocabulary: 32_768)
    default: return try loss(plan, x, rows: 1024, vocabulary: x)
    }
  }

  private func iteration(
    _ plan: SweepPlan, _ x: Int, prompts: Int, samples: Int, prompt: Int, new: Int,
    vocabulary: Int = 8192
  ) throws -> SweepPoint {
    let model = try BenchModel(
      .bench(128, layers: 4, heads: 4, groups: 2, 384, vocabulary: vocabulary, prompt + new),
      precision, on: backend)
    let learner = try model.learner(steps: repeats.repeats + 1)
    let texts = model.tokens(prompts, prompt)
    try backend.trim()
    let times = try repeats.run { round in
      var rows: [RolloutRow] = []
      let generate = try measured(on: backend) {
        let drawn = try model.generate(
          texts, samples: samples, new: new, round: round, learner: learner)
        rows = zip(texts, drawn).flatMap { text, answers in
          answers.enumerated().map {
            RolloutRow(
              prompt: text, response: $1.tokens, advantage: $0 % 2 == 0 ? 0.25 : -0.25)
          }
        }
      }
      let learn = try measured(on: backend) { _ = try learner.learn(from: rows) }
      return ["generate": generate, "learn": learn, "iteration": generate + learn]
    }
    let peak = Double(backend.memory.peak) / 1_048_576
    return SweepPoint(
      sweep: plan.name, x: x, seconds: times.mapValues(median), repeats: times,
      tokens: prompts * samples * (prompt + new), peakMiB: peak,
      beyondMiB: peak - 5 * model.weightsMiB)
  }

  private func loss(_ plan: SweepPlan, _ x: Int, rows: Int, vocabulary: Int) throws -> SweepPoint {
    let inputs = try LossInputs(rows, 128, vocabulary, precision, on: backend)
    try backend.trim()
    let live = backend.memory.live
    let times = try repeats.run { _ in
      ["loss": try measured(on: backend) { try inputs.loss(on: backend) }]
    }
    return SweepPoint(
      sweep: plan.name, x: x, seconds: times.mapValues(median), repeats: times, tokens: rows,
      peakMiB: Double(backend.memory.peak) / 1_048_576,
      beyondMiB: Double(backend.memory.peak - live) / 1_048_576,
      logitsMiB: 3 * 4 * Double(rows) * Double(vocabulary) / 1_048_576)
  }
}
