import ArgumentParser
import MPO
import MPOBackend
import MPOModel

/// The sizes of one comparison.
struct AlignmentSizes: ParsableArguments {
  @Option(help: "Prompts of a rollout.") var prompts = 8
  @Option(help: "Prompt tokens.") var prompt = 32
  @Option(help: "Responses to each prompt; of Nash-MD's mixture as many again.") var samples = 4
  @Option(name: .long, help: "New tokens a response.") var new = 64
  @Option(help: "Optimizer steps on a rollout.") var innerSteps = 1

  var arguments: [String] {
    [
      "--prompts", "\(prompts)", "--prompt", "\(prompt)", "--samples", "\(samples)", "--new",
      "\(new)", "--inner-steps", "\(innerSteps)",
    ]
  }
}

/// One method of `alignment` alone, for its peak of memory.
struct AlignmentIteration: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "One iteration of MPO, Nash-MD or RLOO on random weights; memory.",
    discussion: """
      Responses, judgement and one update, as magnetic train does them, on ids: responses always \
      have their full length. The peak counts from before the model was made.
      """)

  @OptionGroup var place: DeviceArguments
  @OptionGroup var repeats: Repeats
  @OptionGroup var sizes: AlignmentSizes
  @Option(help: "mpo, mpo-host, nash-md or rloo.") var method = AlignmentMethod.mpo
  @Option(help: "XS (1.7 M), S (15 M), M (135 M) or tiny.") var shape = BenchShape.small

  func run() throws {
    let backend = try place.open()
    let baseline = Resident.restartPeak()
    let shape = shape.decoder(positions: sizes.prompt + sizes.new)
    let model = try BenchModel(shape, place.precision, on: backend)
    let judge =
      method.judgeOutputs > 0
      ? try AlignmentJudge(shape, outputs: method.judgeOutputs, on: backend) : nil
    let c = try configuration()
    let optimizer = try Optimizer(
      model.policy.layout, settings: c.optimizer,
      totalSteps: (repeats.repeats + 1) * sizes.innerSteps, on: backend)
    let round = AlignmentRound(
      model: model, judge: judge, configuration: c,
      learner: try c.makeLearner(
        PolicyStates(model.decoder, policy: model.policy, optimizer: optimizer)),
      prompts: model.tokens(sizes.prompts, sizes.prompt), new: sizes.new)
    try backend.trim()
    var report = Report()
    report.times = try repeats.run { try round.run($0) }
    let costs = AlignmentCost(shape, sizes, place.precision)
    report.work = ["generate": Double(sizes.prompts * sizes.samples * sizes.new)]
    report.cost = ["iteration": Cost(flops: costs.flops(method), bytes: 0)]
    report.memory = [
      "peak": Resident.peak, "baseline": baseline, "states": costs.mebibytes(method),
      "tensors": Double(backend.memory.peak) / 1_048_576,
    ]
    report.device = backend.description.name
    try repeats.print(report, unit: "tokens/s")
  }

  private func configuration() throws -> AlignmentConfiguration {
    var c = AlignmentConfiguration()
    let given = try c.apply(flags: [
      "--algorithm=\(method.algorithm)", "--num_generations=\(sizes.samples)",
      "--inner_steps=\(sizes.innerSteps)", "--magnet_sync_steps=0",
    ])
    c.complete(given: given)
    return c
  }
}
