import ArgumentParser
import Foundation
import MPO
import MPOBackend
import MPOModel

struct LabelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "label",
    abstract: "Makes preference pairs of a model's own responses, labelled by a judge.",
    discussion: """
      magnetic label --model base --dataset-name prompts.jsonl --judge panel.yaml --pairs 1000 \
      --output pairs.jsonl

      Draws two responses a pair and writes {"prompt", "chosen", "rejected"}, a line each: what \
      'magnetic preference' and the offline algorithms of 'magnetic train' read. Pairs of equal \
      texts are left out.
      """)

  @Option(help: "Model folder, or a hub name in the local cache.") var model: String
  @Option(help: "JSON lines with a key 'prompt'.") var datasetName: String
  @Option(help: "YAML file with the judge, or the mapping itself.") var judge: String
  @Option(parsing: .unconditional, help: "Pairs of each prompt.") var pairs = 1000
  @Option(
    help: ArgumentHelp(
      "sampled: the winner is drawn with probability P, as one vote; majority: P above 1/2 wins; soft: "
        + "the same with P as 'preference'.", valueName: "labels"))
  var labels = "sampled"
  @Option(help: "File for the pairs (default: standard output).") var output: String?
  @Option(help: "Longest response, in tokens.") var maxNewTokens = 64
  @Option(help: "Sampling temperature.") var temperature = 1.0
  @Option(help: "Seed of the random numbers.") var seed: UInt64 = 0
  @OptionGroup var deviceOptions: DeviceOptions
  @OptionGroup var precisionOptions: PrecisionOptions

  func validate() throws {
    guard (1...1_000_000).contains(pairs) else {
      throw ValidationError("--pairs: expected 1 to 1000000, found \(pairs)")
    }
    guard maxNewTokens > 0 else {
      throw ValidationError("--max-new-tokens: expected 1 or more, found \(maxNewTokens)")
    }
    guard (1e-6...1e6).contains(temperature) else {
      throw ValidationError("--temperature: expected 1e-6 to 1e6, found \(temperature)")
    }
    _ = try kind()
  }

  private func kind() throws -> PairLabeller.Labels {
    guard let kind = PairLabeller.Labels(rawValue: labels) else {
      throw ValidationError("--labels: expected sampled, majority or soft, found '\(labels)'")
    }
    return kind
  }

  func run() throws {
    var settings = AlignmentConfiguration()
    try settings.apply(flags: ["--judge=\(judge)"])
    guard let judge = settings.judge else { throw ValidationError("--judge: expected a judge") }
    // Before any work: a file that cannot be written.
    let file = try output.map { try ResultFile($0, what: "output", suffix: ".jsonl") }
    let prompts = try PromptDataset.read(datasetName)
    let backend = try deviceOptions.open()
    let source = try judge.makeSource(on: backend)
    let model = try readModel(model, precisionOptions.precision(), on: backend)
    let evaluator = Evaluator(
      judge: source, questions: prompts, samples: 2 * pairs, maxNewTokens: maxNewTokens,
      sampling: SamplingSettings(temperature: Float(temperature)), seed: seed)
    let responses = try evaluator.responses(of: model, stream: Evaluator.labelStream)
    let kind = try kind()
    let made = try PairLabeller(judge: source, labels: kind, seed: seed)
      .pairs(prompts: evaluator.prompts, responses: responses)
    let lines = made.map { $0.json(soft: kind == .soft) }
    if let file {
      try file.write(lines.map { $0 + "\n" }.joined())
    } else {
      for line in lines { try magnetic.output(line) }
    }
    note("\(made.count) pairs of \(pairs * prompts.count)")
  }
}
