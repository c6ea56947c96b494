import Foundation
import MPO
import MPOBackend
import MPOModel
import TestSupport
import Testing

@testable import MPO

/// Preference models from pairs to judges.
@Suite struct PreferenceTrainingTests {
  /// Three classes in a circle: every score leaves one of the three comparisons wrong.
  @Test func aCycleIsLearnedByWhatCanExpressOne() throws {
    let fixture = try PreferenceFixture()
    func report(
      _ kind: PreferenceFile.Kind, steps: Int, rate: Double = 3e-3
    ) throws -> PreferenceReport {
      var c = try fixture.configuration(
        kind, kind.rawValue, steps: steps, more: "intransitivity_responses: 10\nwarmup_steps: 10")
      c.optimizer.learningRate = rate
      c.general.temperature = 1
      return try #require(try PreferenceFixture.run(c))
    }
    let scores = try report(.bradleyTerry, steps: 60)
    #expect(scores.accuracy < 0.75, "\(scores.lines)")
    #expect(scores.ownTriples?.triples == 120 && scores.ownTriples?.cyclic == 0)
    // Fast steps bring all embeddings together, where a circle cannot be told (README, known limits).
    let general = try report(.general, steps: 60, rate: 3e-4)
    #expect(general.accuracy > 0.8, "\(general.lines)")
    let pairwise = try report(.pairwise, steps: 250)
    #expect(pairwise.accuracy > 0.8, "\(pairwise.lines)")
  }

  @Test(arguments: PreferenceFile.Kind.allCases, [false, true])
  func continuesBitForBit(_ kind: PreferenceFile.Kind, _ adapters: Bool) throws {
    let fixture = try PreferenceFixture()
    let more =
      "save_steps: 3\neval_steps: 2"
      + (adapters ? "\nuse_peft: true\nlora_r: 2\nlora_target_modules: all-linear" : "")
    let whole = try fixture.configuration(kind, "whole", steps: 5, more: more)
    try PreferenceFixture.run(whole)
    var part = try fixture.configuration(kind, "part", steps: 5, more: more)
    try PreferenceFixture.run(part, stopAfter: 2)
    part.run.resume = "latest"
    try PreferenceFixture.run(part)
    let (a, b) = (fixture.folder.file("whole"), fixture.folder.file("part"))
    let (metrics, continued) = (try ResumeTests.metrics(a), try ResumeTests.metrics(b))
    #expect(metrics.count == 5 && metrics == continued)
    let weights = adapters ? "adapter_model.safetensors" : "model.safetensors"
    for file in [
      weights, "checkpoint-5/" + weights, "checkpoint-5/optimizer.safetensors",
      "checkpoint-5/preference_config.json", "preference_config.json",
    ] {
      #expect(try ResumeTests.data("\(a)/\(file)") == ResumeTests.data("\(b)/\(file)"), "\(file)")
    }
  }

