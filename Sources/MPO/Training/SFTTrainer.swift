import Foundation
import MPOBackend
import MPOModel

/// Cross-entropy training (`magnetic sft`), from a checkpoint or from scratch.
public final class SFTTrainer {
  public let configuration: SFTConfiguration
  public let model: LanguageModel
  public let learner: CrossEntropyLearner
  /// Optimizer steps in the whole run.
  public let totalSteps: Int
  public private(set) var stepsDone = 0
  private(set) var tokensSeen = 0
  package let rows: SFTRows
  private let heldOut: SFTRows?
  /// Says which files have examples that were cut.
  let warnings: [String]
  private(set) var sampler: EpochSampler

  /// Loads or makes the model and cuts the data into rows.
  public init(_ configuration: SFTConfiguration, on backend: any ComputeBackend) throws {
    self.configuration = configuration
    // A wrong name is told before a model is loaded.
    let texts = try TextDataset.examples(configuration.data)
    let heldOutTexts = try Self.heldOut(configuration)
    model = try Self.model(configuration, on: backend)
    guard configuration.maxLength <= model.decoder.shape.maxPositions + 1 else {
      throw ConfigurationError.conflict(
        "max_length is \(configuration.maxLength), but the model's positions end at "
          + "\(model.decoder.shape.maxPositions)")
    }
    let maker = SFTRowMaker(model, configuration)
    let training = try maker.rows(texts)
    let evaluation = try heldOutTexts.map { try maker.rows($0) }
    rows = training.rows
    heldOut = evaluation?.rows
    warnings = [training.warning, evaluation?.warning].compactMap { $0 }
    guard rows.count > 0 else {
      throw DataError.empty(
        path: texts.summary, "holds no row with a token to learn after its first")
    }
    sampler = EpochSampler(rows.mixture, seed: UInt64(configuration.run.seed))
    totalSteps = configuration.run.totalSteps(
      examples: rows.count, batch: configuration.batchSize)
    learner = try CrossEntropyLearner(
      model.decoder, policy: model.parameters,
      optimizer: Optimizer(
        model.parameters.layout, settings: configuration.optimizer, totalSteps: totalSteps,
        on: backend),
      gradientCheckpointing: configuration.run.gradientCheckpointing,
      seed: UInt64(configuration.run.seed))
  }

  /// The file that is named for it, else what the data set holds out.
  private static func heldOut(_ c: SFTConfiguration) throws -> Examples<TrainingText>? {
    guard c.evalDataset.isEmpty else {
      return try TextDataset.examples(c.data.replaced(by: c.evalDataset))
    }
    return c.data.hasHeldOut ? try TextDataset.examples(c.data, split: .test) : nil
  }

  private static func model(
    _ c: SFTConfiguration, on backend: any ComputeBackend
  ) throws -> LanguageModel {
    guard let shape = c.shape else {
      return try LanguageModel.load(
        c.model, tokenizer: c.tokenizer, precision: c.run.precision,
        use: c.lora.use(seed: c.run.seed), on: backend)
    }
    let configuration: ModelConfiguration
    switch shape {
    case .path(let path):
      var isFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      let file = exists && isFolder.boolValue ? path + "/config.json" : path
      configuration = try ModelConfiguration(parsing: JSONValue(file: file), path: file)
    case .inline(let json):
      configuration = try ModelConfiguration(
        parsing: JSONValue(parsing: json, path: "model_config"), path: "model_config")
    }
    return try LanguageModel.random(
      configuration, tokenizer: c.tokenizer, seed: UInt64(c.run.seed),
      precision: c.run.precision, on: backend)
  }

  /// One optimizer step.
  public func trainStep() throws -> CrossEntropyMetrics {
    let batch = try sampler.next(configuration.batchSize).map { try rows[$0] }
    let metrics = try learner.step(
      batch.microBatches(
        configuration.run.gradientAccumulationSteps,
        limit: model.decoder.microBatchTokens(
          checkpointing: configuration.run.gradientCheckpointing)
      ) { $0.tokens.count })
    stepsDone += 1
    tokensSeen += metrics.tokens
    return metrics
  }

  /// Mean negative log-likelihood in nats per token of the held-out rows; nil without any.
  public func heldOutLoss() throws -> Double? {
    guard let heldOut, heldOut.count > 0 else { return nil }
    let scorer = Scorer(model.decoder, learner.policy)
    var sum = 0.0
    var count = 0
    for start in stride(from: 0, to: heldOut.count, by: configuration.batchSize) {
      let part = try (start..<min(start + configuration.batchSize, heldOut.count)).map {
        try heldOut[$0]
      }
      for (row, logProbs) in zip(part, try scorer.logProbs(part.map(\.tokens))) {
        for (isTarget, logProb) in zip(row.isTarget.dropFirst(), logProbs) where isTarget {
          sum -= Double(logProb)
          count += 1
        }
      }
    }
    return sum / Double(max(1, count))
  }

  func restore(_ state: TrainerState) {
    stepsDone = state.globalStep
    tokensSeen = state.tokens
    sampler = EpochSampler(
      rows.mixture, seed: UInt64(configuration.run.seed), cursor: state.cursor)
  }
}
