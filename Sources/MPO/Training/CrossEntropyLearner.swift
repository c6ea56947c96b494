import MPOBackend
import MPOModel

/// Figures of one cross-entropy step.
public struct CrossEntropyMetrics: Sendable, Equatable {
  /// Mean negative log-likelihood in nats per target token.
  public var loss = 0.0
  public var gradNorm = 0.0
  public var learningRate = 0.0
  public var tokens = 0
}

/// Next-token training on packed sequences (`magnetic sft`).
public final class CrossEntropyLearner {
  public let decoder: Decoder
  public let policy: ParameterSet
  public let optimizer: Optimizer
  private let gradients: ParameterSet
  private let checkpointing: Bool
  /// Of adapters' dropout.
  private let seed: UInt64
  private var backend: any ComputeBackend { decoder.backend }

  public init(
    _ decoder: Decoder, policy: ParameterSet, optimizer: Optimizer,
    gradientCheckpointing: Bool = false, seed: UInt64 = 0
  ) throws {
    self.decoder = decoder
    self.policy = policy
    self.optimizer = optimizer
    checkpointing = gradientCheckpointing
    self.seed = seed
    gradients = try .zeros(policy.layout, on: decoder.backend)
  }

  /// One optimizer step on the mean over all targets of all micro-batches (lists of sequences;
  /// those of fewer than two tokens have no target and are left out).
  public func step(_ microBatches: [[[Int32]]]) throws -> CrossEntropyMetrics {
    try step(microBatches.map { $0.map { SFTRow($0) } })
  }

  /// The same on the tokens that the rows' masks name. Rows without any are left out; tokens that
  /// are no target cost nothing at the output layer.
  public func step(_ microBatches: [[SFTRow]]) throws -> CrossEntropyMetrics {
    let kept = microBatches.map { $0.filter { $0.targets > 0 } }.filter { !$0.isEmpty }
    let targets = kept.joined().reduce(0) { $0 + $1.targets }
    guard targets > 0 else { throw TrainingError.emptyRollout }
    try backend.fill(gradients.flat, with: 0)
    var losses: [Tensor] = []
    for (number, rows) in kept.enumerated() {
      losses.append(try backpropagate(rows, number: number, weight: 1 / Float(targets)))
    }
    let (norm, rate) = try optimizer.update(policy, gradients)
    var metrics = CrossEntropyMetrics()
    metrics.tokens = targets
    metrics.learningRate = rate
    metrics.gradNorm = Double(try backend.floats(norm).first ?? .nan)
    for nll in losses {
      metrics.loss += try backend.floats(nll).reduce(0) { $0 + Double($1) } / Double(targets)
    }
    guard metrics.loss.isFinite, metrics.gradNorm.isFinite else {
      throw TrainingError.nonFinite(
        rollout: optimizer.step - 1, innerStep: 0, loss: metrics.loss, gradNorm: metrics.gradNorm)
    }
    return metrics
  }

  /// Adapters' dropout in micro-batch `number` of this step: no two draw the same numbers.
  private func dropout(_ number: Int) -> AdapterDropout? {
    guard let lora = policy.adapted?.lora, lora.dropout > 0 else { return nil }
    return AdapterDropout(
      rate: Float(lora.dropout), seed: seed, step: UInt64(optimizer.step) << 20 + UInt64(number))
  }

  /// N input tokens, M targets; the output layer sees the M rows that predict one.
  private func backpropagate(_ rows: [SFTRow], number: Int, weight: Float) throws -> Tensor {
    let batch = try PackedBatch(
      rows.map { Array($0.tokens.dropLast()) }, shape: decoder.shape, on: backend)
    var predictors: [Int] = []
    var targets: [Int32] = []
    for (row, start) in zip(rows, batch.starts) {
      for (i, token) in row.tokens.enumerated().dropFirst() where row.isTarget[i] {
        predictors.append(start + i - 1)
        targets.append(token)
      }
    }
    let targetIDs = try backend.indices(targets)
    let weights = try backend.tensor([Float](repeating: weight, count: targets.count))
    let tape = Tape(backend, recording: true)
    var hidden = try decoder.hidden(
      batch, TrainableParameters(values: policy, gradients: gradients, dropout: dropout(number)),
      tape: tape, checkpointing: checkpointing)
    if targets.count < batch.tokens {
      hidden = try tape.gatherRows(hidden, rows: backend.indices(predictors))
    }
    let dHidden = try backend.empty(hidden.value.shape)
    let nll = try backend.crossEntropy(
      decoder.projected(hidden.value, policy), targets: targetIDs, weights: weights,
      transform: LogitTransform(softcap: decoder.logitSoftcap),
      gradients: ProjectionGradients(
        dHidden: dHidden, dWeight: gradients.projectionGradient()))
    try tape.backward(from: hidden, gradient: dHidden)
    return nll
  }
}