  /// What is read back, as a model or as adapters over their base, scores as what was saved.
  @Test(arguments: PreferenceFixture.heads, [false, true])
  func savedModelsScoreTheSame(_ head: PreferenceHead, _ adapted: Bool) throws {
    let fixture = try PreferenceFixture()
    let texts = (0..<4).map { RandomModel.tokens(6 + $0, seed: UInt64($0), vocabulary: 300) }
    try TestBackends.cpus()[1].run { backend in
      let model = try fixture.model(head, adapted: adapted, on: backend)
      let saved = fixture.folder.file("saved")
      try model.model.save(model.model.parameters, to: saved, dtype: .f32)
      try model.file.write(folder: saved)
      let read = try PreferenceModel.load(saved, on: backend)
      #expect(read.file == model.file)
      #expect(try read.outputs(texts) == model.outputs(texts))
      let error = #expect(throws: ModelError.self) { try LanguageModel.load(saved, on: backend) }
      if !adapted { #expect(error?.description.contains("expected a language model") == true) }
    }
  }

  /// A folder of transformers has no file of ours: one output is a reward model, more mean nothing.
  @Test func readsRewardModelsOfTransformers() throws {
    let fixture = try PreferenceFixture()
    try TestBackends.cpus()[1].run { backend in
      let folder = fixture.folder.file("reward")
      let model = try fixture.model(.bradleyTerry, on: backend)
      try model.model.save(model.model.parameters, to: folder, dtype: .f32)
      let config = String(
        decoding: try ResumeTests.data(folder + "/config.json"), as: UTF8.self)
      #expect(config.contains("LlamaForSequenceClassification") && config.contains("LABEL_0"))
      #expect(!config.contains("LABEL_1"))
      let weights = try ModelWeights(folder: folder)
      #expect(try weights.entry("score.weight").shape == [1, 32])
      #expect(weights.tensors["lm_head.weight"] == nil)
      #expect(try PreferenceModel.load(folder, on: backend).head == .bradleyTerry)
      let wide = fixture.folder.file("wide")
      let general = try fixture.model(PreferenceFixture.heads[1], on: backend)
      try general.model.save(general.model.parameters, to: wide, dtype: .f32)
      #expect(throws: PreferenceModelError.self) { try PreferenceModel.load(wide, on: backend) }
      let base = #expect(throws: ModelError.self) {
        try PreferenceModel.load(fixture.folder.file("base"), on: backend)
      }
      #expect(base?.description.contains("magnetic preference") == true)
    }
  }

