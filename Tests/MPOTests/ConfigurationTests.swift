import Foundation
import MPO
import Testing

@Suite struct ConfigurationTests {
  /// The file of issue 2, as it stands.
  static let game = #"""
    model_name_or_path: ../shared/data/models/stories260K
    dataset_name: prompts.jsonl        # {"prompt": "Once upon a time, there was a"}
    output_dir: runs/g2
    per_device_train_batch_size: 1     # prompts per rollout
    num_generations: 64                # K responses per prompt
    loss_reduction: sequence           # or token
    max_new_tokens: 10
    temperature: 1.0
    learning_rate: 3.0e-4
    eta: 1.0
    magnet_coef: 0.1                   # alpha
    magnet_sync_steps: 40              # T_mag, in rollouts
    inner_steps: 4
    max_steps: 160                     # rollouts
    seed: 0
    judge:
      type: categories
      categories:                      # the first pattern that matches the response; an empty pattern matches all
        - {name: girl, pattern: '\bgirl\b'}
        - {name: boy, pattern: '\bboy\b'}
        - {name: other, pattern: ''}
      matrix: [[0.5, 0, 1], [1, 0.5, 0.333333333], [0, 0.666666667, 0.5]]
    """#

  static func temporary(_ text: String, _ suffix: String = "yaml") throws -> String {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("config-\(UUID()).\(suffix)").path
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  static func refusal(_ yaml: String) -> String {
    var settings = AlignmentConfiguration()
    let error = #expect(throws: (any Error).self) {
      try settings.apply(yaml: yaml, file: "game.yaml")
    }
    return error.map { "\($0)" } ?? ""
  }

  @Test func theIssuesFileWorksAsItStands() throws {
    let path = try Self.temporary(Self.game)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let settings = try AlignmentConfiguration.resolve(arguments: ["--config", path])
    #expect(settings.model == "../shared/data/models/stories260K")
    #expect(settings.dataset == "prompts.jsonl")
    #expect(settings.run.outputDirectory == "runs/g2")
    #expect(settings.promptsPerRollout == 1)
    #expect(settings.generations == 64)
    #expect(settings.lossReduction == .sequence)
    #expect(settings.sampling.maxNewTokens == 10)
    #expect(settings.sampling.temperature == 1)
    #expect(settings.optimizer.learningRate == 3e-4)
    #expect(settings.eta == 1)
    #expect(settings.magnetCoefficient == 0.1)
    #expect(settings.magnetSyncSteps == 40)
    #expect(settings.innerSteps == 4)
    #expect(settings.run.maxSteps == 160)
    #expect(settings.run.seed == 0)
    #expect(settings.hint() == nil)
    guard case .categories(let judge) = settings.judge else {
      Issue.record("expected categories")
      return
    }
    #expect(try judge.classify(" little girl") == 0)
    #expect(try judge.classify(" big dog") == 2)
    #expect(judge.game[2, 1] == 0.666666667)
  }

  @Test func flagsWinAndTakeEverySpelling() throws {
    let path = try Self.temporary(Self.game)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let settings = try AlignmentConfiguration.resolve(arguments: [
      "--learning-rate", "1e-4", "--config=\(path)", "--num_generations=4", "--kl-to-go",
      "--no-log-completions", "--ref-model-sync-steps", "7", "--resume", "--max_steps", "-1",
      "--gradient-checkpointing", "true", "--eta=2",
    ])
    #expect(settings.optimizer.learningRate == 1e-4)
    #expect(settings.generations == 4)
    #expect(settings.klToGo && settings.run.gradientCheckpointing)
    #expect(!settings.logCompletions)
    #expect(settings.magnetSyncSteps == 7)
    #expect(settings.run.resume == "latest")
    #expect(settings.run.maxSteps == -1)
    #expect(settings.eta == 2)
    #expect(settings.promptsPerRollout == 1)
  }

  @Test func kebabKeysJSONAndNullsInAFile() throws {
    var settings = AlignmentConfiguration()
    try settings.apply(yaml: "learning-rate: 2e-5\nmax-steps: 1e3\nseed: ~\neta:\n")
    #expect(settings.optimizer.learningRate == 2e-5)
    #expect(settings.run.maxSteps == 1000)
    #expect(settings.eta == 1)
    try settings.apply(
      yaml: #"{"warmup_ratio": 0.1, "use_tokens": null}"#.replacing("use_tokens", with: "seed"))
    #expect(settings.optimizer.warmupSteps == 0.1)
    try settings.apply(yaml: "")
  }

  @Test(arguments: [
    (
      "learning_rte: 1",
      "game.yaml:1:1: unknown setting 'learning_rte'; did you mean 'learning_rate'?"
    ),
    (
      "eta: 1\nlearning_rate: fast",
      "game.yaml:2:1: 'learning_rate': expected a number above 0, found \"fast\""
    ),
    ("learning_rate: 0", "above 0"), ("num_generations: 1", "at least 2"), ("eta: 0", "above 0"),
    ("eta: .inf", "expected a number"), ("num_generations: 2.5", "whole number"),
    ("num_generations: 9e18", "at most 1000000000"), ("seed: 1e30", "whole number"),
    ("judge: {type: command, command: judge, timeout: 1e300}", "at most 1000000"),
    ("seed: [1]", "found a list of 1"), ("temperature: 0", "above 0"), ("top_p: 1.5", "at most 1"),
    ("clip_range: 1", "below 1"), ("loss_reduction: mean", "one of token, sequence"),
    ("kl_to_go: maybe", "true or false"), ("adam_beta1: 1", "below 1"),
    ("learning_rate: 1e-4\nlearning-rate: 1e-5", "same setting"),
    ("magnet_sync_steps: 4\nref_model_sync_steps: 5", "same setting"),
    ("eta: 1\neta: 2", "given twice"),
    ("load_in_4bit: true", "not supported yet"),
    ("eta: [1", "game.yaml:"), ("- eta", "'name: value'"), ("just text", "'name: value'"),
    ("model_name_or_path: ''", "not empty"), ("max_prompt_length: -5", "at least 0"),
    (
      "judge: {type: categories, categories: [{name: a, patern: x}], matrix: []}",
      "did you mean 'pattern'"
    ),
    (
      "judge: {type: categories, categories: [{name: a, pattern: x}], matrix: [[0.4]]}",
      "judge: matrix"
    ),
    ("judge: {type: categories, categories: [{name: a, pattern: x}]}", "'judge.matrix' is missing"),
    (
      "judge: {type: categories, categories: [{name: a}], matrix: [[0.5]]}", "'' matches everything"
    ),
    (
      "judge: {type: categories, categories: [{name: a, pattern: x}], matrix: [[half]]}",
      "judge.matrix[0][0]"
    ),
    ("judge: {type: command, command: [], timeout: 3}", "a program"),
    ("judge: {type: command, command: judge, timeout: 0}", "above 0"),
    (
      "judge: {type: command, command: judge, retries: 3}",
      "(known: type, command, returns, timeout, "
    ),
    ("judge: nowhere.yaml", "no configuration file 'nowhere.yaml'"),
  ])
  func refuses(_ yaml: String, _ expected: String) {
    let found = Self.refusal(yaml)
    #expect(found.contains(expected), "\(found)")
  }

  @Test(arguments: [
    (["learning-rate"], "unexpected argument"), (["--learning-rate"], "expected a value"),
    (["--eta", "--seed"], "expected a value"), (["--etaa", "1"], "did you mean 'eta'"),
    (["--config"], "expected a file name"),
    (["--config", "/nonexistent.yaml"], "no configuration file"),
    (["--config", "a", "--config", "b"], "given twice"), (["--eta", "x"], "--eta: 'eta'"),
    ([], "'model_name_or_path' is missing"),
    (["--model", "m", "--dataset", "d", "--output-dir", "o"], "'judge' is missing"),
    (["--no-eta"], "unknown setting"),
    (["--judge", "{type: panel}"], "annotators"),
  ])
  func refusesFlags(_ arguments: [String], _ expected: String) {
    let error = #expect(throws: ConfigurationError.self) {
      try AlignmentConfiguration.resolve(arguments: arguments)
    }
    #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
  }

  @Test func crossChecks() throws {
    let judge = "{type: command, command: [python3, j.py], timeout: 5, both_orders: true}"
    let base = ["--model", "m", "--dataset", "d", "--output-dir", "o", "--judge", judge]
    let settings = try AlignmentConfiguration.resolve(arguments: base)
    #expect(
      settings.judge
        == .command(.init(command: ["python3", "j.py"], timeout: 5, bothOrders: true)))
    for more in [
      ["--max-steps", "0"], ["--gradient-accumulation-steps", "65"],
      ["--overwrite-output-dir", "--resume"],
    ] {
      #expect(throws: ConfigurationError.self) {
        try AlignmentConfiguration.resolve(arguments: base + more)
      }
    }
  }

  @Test func hintsBelowTheRule() throws {
    var settings = AlignmentConfiguration()
    #expect(settings.hint() == nil)
    settings.magnetSyncSteps = 5
    #expect(settings.hint()?.contains("= 0.5, below 0.6") == true)
    #expect(settings.hint()?.contains("magnet_sync_steps 6 or more") == true)
    settings.magnetSyncSteps = 6
    #expect(settings.hint() == nil)
    settings.magnetSyncSteps = 0
    #expect(settings.hint() == nil)
    settings.magnetSyncSteps = 1
    settings.magnetCoefficient = 0
    #expect(settings.hint() == nil)
    settings.magnetCoefficient = 1e-300
    #expect(settings.hint() != nil)
  }

  @Test func printsEverySetting() throws {
    var settings = AlignmentConfiguration()
    try settings.apply(yaml: Self.game)
    let lines = settings.resolvedLines()
    #expect(lines.contains { $0.hasPrefix("* num_generations") && $0.hasSuffix("  64") })
    #expect(lines.contains { $0.hasPrefix("  adam_beta2") && $0.hasSuffix("  0.999") })
    #expect(lines.contains { $0.contains(#"girl "\\bgirl\\b" [0.5, 0, 1]"#) })
    let idle = settings.idleSettings
    #expect(idle.contains("beta") && !idle.contains("eta"))
    for option in AlignmentConfiguration.options {
      let isListed = lines.contains { $0.dropFirst(2).hasPrefix(option.name + " ") }
      #expect(isListed != idle.contains(option.name), "\(option.name)")
    }
    let stored = Dictionary(
      uniqueKeysWithValues: settings.resolvedSettings().map { ($0.name, $0.value) })
    settings.eta = 2
    #expect(settings.differences(from: stored) == ["eta: 1 before, 2 now"])
    let help = AlignmentConfiguration.helpText()
    #expect(help.contains("--magnet-sync-steps N"))
    #expect(help.contains("--ref-model-sync-steps"))
  }

  @Test func noNameIsGivenTwice() {
    func check<S: ConfigurableSettings>(_: S.Type) {
      let names = S.options.flatMap { [$0.name] + $0.aliases }
      #expect(Set(names).count == names.count)
      #expect(names.allSatisfy { S.unsupported[$0] == nil && canonicalKey($0) == $0 })
    }
    check(AlignmentConfiguration.self)
    check(SFTConfiguration.self)
  }

  /// Cut and garbled files: an error or a setting, never a crash.
  @Test func fuzz() {
    var state: UInt64 = 88_172_645_463_325_252
    func random(_ n: Int) -> Int {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int(state % UInt64(n))
    }
    let bytes = Array(Self.game.utf8)
    for _ in 0..<300 {
      var text = Array(bytes[..<random(bytes.count)])
      for _ in 0..<random(4) where !text.isEmpty { text[random(text.count)] = UInt8(random(256)) }
      var settings = AlignmentConfiguration()
      _ = try? settings.apply(yaml: String(decoding: text, as: UTF8.self))
    }
  }
}

@Suite struct SFTConfigurationTests {
  @Test func fromScratchWithAnInlineShape() throws {
    let path = try ConfigurationTests.temporary(
      """
      model_config: {model_type: llama, hidden_size: 64, rms_norm_eps: 1.0e-5, tie: true, note: "12", s: null}
      tokenizer: tok
      dataset_name: texts.txt
      output_dir: out
      max_length: 256
      """)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let settings = try SFTConfiguration.resolve(arguments: ["--config", path, "--packing", "false"])
    guard case .inline(let json) = settings.shape else {
      Issue.record("expected an inline shape")
      return
    }
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    #expect(object["hidden_size"] as? Int == 64)
    #expect(object["rms_norm_eps"] as? Double == 1e-5)
    #expect(object["tie"] as? Bool == true)
    #expect(object["note"] as? String == "12")
    #expect(settings.maxLength == 256)
    #expect(!settings.packing)
    #expect(settings.optimizer.schedule == .cosine)
  }

  @Test func needsOneBeginning() throws {
    let base = ["--dataset", "d", "--output-dir", "o"]
    for arguments in [
      base, base + ["--model", "m", "--model-config", "c.json"],
      base + ["--model-config", "c.json"],
    ] {
      #expect(throws: ConfigurationError.self) {
        try SFTConfiguration.resolve(arguments: arguments)
      }
    }
    let settings = try SFTConfiguration.resolve(
      arguments: base + ["--model-config", "c.json", "--tokenizer", "t"])
    #expect(settings.shape == .path("c.json"))
  }

  @Test func learningRates() {
    var optimizer = OptimizerSettings()
    optimizer.learningRate = 1
    optimizer.warmupSteps = 0.1
    optimizer.schedule = .cosine
    #expect(optimizer.learningRate(step: 0, total: 100) == 0.1)
    #expect(optimizer.learningRate(step: 9, total: 100) == 1)
    #expect(abs(optimizer.learningRate(step: 55, total: 100) - 0.5) < 1e-12)
    #expect(abs(optimizer.learningRate(step: 100, total: 100)) < 1e-12)
    optimizer.schedule = .linear
    optimizer.warmupSteps = 10
    #expect(optimizer.learningRate(step: 55, total: 100) == 0.5)
    #expect(optimizer.learningRate(step: 200, total: 100) == 0)
    optimizer.schedule = .constant
    optimizer.warmupSteps = 0
    #expect(optimizer.learningRate(step: 0, total: 0) == 1)
  }

  @Test func totalSteps() {
    var run = RunSettings()
    #expect(run.totalSteps(examples: 10, batch: 4) == 3)
    run.epochs = 2.5
    #expect(run.totalSteps(examples: 10, batch: 1) == 25)
    run.maxSteps = 7
    #expect(run.totalSteps(examples: 10, batch: 1) == 7)
  }
}
