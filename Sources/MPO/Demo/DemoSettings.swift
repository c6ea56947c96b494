/// What `magnetic demo` may be told, and its sizes. The defaults fit two slow cores and three
/// minutes; tests make everything smaller.
public struct DemoSettings: Sendable, Equatable {
  /// Everything is written below this folder.
  public var outputDirectory = "demo"
  public var seed = 0
  public var device = "auto"
  /// CPU threads; 0 = one for each core.
  public var threads = 0
  /// Stop after the base model.
  public var pretrainOnly = false
  /// Sentences of the base model's text, and optimizer steps on them.
  public var stories = 4096
  public var pretrainingSteps = 160
  /// Rollouts of each self-play run.
  public var rollouts = 160
  /// Fresh responses to each prompt for the table.
  public var samples = 1024

  public init() {}

  func path(_ name: String) -> String { "\(outputDirectory)/\(name)" }
}

/// The self-play runs that the demo compares. They differ in the magnet and in nothing else.
public enum DemoVariant: String, Sendable, CaseIterable {
  case refreshed = "mpo"
  case fixedMagnet = "fixed-magnet"
  case noMagnet = "no-magnet"

  /// For the table.
  public var title: String {
    switch self {
    case .refreshed: return "MPO (magnet refreshed)"
    case .fixedMagnet: return "fixed magnet"
    case .noMagnet: return "no magnet"
    }
  }
}

extension DemoSettings {
  /// Cross-entropy training of the base model from random weights.
  /// - Parameter vocabulary: ids of the tokenizer in `tokenizer/`.
  public func pretraining(vocabulary: Int) -> SFTConfiguration {
    var settings = SFTConfiguration()
    settings.shape = .inline(
      json: """
        {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 64, \
        "intermediate_size": 160, "num_hidden_layers": 2, "num_attention_heads": 4, \
        "num_key_value_heads": 2, "vocab_size": \(vocabulary), "max_position_embeddings": 64, \
        "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "tie_word_embeddings": true, \
        "bos_token_id": 0, "eos_token_id": 1}
        """)
    settings.tokenizer = path("tokenizer")
    settings.dataset = path("stories.jsonl")
    settings.run = run("base", steps: pretrainingSteps)
    settings.batchSize = 64
    settings.maxLength = 32
    settings.packing = false
    settings.optimizer.learningRate = 5e-3
    settings.optimizer.warmupSteps = 10
    return settings
  }

  /// Self-play from the base model.
  public func selfPlay(_ variant: DemoVariant) throws -> AlignmentConfiguration {
    var settings = AlignmentConfiguration()
    settings.model = path("base")
    settings.dataset = path("prompts.jsonl")
    settings.judge = try JudgeConfiguration(yaml: DemoGame.yaml, file: path("judge.yaml"))
    settings.run = run(variant.rawValue, steps: rollouts)
    settings.promptsPerRollout = 8
    settings.generations = 16
    settings.sampling.maxNewTokens = 8
    settings.lossReduction = .sequence
    settings.optimizer.learningRate = 5e-4
    settings.eta = 1
    settings.magnetCoefficient = variant == .noMagnet ? 0 : 0.2
    settings.magnetSyncSteps = variant == .refreshed ? 20 : 0
    settings.innerSteps = 4
    settings.clipRange = 0.2
    return settings
  }

  private func run(_ name: String, steps: Int) -> RunSettings {
    var run = RunSettings()
    run.outputDirectory = path(name)
    run.overwriteOutputDirectory = true
    run.maxSteps = steps
    run.loggingSteps = max(1, steps / 4)
    run.seed = seed
    run.device = device
    run.threads = threads
    return run
  }
}