  /// Judges for the trainer: the probabilities are those of the model's logits, a Bradley-Terry one
  /// also gives rewards.
  @Test(arguments: PreferenceFixture.heads)
  func judgesAsTheModelDoes(_ head: PreferenceHead) throws {
    let fixture = try PreferenceFixture()
    try TestBackends.cpus()[1].run { backend in
      let folder = fixture.folder.file("judge")
      let model = try fixture.model(head, on: backend)
      try model.model.save(model.model.parameters, to: folder, dtype: .f32)
      try model.file.write(folder: folder)
      let judge = try JudgeConfiguration(yaml: "{type: model, path: \(folder)}")
        .makeSource(on: backend)
      let prompts = ["Your turn:", "Mine:"]
      let responses = [[" I play rock.", " paper", ""], [" a", " b", " c"]]
      let table = try judge.preferences(prompts: prompts, responses: responses)
      let tokenizer = model.model.tokenizer
      let logits = try model.logits(
        zip(prompts, responses).map { prompt, list in
          PreferenceQuestion(
            prompt: tokenizer.encode(prompt),
            responses: list.map {
              tokenizer.encode(prompt + $0).dropFirst(tokenizer.encode(prompt).count) + [1]
            })
        })
      for n in 0..<2 {
        for i in 0..<3 {
          for j in 0..<3 {
            #expect(table[n, i, j] + table[n, j, i] == 1)
            #expect(abs(table[n, i, j] - logits[n].probabilities[i * 3 + j]) < 1e-6)
          }
        }
      }
      guard head == .bradleyTerry else { return #expect(!(judge is any RewardSource)) }
      let rewards = try #require(judge as? any RewardSource)
        .rewards(prompts: prompts, responses: responses)
      #expect(abs(rewards[1][0] - rewards[1][2] - logits[1][0, 2]) < 1e-6)
    }
  }

  @Test func selfPlayIsJudgedByAModel() throws {
    let fixture = try PreferenceFixture()
    try PreferenceFixture.run(fixture.configuration(.general, "judge", steps: 2))
    let prompts = try fixture.folder.write(#"{"prompt": "Your turn:"}"# + "\n", "prompts.jsonl")
    var c = AlignmentConfiguration()
    try c.apply(
      yaml: """
        model_name_or_path: \(fixture.folder.file("base"))
        dataset_name: \(prompts)
        output_dir: \(fixture.folder.file("aligned"))
        per_device_train_batch_size: 1
        num_generations: 4
        max_new_tokens: 6
        max_steps: 2
        judge: {type: model, path: \(fixture.folder.file("judge"))}
        """)
    #expect(c.judge?.summary == "model \(fixture.folder.file("judge"))")
    #expect(try ResumeTests.run(c) == .finished(steps: 2))
  }

  @Test func reportsWhatTheLogitsSay() throws {
    let fixture = try PreferenceFixture()
    try TestBackends.cpus()[1].run { backend in
      let model = try fixture.model(.bradleyTerry, on: backend)
      var pairs = PreferenceFixture.tokenizedPairs()
      let logits = try model.logits(pairs)
      // Right about the first and the third, wrong about the last two; the second is a tie.
      for (i, right) in [true, true, true, false, false].enumerated() where i != 1 {
        pairs[i].preference = (logits[i] > 0) == right ? 1 : 0
      }
      pairs[1].preference = 0.5
      let report = try PreferenceEvaluation(pairs: pairs).report(of: model)
      #expect(report.pairs == 5 && report.decided == 4 && report.prompts == 5)
      #expect(report.accuracy == 0.5 && report.interval == .wilson)
      let wilson = Statistics.wilson(share: 0.5, samples: 4)
      #expect(report.low == wilson.low && report.high == wilson.high)
      let loss =
        zip(pairs, logits).reduce(0.0) {
          $0 + log(1 + exp($1.0.preference == 1 ? -$1.1 : $1.1))
            * ($1.0.preference == 0.5 ? 0.5 : 1)
            + ($1.0.preference == 0.5 ? 0.5 * log(1 + exp(-$1.1)) : 0)
        } / 5
      #expect(abs(report.loss - loss) < 1e-9)
      #expect(report.bins.count == 10 && report.bins.reduce(0) { $0 + $1.pairs } == 4)
      let sure = [0, 2, 3, 4].map { 1 / (1 + exp(-abs(logits[$0]))) }
      // All four are in the first bin of small logits: 2 of 4 right, sure of their mean.
      #expect(report.bins[0].pairs == 4)
      #expect(abs(report.calibrationError - abs(0.5 - sure.reduce(0, +) / 4)) < 1e-9)
      #expect(report.ownTriples == nil)
      #expect(report.collectedTriples?.cyclic == 0 && report.collectedTriples?.triples == 20)
      // Two pairs of one prompt are not independent.
      pairs[2].prompt = pairs[0].prompt
      #expect(
        try PreferenceEvaluation(pairs: pairs).report(of: model).interval == .bootstrap)
      let decoded = try JSONDecoder().decode(
        PreferenceReport.self, from: Data(report.json(pretty: false).utf8))
      #expect(decoded == report)
    }
  }

  @Test func saysWhatIsWrong() throws {
    func error(_ yaml: String) -> String {
      var c = PreferenceConfiguration()
      do {
        try c.apply(yaml: yaml)
        try c.validate()
        return ""
      } catch { return "\(error)" }
    }
    #expect(error("output_dir: o").contains("model_name_or_path"))
    let start = "model_name_or_path: m\noutput_dir: o\n"
    #expect(error(start).contains("dataset_name"))
    let data = start + "dataset_name: d\n"
    #expect(error(data).isEmpty)
    #expect(
      error(data + "preference_model: pairwise\ncenter_rewards_coefficient: 0.1")
        .contains("center_rewards_coefficient"))
    #expect(error(data + "embedding_dimension: 3").contains("an even number"))
    #expect(error(data + "preference_model: elo").contains("bradley_terry, general, pairwise"))
    #expect(error("model_name_or_path: m\nevaluate: true").contains("eval_dataset_name"))
    let fixture = try PreferenceFixture()
    try PreferenceFixture.run(fixture.configuration(.general, "general", steps: 1))
    var c = try fixture.configuration(.pairwise, "other", steps: 1)
    c.model = fixture.folder.file("general")
    let conflict = #expect(throws: ConfigurationError.self) { try PreferenceFixture.run(c) }
    #expect(conflict?.description.contains("is a general model") == true)
  }
}
