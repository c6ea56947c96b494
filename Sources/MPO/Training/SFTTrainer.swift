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
  public private(set) var step = 0
  private var tokensSeen = 0
  private let rows: [[Int32]]
  private let heldOut: [[Int32]]
  private var sampler: EpochSampler

  /// Loads or makes the model and cuts the data into rows.
  public init(_ configuration: SFTConfiguration, on backend: any ComputeBackend) throws {
    self.configuration = configuration
    let texts = try TextDataset.read(configuration.dataset)
    let heldOutTexts =
      configuration.evalDataset.isEmpty ? [] : try TextDataset.read(configuration.evalDataset)
    model = try Self.model(configuration, on: backend)
    guard configuration.maxLength <= model.decoder.shape.maxPositions + 1 else {
      throw ConfigurationError.conflict(
        "max_length is \(configuration.maxLength), but the model's positions end at "
          + "\(model.decoder.shape.maxPositions)")
    }
    rows = Self.rows(texts, model, configuration)
    heldOut = Self.rows(heldOutTexts, model, configuration)
    guard !rows.isEmpty else {
      throw DataError.empty(path: configuration.dataset, "holds no row of two tokens or more")
    }
    sampler = EpochSampler(count: rows.count, seed: UInt64(configuration.run.seed))
    totalSteps = configuration.run.totalSteps(
      examples: rows.count, batch: configuration.batchSize)
    learner = try CrossEntropyLearner(
      model.decoder, policy: model.parameters,
      optimizer: Optimizer(
        model.parameters.layout, settings: configuration.optimizer, totalSteps: totalSteps,
        on: backend),
      gradientCheckpointing: configuration.run.gradientCheckpointing)
  }

  private static func model(
    _ c: SFTConfiguration, on backend: any ComputeBackend
  ) throws -> LanguageModel {
    guard let shape = c.shape else {
      return try LanguageModel.load(c.model, tokenizer: c.tokenizer, on: backend)
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
      configuration, tokenizer: c.tokenizer, seed: UInt64(c.run.seed), on: backend)
  }

  /// Texts as ids, each with its end of sequence: joined and cut into rows of `max_length`, or each
  /// in rows of its own.
  private static func rows(
    _ texts: [String], _ model: LanguageModel, _ c: SFTConfiguration
  ) -> [[Int32]] {
    let end = model.generation.stopIDs.first.map { [$0] } ?? []
    let ids = texts.map { model.tokenizer.encode($0) + end }
    let streams = c.packing ? [Array(ids.joined())] : ids
    return streams.flatMap { stream in
      stride(from: 0, to: stream.count, by: c.maxLength).map {
        Array(stream[$0..<min($0 + c.maxLength, stream.count)])
      }
    }.filter { $0.count > 1 }
  }

  /// One optimizer step.
  public func trainStep() throws -> CrossEntropyMetrics {
    let batch = sampler.next(configuration.batchSize).map { rows[$0] }
    let parts = configuration.run.gradientAccumulationSteps
    let size = (batch.count + parts - 1) / parts
    let metrics = try learner.step(
      stride(from: 0, to: batch.count, by: size).map {
        Array(batch[$0..<min($0 + size, batch.count)])
      })
    step += 1
    tokensSeen += metrics.tokens
    return metrics
  }

  /// Mean negative log-likelihood in nats per token of the held-out rows; nil without any.
  public func heldOutLoss() throws -> Double? {
    guard !heldOut.isEmpty else { return nil }
    let scorer = Scorer(model.decoder, learner.policy)
    var sum = 0.0
    var count = 0
    for start in stride(from: 0, to: heldOut.count, by: configuration.batchSize) {
      let part = Array(heldOut[start..<min(start + configuration.batchSize, heldOut.count)])
      for logProbs in try scorer.logProbs(part) {
        sum -= logProbs.reduce(0.0) { $0 + Double($1) }
        count += logProbs.count
      }
    }
    return sum / Double(max(1, count))
  }
}

/// Figures of one step of `sft`.
public struct SFTReport: Sendable {
  public var metrics: CrossEntropyMetrics
  public var seconds: Double
  /// On the held-out rows, at the steps where they were scored.
  public var evalLoss: Double?
}

