import ArgumentParser
import Foundation
import MPO
import MPOBackend
import MPOModel

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Win rate of a model over a reference, and its duality gap in a class game.",
    discussion: """
      Prompts, judge and sampling come from a training configuration (--config) or from flags, \
      which win. Without --reference only shares and gap are measured (a 'categories' judge).
      """)

  @Option(help: "Model folder, or a hub name in the local cache.") var model: String
  @Option(help: "The model to compare with.") var reference: String?
  @Option(help: "A configuration of 'magnetic train'.") var config: String?
  @Option(help: "YAML file with the judge.") var judge: String?
  @Option(help: "JSON lines with a key 'prompt'.") var datasetName: String?
  @Option(help: "Jinja file to use in place of the models' own chat templates.")
  var chatTemplate: String?
  @Option(help: "Responses to each prompt (4096 gives the gap to about .01).")
  var numGenerations: Int?
  @Option(help: "Longest response, in tokens.") var maxNewTokens: Int?
  @Option(help: "Sampling temperature.") var temperature: Double?
  @Option(help: "Seed of the random numbers.") var seed: Int?
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var deviceOptions: DeviceOptions
  @OptionGroup var precisionOptions: PrecisionOptions

  func run() throws {
    let settings = try resolved()
    guard let judge = settings.judge else {
      throw ValidationError("no judge: give --judge FILE or a --config that has one")
    }
    guard !settings.data.isEmpty else {
      throw ValidationError("no prompts: give --dataset-name FILE or a --config that has one")
    }
    let backend = try deviceOptions.open(defaults: settings.run)
    let source = try judge.makeSource(on: backend)
    guard reference != nil || source is CategoryJudge else {
      throw ValidationError("--reference is needed: this judge has no classes to measure alone")
    }
    let evaluator = Evaluator(
      judge: source, questions: try PromptDataset.read(
        settings.data, split: settings.data.hasHeldOut ? .test : .train),
      chatTemplate: settings.chatTemplate,
      samples: settings.generations, maxNewTokens: settings.sampling.maxNewTokens,
      sampling: settings.sampling.backendSettings, seed: UInt64(settings.run.seed))
    let precision = precisionOptions.precision(defaults: settings.run)
    func draw(_ name: String, stream: UInt32) throws -> [[String]] {
      try evaluator.responses(
        of: readModel(name, precision, on: backend),
        stream: stream)
    }
    let responses = try draw(model, stream: Evaluator.firstStream)
    let shares = try evaluator.classShares(responses)
    var line = JSONLine()
    line.add("model", model)
    try report(shares, model, "", &line)
    if let reference {
      let others = try draw(reference, stream: Evaluator.secondStream)
      try report(evaluator.classShares(others), reference, "reference_", &line)
      let rate = try evaluator.winRate(responses, over: others)
      line.add("reference", reference)
      line.add("eval_avg_win_prob", rate.mean)
      line.add("eval_avg_win_prob_low", rate.low)
      line.add("eval_avg_win_prob_high", rate.high)
      if !json { try output("win rate of \(model) over \(reference): \(rate)") }
    }
    if json { try output(line.text) }
  }

  private func report(
    _ shares: ClassShares?, _ name: String, _ prefix: String, _ line: inout JSONLine
  ) throws {
    guard let shares else { return }
    line.add(prefix + "shares", shares.shares.map { ($0.name, $0.share) })
    line.add(prefix + "duality_gap", shares.gap)
    guard !json else { return }
    let list = shares.shares.map { "\($0.name) \(String(format: "%.4f", $0.share))" }
    try output(
      "\(name): \(list.joined(separator: ", ")); duality gap "
        + String(format: "%.4f", shares.gap))
  }

  private func resolved() throws -> AlignmentConfiguration {
    var settings = AlignmentConfiguration()
    if let config { try settings.apply(file: config) }
    var flags: [String] = []
    func add(_ name: String, _ value: CustomStringConvertible?) {
      if let value { flags += ["--\(name)=\(value)"] }
    }
    add("judge", judge)
    add("dataset_name", datasetName)
    add("chat_template", chatTemplate)
    add("num_generations", numGenerations)
    add("max_new_tokens", maxNewTokens)
    add("temperature", temperature)
    add("seed", seed)
    try settings.apply(flags: flags)
    return settings
  }
}
