import ArgumentParser
import Foundation
import MPO
import MPOModel

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Policies against each other: win rates, the game between them, ratings.",
    discussion: """
      magnetic evaluate --config game.yaml --policies base=path/to/model mpo=runs/game --samples 3
      magnetic evaluate --config game.yaml --policies 'runs/game/checkpoint-*' --average
      magnetic evaluate --config game.yaml --model runs/game --reference path/to/model

      Prompts, judge and sampling come from a training configuration (--config) or from flags, \
      which win. A policy is a folder (a model, a checkpoint, an adapter), a hub name, a pattern of \
      folders, or NAME=one of these. All draw responses to the same prompts, one model in memory at \
      a time, with random numbers that depend on the seed and the policy's name only; then all pairs \
      are judged.

      Printed are win rates P(row over column) with 95 % intervals (bootstrap over prompts), the same \
      at equal lengths (as AlpacaEval 2 controls them), and of the game between the policies its Nash \
      mixture, what the best of them gains against each (exploitability: that preference - 1/2, half \
      the duality gap), each one's win rate against the mixture, and Elo ratings with what they get \
      wrong. A 'categories' judge adds class shares and their duality gap; then one policy alone is \
      enough, and --average measures the mean of the shares.
      """)

  @Option(
    parsing: .upToNextOption,
    help: "Model folders, hub names or patterns of folders, each PATH or NAME=PATH.")
  var policies: [String] = []
  @Option(help: "One model folder or hub name; with --reference, two policies.") var model: String?
  @Option(help: "The model to compare --model with.") var reference: String?
  @Option(help: "A configuration of 'magnetic train'.") var config: String?
  @Option(help: "YAML file with the judge.") var judge: String?
  @Option(help: "JSON lines with a key 'prompt' (default: eval_dataset_name, else dataset_name).")
  var datasetName: String?
  @Option(help: "Use the first N prompts.") var maxPrompts: Int?
  @Option(help: "Jinja file to use in place of the models' own chat templates.")
  var chatTemplate: String?
  @Option(
    help: ArgumentHelp(
      "Responses to each prompt (4096 gives the gap to about .01). Default: the configuration's; at "
        + "most a few for a judge that costs."))
  var numGenerations: Int?
  @Option(help: "Longest response, in tokens.") var maxNewTokens: Int?
  @Option(help: "Sampling temperature; 0 takes the likeliest token.") var temperature: Double?
  @Option(help: "Seed of the random numbers.") var seed: Int?
  @Option(help: "Resamples behind each interval.") var resamples = 2000
  @Option(help: "Show N prompts with every policy's first response and the preferences.")
  var samples = 0
  @Flag(help: "Also measure the mean of the policies' class shares.") var average = false
  @Option(name: .customLong("output"), help: "File for everything as one JSON object.")
  var outputFile: String?
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var deviceOptions: DeviceOptions
  @OptionGroup var precisionOptions: PrecisionOptions

  func validate() throws {
    guard (model == nil) != policies.isEmpty else {
      throw ValidationError(
        model == nil
          ? "nobody to evaluate: give --policies A B ..., or --model and --reference"
          : "--model and --policies: the policies are named by one of the two")
    }
    guard reference == nil || model != nil else {
      throw ValidationError("--reference is for --model; with --policies list it there")
    }
    for (name, value, range) in [
      ("num-generations", numGenerations, 1...1_000_000), ("max-prompts", maxPrompts, 1...Int.max),
      ("resamples", resamples, 100...1_000_000), ("samples", samples, 0...Int.max),
    ] {
      guard value.map(range.contains) ?? true else {
        let most = range.upperBound == .max ? "or more" : "to \(range.upperBound)"
        throw ValidationError(
          "--\(name): expected \(range.lowerBound) \(most), found \(value ?? 0)")
      }
    }
    if let temperature, temperature != 0, !(1e-6...1e6).contains(temperature) {
      throw ValidationError("--temperature: expected 0, or 1e-6 to 1e6, found \(temperature)")
    }
  }

  /// The configuration with the flags over it.
  func resolved() throws -> AlignmentConfiguration {
    var settings = AlignmentConfiguration()
    if let config { try settings.apply(file: config) }
    var flags: [String] = []
    func add(_ name: String, _ value: CustomStringConvertible?) {
      if let value { flags += ["--\(name)=\(value)"] }
    }
    add("judge", judge)
    add("dataset_name", datasetName)
    add("chat_template", chatTemplate)
    add("max_new_tokens", maxNewTokens)
    add("seed", seed)
    try settings.apply(flags: flags)
    // Unlike training, one response and greedy ones are fine here.
    if let temperature { settings.sampling.temperature = temperature }
    if let numGenerations { settings.generations = numGenerations }
    return settings
  }
}
