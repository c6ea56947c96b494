/// How the terms of a rollout's tokens become one loss.
public enum LossReduction: String, Sendable, CaseIterable {
  /// The mean over all response tokens of the batch.
  case token
  /// The sum over a response's tokens, the mean over responses.
  case sequence
}

/// How responses are drawn.
public struct SamplingOptions: Sendable, Equatable {
  public var maxNewTokens = 64
  /// 1 (TRL: 0.9): the loss' ratio is that of the policy itself, and exact only at 1.
  public var temperature = 1.0
  public var topK = 0
  public var topP = 1.0
  public var minP = 0.0
  public init() {}

  package static var options: [SettingOption<Self>] {
    [
      .int(
        "max_new_tokens", \.maxNewTokens, aliases: ["max_completion_length"], atLeast: 1,
        "Longest response. A prompt that leaves no room for it in the model's "
          + "max_position_embeddings is an error; nothing is cut silently."),
      .double(
        "temperature", \.temperature, above: 0,
        "Logits are divided by it. At 1, the default, the loss' ratio is exact (TRL: 0.9)."),
      .int("top_k", \.topK, atLeast: 0, "Sample among the k likeliest tokens; 0 is off."),
      .double(
        "top_p", \.topP, above: 0, atMost: 1,
        "Sample among the likeliest tokens of this mass; 1 is off."),
      .double(
        "min_p", \.minP, atLeast: 0, atMost: 1,
        "Drop tokens below this share of the likeliest one's probability; 0 is off."),
    ]
  }
}

/// Settings of `magnetic train`: alignment by preferences, MPO unless `algorithm` says otherwise. Names
/// are TRL's where it has one. The properties' defaults are MPO's; `init(algorithm:)` has others'.
public struct AlignmentConfiguration: ConfigurableSettings, Equatable {
  /// Model folder; a hub name is looked up in the local hub cache.
  public var model = ""
  public var algorithm = Algorithm.mpo
  /// Prompts, JSON lines with a key `prompt`; pairs for an offline algorithm.
  public var data = DatasetSettings()
  public var dataset: String {
    get { data.name }
    set { data.name = newValue }
  }
  /// Held-out prompts of evaluations; empty = those that `data` holds out, or all.
  public var evalDataset = ""
  /// Chat template to use in place of the model's own; empty = that.
  public var chatTemplate = ""
  /// Longest prompt in tokens: of a longer one only the end is kept, with a warning. 0 = no limit.
  public var maxPromptLength = 0
  /// Most tokens of an offline pair's prompt and response: a longer response loses its end, with a
  /// warning. 0 = no limit.
  public var maxLength = 0
  public var judge: JudgeConfiguration?
  public var run = RunSettings()
  public var optimizer = OptimizerSettings()
  public var sampling = SamplingOptions()
  /// N, prompts of one rollout.
  public var promptsPerRollout = 8
  /// K, responses to each prompt, >= 2.
  public var generations = 8
  public var lossReduction = LossReduction.token
  /// Whom responses are compared with.
  public var opponent = Opponent.policy
  /// MPO's step size, the proximal term is (1/eta) KL(pi || pi_k); eta of INPO, COMAL and SPPO.
  public var eta = 1.0
  /// Weight of the KL to the reference in DPO, IPO, RLOO and Nash-MD.
  public var beta = 0.1
  /// The same in INPO and COMAL; at most eta.
  public var tau = 0.1 / 3
  /// Weight of the reference in Nash-MD's mixture, m of pi^(1-m) mu^m.
  public var mixtureCoefficient = 0.5
  /// Which tokens' KL Nash-MD's advantages are less.
  public var penaltyReduction = PenaltyReduction.sequence
  /// Share of labels that DPO takes to be wrong.
  public var labelSmoothing = 0.0
  /// Preferences above 1/2 count as 1 and others as 0 in losses of pairs, as where a judge picks one.
  public var hardLabels = false
  /// Mean over tokens in place of sums in offline IPO, as TRL has it.
  public var averageLogProb = true
  /// alpha, the weight of KL(pi || magnet).
  public var magnetCoefficient = 0.1
  /// When the magnet moves.
  public var magnetSchedule = MagnetSchedule.fixed
  /// T_mag, rollouts between refreshes of the magnet; 0 = never. With the adaptive schedule the most
  /// rollouts between them; 0 = no limit.
  public var magnetSyncSteps = 40
  /// m of `magnet <- (1 - m) magnet + m policy`; 1 is a hard refresh.
  public var magnetMixup = 1.0
  /// Optimizer steps on one rollout.
  public var innerSteps = 4
  /// Ends a rollout's optimizer steps early, when the gradient's norm has fallen to this share of
  /// its first; 0 takes them all. A decaying learning-rate schedule still counts on them all.
  public var innerTolerance = 0.0
  /// PPO's epsilon on the ratio; 0 = off. 0.2 is Safe-RLHF's; without it some seeds of a cyclic game
  /// ended with twice the gap (bench/NOTES.md).
  public var clipRange = 0.2
  /// Adds the score-function term of later KLs (algorithm.md section 3).
  public var klToGo = false
  /// Adapters in place of all weights.
  public var lora = LoRASettings()
  /// Writes a few responses of every logged rollout beside the metrics.
  public var logCompletions = false
  /// Rollouts between evaluations against the starting model (and one at the end); 0 = never.
  public var evalSteps = 0
  /// What the user set although the algorithm does not read it.
  public private(set) var settingsWithoutEffect: [String] = []
  /// The same where the algorithm itself was left out.
  private var unexpectedSettings: [String] = []
  public init() {}

