import MPOBackend
import MPOModel

/// Training of a preference model from pairs (`magnetic preference`).
public final class PreferenceTrainer {
  public let configuration: PreferenceConfiguration
  public let preferences: PreferenceModel
  public let learner: PreferenceLearner
  /// Optimizer steps in the whole run.
  public let totalSteps: Int
  public private(set) var stepsDone = 0
  private(set) var tokensSeen = 0
  package let pairs: [TokenizedPair]
  private let heldOut: PreferenceEvaluation?
  let warnings: [String]
  private let mixture: [SamplerPart]
  /// Whether the scoring head is new.
  let hasFreshHead: Bool
  private(set) var sampler: EpochSampler
  /// The last measurement on the held-out pairs.
  public internal(set) var lastReport: PreferenceReport?
  public var model: LanguageModel { preferences.model }

  /// Loads the model, gives it a scoring head where it has none, and reads the pairs.
  /// - Throws: `ModelError`, `DataError`, `ConfigurationError`, `PreferenceModelError`.
  public init(_ configuration: PreferenceConfiguration, on backend: any ComputeBackend) throws {
    self.configuration = configuration
    let file = configuration.file
    let folder = try ModelFolder.resolve(configuration.model)
    if PreferenceFile.isThere(folder) {
      let present = try PreferenceFile(folder: folder).kind
      guard present == file.kind else {
        throw ConfigurationError.conflict(
          "\(folder) is a \(present.rawValue) model, but preference_model is "
            + "\(file.kind.rawValue); name that kind, or start from a language model")
      }
    }
    let c = configuration
    let model = try LanguageModel.load(
      c.model, precision: c.run.precision, use: c.lora.use(seed: c.run.seed),
      head: .scores(outputs: file.head.outputs, seed: UInt64(c.run.seed)), on: backend)
    preferences = try PreferenceModel(model, file)
    hasFreshHead = try !LanguageModel.scoresTexts(c.model)
    let training = try PreferencePairs(
      c.data, split: .train, model: preferences, chatTemplate: c.chatTemplate)
    pairs = training.pairs
    var evaluation = try Self.heldOut(c, preferences)
    if c.fitsBagOfWords, let texts = evaluation?.texts {
      let words = BagOfWords(training.texts)
      evaluation?.evaluation.baseline = texts.map { words.logit($0.chosen, $0.rejected) }
    }
    heldOut = evaluation?.evaluation
    warnings = [training.warning, evaluation?.warning].compactMap { $0 }
    mixture = training.mixture
    sampler = EpochSampler(mixture, seed: UInt64(c.run.seed))
    totalSteps = c.run.totalSteps(examples: pairs.count, batch: c.batchSize)
    learner = try PreferenceLearner(
      preferences,
      optimizer: Optimizer(
        model.parameters.layout, settings: c.optimizer, totalSteps: totalSteps, on: backend),
      centering: c.centering, gradientCheckpointing: c.run.gradientCheckpointing,
      seed: UInt64(c.run.seed))
  }

  private static func heldOut(
    _ c: PreferenceConfiguration, _ model: PreferenceModel
  ) throws -> (evaluation: PreferenceEvaluation, texts: [TextPair], warning: String?)? {
    let isNamed = !c.evalDataset.isEmpty
    guard isNamed || c.data.hasHeldOut else { return nil }
    let held = try PreferencePairs(
      isNamed ? c.data.replaced(by: c.evalDataset) : c.data, split: isNamed ? .train : .test,
      model: model, chatTemplate: c.chatTemplate)
    let evaluation = PreferenceEvaluation(
      pairs: held.pairs, bins: c.calibrationBins, responses: c.intransitivityResponses,
      prompts: c.intransitivityPrompts, seed: UInt64(c.run.seed))
    return (evaluation, held.texts, held.warning)
  }

  /// Measures a saved preference model on the held-out pairs of a configuration.
  /// - Returns: the report, and a warning where pairs were cut.
  public static func evaluate(
    _ configuration: PreferenceConfiguration, on backend: any ComputeBackend
  ) throws -> (report: PreferenceReport, warning: String?) {
    let model = try PreferenceModel.load(
      configuration.model, precision: configuration.run.precision, on: backend)
    guard let held = try heldOut(configuration, model) else {
      throw ConfigurationError.missing(key: "eval_dataset_name", "pairs to measure on")
    }
    return (try held.evaluation.report(of: model), held.warning)
  }

  /// One optimizer step.
  public func trainStep() throws -> PreferenceMetrics {
    let batch = sampler.next(configuration.batchSize).map { pairs[$0] }
    let metrics = try learner.step(
      batch.microBatches(
        configuration.run.gradientAccumulationSteps,
        limit: model.decoder.microBatchTokens(
          checkpointing: configuration.run.gradientCheckpointing)
      ) { pair in preferences.sequences(pair).reduce(0) { $0 + $1.count } })
    stepsDone += 1
    tokensSeen += metrics.tokens
    return metrics
  }

  /// The model as it stands, on the held-out pairs; nil without any.
  public func heldOutReport() throws -> PreferenceReport? {
    guard let heldOut else { return nil }
    var report = try heldOut.report(of: preferences)
    report.model = configuration.run.outputDirectory
    return report
  }

  func restore(_ state: TrainerState) {
    stepsDone = state.globalStep
    tokensSeen = state.tokens
    sampler = EpochSampler(
      mixture, seed: UInt64(configuration.run.seed), cursor: state.cursor)
  }
}