extension SFTTrainer: TrainableRun {
  /// Trains to the end; see `MPOTrainer.run`.
  public func run(
    print: (String) -> Void, stopRequested: @escaping () -> Bool = { StopSignal.requested }
  ) throws -> TrainingOutcome {
    let settings = configuration.run
    let lock = try RunLock(settings.outputDirectory)
    defer { withExtendedLifetime(lock) {} }
    let store = CheckpointStore(settings.outputDirectory, totalLimit: settings.saveTotalLimit)
    let resumed = try store.prepare(
      resume: settings.resume, overwrite: settings.overwriteOutputDirectory)
    for line in configuration.resolvedLines() { print(line) }
    print(memoryLine)
    if let resumed {
      let state = try TrainerState.read(from: resumed)
      try state.requireSeed(settings.seed, folder: resumed)
      try tensors.read(from: resumed, on: model.decoder.backend)
      learner.optimizer.step = state.optimizerStep
      step = state.globalStep
      tokensSeen = state.tokens
      sampler = EpochSampler(
        count: rows.count, seed: UInt64(settings.seed), cursor: state.cursor)
      try store.removeNewer(than: step)
      print("resumed from \(resumed.lastPathComponent)")
      for line in configuration.changes(since: state) { print(line) }
    }
    let log = try MetricsLog(
      path: settings.outputDirectory + "/metrics.jsonl",
      resumedStep: resumed == nil ? nil : step)
    let loop = RunLoop(
      settings: settings, store: store, log: log,
      progress: ProgressReporter(total: totalSteps, first: step),
      stopRequested: stopRequested)
    return try loop.run(self)
  }

  private var tensors: TrainingTensors {
    TrainingTensors(policy: learner.policy, magnet: nil, optimizer: learner.optimizer)
  }

  private var memoryLine: String {
    let rows = configuration.batchSize / configuration.run.gradientAccumulationSteps
    let tokens = max(1, rows) * configuration.maxLength
    return MemoryEstimate(
      model.decoder.shape, copies: 4, tokens: tokens, lossTokens: tokens, logitArrays: 1,
      checkpointing: configuration.run.gradientCheckpointing
    ).line
  }

  var stepsDone: Int { step }
  var stepsInAll: Int { totalSteps }

  func advance() throws -> SFTReport {
    var clock = PhaseClock()
    let metrics = try trainStep()
    clock.mark("timing/train")
    let every = configuration.evalSteps
    let due = step == totalSteps || (every > 0 && step % every == 0)
    return SFTReport(
      metrics: metrics, seconds: clock.total, evalLoss: due ? try heldOutLoss() : nil)
  }

  func values(_ report: SFTReport) -> [(name: String, value: MetricValue)] {
    let m = report.metrics
    var values: [(name: String, value: Double)] = [
      ("loss", m.loss), ("grad_norm", m.gradNorm), ("learning_rate", m.learningRate),
      ("epoch", sampler.epochs), ("num_tokens", Double(tokensSeen)),
      ("step_time", report.seconds),
      ("tokens_per_second", Double(m.tokens) / max(report.seconds, 1e-9)),
      ("peak_memory", Double(model.decoder.backend.memory.peak) / 1_048_576),
    ]
    if let loss = report.evalLoss { values.append(("eval_loss", loss)) }
    return values.map { ($0.name, .number($0.value)) }
  }

  func columns(_ report: SFTReport) -> [(name: String, value: Double)] {
    let m = report.metrics
    var columns: [(name: String, value: Double)] = [
      ("loss", m.loss), ("grad_norm", m.gradNorm), ("lr", m.learningRate),
      ("tok/s", Double(m.tokens) / max(report.seconds, 1e-9)),
    ]
    if let loss = report.evalLoss { columns.append(("eval_loss", loss)) }
    return columns
  }

  func writeCheckpoint(to folder: URL) throws {
    let tokens = Array((rows.first ?? [0]).prefix(model.decoder.shape.maxPositions))
    try TrainingError.checkFinite(learner.policy, model.decoder, tokens: tokens, step: step)
    var state = TrainerState()
    state.globalStep = step
    state.optimizerStep = learner.optimizer.step
    state.epoch = sampler.epochs
    state.cursor = sampler.cursor
    state.seed = UInt64(configuration.run.seed)
    state.tokens = tokensSeen
    state.settings = Dictionary(
      configuration.resolvedSettings().map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    try tensors.write(state, model: model, to: folder)
  }

  func writeModel() throws {
    try model.save(
      learner.policy, to: configuration.run.outputDirectory,
      dtype: configuration.run.savedType.fileType(stored: model.storedType))
  }
}