  /// What evaluations ask: `eval_dataset_name`, else what the data set holds out, else all of it.
  /// - Throws: `DataError`, `ConfigurationError`.
  public func evaluationPrompts() throws -> Examples<Prompt> {
    guard evalDataset.isEmpty else {
      return try PromptDataset.examples(data.replaced(by: evalDataset))
    }
    return try PromptDataset.examples(data, split: data.hasHeldOut ? .test : .train)
  }

  /// Rows of one rollout, N*K.
  public var rows: Int { promptsPerRollout * generations }

  /// The reference is the starting model to the end.
  var magnetNeverMoves: Bool { magnetSchedule == .fixed && magnetSyncSteps == 0 }

  /// Fewest rollouts between refreshes of the adaptive schedule: `eta * alpha * T >= 0.6`.
  var leastSyncSteps: Int {
    Int(min(max(1, (0.6 / (eta * magnetCoefficient) - 1e-9).rounded(.up)), 1e9))
  }

  /// One line when the magnet moves before the regularised game is near its equilibrium: the rule
  /// `eta * alpha * T_mag >= 0.6` (a heuristic from tabular games). Nil when it holds, the magnet
  /// never moves or has no weight.
  public func hint() -> String? {
    guard algorithm == .mpo || algorithm == .mpoRT else { return nil }
    if magnetSchedule == .adaptive, magnetCoefficient > 0, magnetSyncSteps > 0,
      magnetSyncSteps < leastSyncSteps
    {
      return "hint: magnet_schedule adaptive waits for \(leastSyncSteps) rollouts (0.6 / (eta * "
        + "magnet_coef)), but the magnet moves after magnet_sync_steps = \(magnetSyncSteps) whatever "
        + "is measured. Raise magnet_sync_steps, or set it to 0"
    }
    let product = eta * magnetCoefficient * Double(magnetSyncSteps)
    // A rounding error below the rule is on it.
    guard magnetSchedule == .fixed, magnetSyncSteps > 0, magnetCoefficient > 0,
      product < 0.6 - 1e-9
    else { return nil }
    let value = (product * 1000).rounded() / 1000
    let wanted = shortNumber((0.6 / (eta * magnetCoefficient) - 1e-9).rounded(.up))
    return "hint: eta * magnet_coef * magnet_sync_steps = \(shortNumber(value)), below 0.6: the "
      + "magnet may move before the policy has settled, and self-play may cycle (a heuristic). "
      + "Try magnet_sync_steps \(wanted) or more"
  }

  public mutating func complete(given: Set<String>) {
    let standard = Self(algorithm: algorithm)
    for (name, copy) in Self.algorithmDefaults where !given.contains(name) { copy(&self, standard) }
    settingsWithoutEffect = given.intersection(idleSettings).sorted()
    unexpectedSettings = given.contains("algorithm") ? [] : settingsWithoutEffect
  }

  public var idleSettings: Set<String> {
    var idle = Algorithm.particularSettings.subtracting(algorithm.ownSettings)
    if algorithm.isOffline, judge == nil {
      idle.formUnion(SamplingOptions.options.map(\.name).filter { $0 != "temperature" })
      idle.formUnion(["judge", "eval_steps", "log_completions"])
    }
    // Whoever plays against the mixture reads its weight.
    if opponent == .mixture, !algorithm.isOffline {
      idle.remove("mixture_coef")
    } else {
      idle.insert("mixture_coef")
    }
    return idle
  }

