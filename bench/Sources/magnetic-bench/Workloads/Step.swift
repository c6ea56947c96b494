import ArgumentParser
import MPO
import MPOBackend
import MPOModel

/// One whole step: K responses to each prompt, preferences, one optimizer step.
struct Step: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "One MPO step: K responses to each prompt, preferences of a host function, an update.",
    discussion: "The peer is TRL's Online DPO, peers/trl_online_dpo.py.")

  @OptionGroup var place: DeviceArguments
  @OptionGroup var repeats: Repeats
  @Option(help: "S (15 M), M (135 M) or tiny.") var shape = BenchShape.small
  @Option(help: "Prompts.") var prompts = 16
  @Option(help: "Prompt tokens.") var prompt = 16
  @Option(help: "Responses to each prompt.") var samples = 2
  @Option(name: .long, help: "New tokens a response.") var new = 64

  func run() throws {
    let backend = try place.open()
    let baseline = Resident.restartPeak()
    let model = try BenchModel(
      shape.decoder(positions: prompt + new), place.precision, on: backend)
    let learner = try model.learner(steps: repeats.repeats + 1)
    let texts = model.tokens(prompts, prompt)
    try backend.trim()
    var report = Report()
    report.times = try repeats.run { round in
      ["step": try measured(on: backend) { try step(round, model, learner, texts) }]
    }
    report.work = ["step": Double(prompts * samples * new)]
    report.cost = [
      "step": model.cost.iteration(
        prompts: prompts, samples: samples, length: prompt, new: new)
    ]
    report.memory = [
      "peak": Resident.peak, "baseline": baseline, "states": model.statesMiB(learner),
    ]
    report.device = backend.description.name
    try repeats.print(report, unit: "tokens/s")
  }

  private func step(
    _ round: Int, _ model: BenchModel, _ learner: Learner, _ texts: [[Int32]]
  ) throws {
    let responses = try model.generate(
      texts, samples: samples, new: new, round: round, learner: learner)
    let rows = zip(texts, responses).flatMap { text, answers in
      let scores = answers.map { Set($0.tokens).count }
      return answers.indices.map { i in
        RolloutRow(
          prompt: text, response: answers[i].tokens, advantage: advantage(of: i, in: scores))
      }
    }
    _ = try learner.learn(from: rows)
  }

  /// Mean win rate against the other responses less a half; more distinct tokens win.
  private func advantage(of i: Int, in scores: [Int]) -> Float {
    let others = scores.indices.filter { $0 != i }
    let wins = others.reduce(Float(0)) {
      $0 + (scores[i] > scores[$1] ? 1 : scores[i] == scores[$1] ? 0.5 : 0)
    }
    return others.isEmpty ? 0 : wins / Float(others.count) - 0.5
  }
}