  public func validate() throws {
    guard !model.isEmpty else {
      throw ConfigurationError.missing(
        key: "model_name_or_path", "the folder of the model to align")
    }
    try data.validate(
      algorithm.isOffline
        ? "a file with one {\"prompt\": \"...\", \"chosen\": \"...\", \"rejected\": \"...\"} a line"
        : "a file with one {\"prompt\": \"...\"} a line")
    // Who leaves the algorithm out may not know which one runs.
    guard unexpectedSettings.isEmpty else {
      throw ConfigurationError.conflict(
        "\(unexpectedSettings.joined(separator: ", ")): no effect with algorithm "
          + "\(algorithm.rawValue), the default, whose weight of the reference is 'magnet_coef'; leave "
          + "out, or name the algorithm")
    }
    guard judge != nil || algorithm.isOffline else {
      throw ConfigurationError.missing(
        key: "judge",
        "where preferences come from, a mapping with a 'type', one of "
          + JudgeConfiguration.types.joined(separator: ", "))
    }
    try run.validate()
    guard magnetSchedule == .fixed || magnetCoefficient > 0 else {
      throw ConfigurationError.conflict(
        "magnet_schedule adaptive measures the regularised game, but magnet_coef is 0: set it above "
          + "0, or magnet_schedule fixed")
    }
    try validateAlgorithm()
    guard run.gradientAccumulationSteps <= rows else {
      throw ConfigurationError.conflict(
        "gradient_accumulation_steps is \(run.gradientAccumulationSteps), but a rollout has only "
          + "\(rows) rows (per_device_train_batch_size * num_generations)")
    }
  }

  public static var options: [SettingOption<Self>] {
    let source: [SettingOption<Self>] = [
      .string(
        "model_name_or_path", \.model, aliases: ["model"], placeholder: "DIR",
        "Model folder, or a hub name that is in the local cache."),
      .choice(
        "algorithm", \.algorithm,
        "What is minimised. Settings that an algorithm does not read have no effect and are not "
          + "printed; defaults marked 'by algorithm' differ."),
      .string(
        "eval_dataset_name", \.evalDataset, aliases: ["eval_dataset"], placeholder: "FILE",
        "Held-out prompts for eval_steps and 'magnetic evaluate'; without it those that the "
          + "data set holds out, else the training prompts."),
      .string(
        "chat_template", \.chatTemplate, aliases: ["chat_template_path"], placeholder: "FILE",
        "Jinja file to use in place of the model's own chat template."),
      .int(
        "max_prompt_length", \.maxPromptLength, atLeast: 0,
        "Keep the last N tokens of longer prompts, and warn; 0: a prompt that does not fit is an "
          + "error."),
      .int(
        "max_length", \.maxLength, atLeast: 0,
        "dpo, ipo: most tokens of prompt and response; a longer response loses its end, with a "
          + "warning. 0: one that does not fit the model is an error."),
      SettingOption(
        "judge", placeholder: "FILE",
        help: "Where preferences come from: a mapping with a type, or a YAML file that holds one.",
        get: { $0.judge?.summary ?? "-" }, set: { $0.judge = try JudgeConfiguration($1) }),
    ]
    return source + SettingOption.data(\.data) + SettingOption.run(\.run) + gameOptions
      + SamplingOptions.options.map { $0.lifted(to: \.sampling) }
      + SettingOption.optimizer(\.optimizer) + SettingOption.lora(\.lora)
  }

  private static var gameOptions: [SettingOption<Self>] {
    [
      .int(
        "per_device_train_batch_size", \.promptsPerRollout, atLeast: 1, "Prompts of one rollout."),
      .int(
        "num_generations", \.generations, atLeast: 2,
        "Responses to each prompt; they play against each other. By algorithm 8 (mpo), 5 or "
          + "2."),
      .choice(
        "loss_reduction", \.lossReduction,
        "token: mean over response tokens; sequence: sum over tokens, mean over responses."),
      .choice(
        "opponent", \.opponent,
        "Whom responses are compared with: the policy itself (self-play), the base that the run "
          + "started from, or Nash-MD's mixture. By algorithm."),
      .double(
        "eta", \.eta, above: 0,
        "mpo, mpo-rt: step size, the weight of KL(policy, generator) is 1/eta. inpo, comal: 1/(2 eta) "
          + "is the margin of a pair, .1 and .002. sppo: the source's 1/beta, 1000."),
      .double(
        "beta", \.beta, above: 0,
        "Weight of the KL to the reference: dpo, ipo, online-dpo, online-ipo, nash-md .1, rloo .05."
      ),
      .double(
        "tau", \.tau, atLeast: 0,
        "inpo, comal: weight of the KL to the reference, at most eta. By algorithm eta / 3."),
      .double(
        "mixture_coef", \.mixtureCoefficient, atLeast: 0, atMost: 1,
        "Weight of the reference in the opponent 'mixture'."),
      .choice(
        "kl_reduction", \.penaltyReduction,
        "nash-md: a token's advantage is less the KL of the whole sequence (the paper), of the tokens "
          + "from it on, or of itself (TRL)."),
      .double(
        "label_smoothing", \.labelSmoothing, atLeast: 0, below: 0.5,
        "dpo, online-dpo: share of labels taken to be wrong."),
      .bool(
        "hard_labels", \.hardLabels,
        "Losses of pairs: a preference above 1/2 counts as 1. Without it as it is."),
      .bool(
        "average_log_prob", \.averageLogProb,
        "ipo: means over tokens in place of sums, as TRL's offline IPO."),
      .double(
        "magnet_coef", \.magnetCoefficient, atLeast: 0,
        "alpha, the weight of KL(policy, magnet)."),
      .choice(
        "magnet_schedule", \.magnetSchedule,
        "fixed: the magnet moves every magnet_sync_steps. adaptive: as soon as the regularised game "
          + "is solved well enough, as measured on the rollouts, at the latest after "
          + "magnet_sync_steps."),
      .int(
        "magnet_sync_steps", \.magnetSyncSteps, aliases: ["ref_model_sync_steps"], atLeast: 0,
        "Rollouts between refreshes of the magnet (the reference); 0 is never. By algorithm 40 (mpo), 12 "
          + "(comal), 0."),
      .double(
        "magnet_mixup_alpha", \.magnetMixup, aliases: ["ref_model_mixup_alpha"], above: 0,
        atMost: 1, "m of magnet = (1 - m) magnet + m policy; 1 is a hard refresh."),
      .int(
        "inner_steps", \.innerSteps, aliases: ["num_iterations"], atLeast: 1,
        "Optimizer steps on one rollout. By algorithm 4, or 1 where the source takes one."),
      .double(
        "inner_tolerance", \.innerTolerance, atLeast: 0, below: 1,
        "End them when the gradient's norm is at most this share of the first one's; 0 is off."),
      .double(
        "clip_range", \.clipRange, aliases: ["cliprange"], atLeast: 0, below: 1,
        "PPO clip of the ratio; 0 is off."),
      .bool("kl_to_go", \.klToGo, "Add the score-function term of later KLs."),
      .bool("log_completions", \.logCompletions, "Write some responses of every logged rollout."),
      .int(
        "eval_steps", \.evalSteps, atLeast: 0,
        "Rollouts between evaluations against the starting model, on the first 64 prompts (of "
          + "eval_dataset_name), and one at the end; 0 is never."),
    ]
  }

  public static var unsupported: [String: String] {
    unsupportedSettings.merging([
      "loss_type": "the loss is 'algorithm': online-dpo or online-ipo, dpo or ipo",
      "reward_model_path": "a reward model is a judge: judge: {type: model, path: DIR}",
      "reward_funcs": "preferences come from 'judge': {type: reward, functions: [...]}",
      "sync_ref_model": "the magnet is refreshed every 'magnet_sync_steps' (0 is never)",
      "model_config": "self-play starts from a trained model; train one with 'magnetic sft'",
    ]) { $1 }
  }
}

/// Settings of other trainers that carry over to none here.
let unsupportedSettings = [
  "lora_modules_to_save": "only adapters are trained with 'use_peft'; leave it out",
  "use_dora": "DoRA is not supported; 'use_peft' trains plain LoRA",
  "load_in_4bit": "quantised models are not supported yet",
  "load_in_8bit": "quantised models are not supported yet",
  "fp16": "computation is in float32, or 'bf16'; the type of saved weights is 'save_dtype'",
  "dataset_streaming": "leave it out: rows are read from the file as they are needed",
  "dataset_config": "data is read from a local file named by 'dataset_name'",
]
