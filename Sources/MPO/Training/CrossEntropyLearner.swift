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
    let kept = microBatches.map { $0.filter { $0.count > 1 } }.filter { !$0.isEmpty }
    let targets = kept.joined().reduce(0) { $0 + $1.count - 1 }
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

  private func backpropagate(_ rows: [[Int32]], number: Int, weight: Float) throws -> Tensor {
    let batch = try PackedBatch(
      rows.map { Array($0.dropLast()) }, shape: decoder.shape, on: backend)
    let targets = try backend.indices(rows.flatMap { $0.dropFirst() })
    let weights = try backend.tensor([Float](repeating: weight, count: batch.tokens))
    let tape = Tape(backend, recording: true)
    let hidden = try decoder.hidden(
      batch, TrainableParameters(values: policy, gradients: gradients, dropout: dropout(number)),
      tape: tape, checkpointing: checkpointing)
    let dHidden = try backend.empty(hidden.value.shape)
    let nll = try backend.crossEntropy(
      decoder.projected(hidden.value, policy), targets: targets, weights: weights,
      transform: LogitTransform(softcap: decoder.logitSoftcap),
      gradients: ProjectionGradients(
        dHidden: dHidden, dWeight: gradients.projectionGradient()))
    try tape.backward(from: hidden, gradient: dHidden)
    return nll
  }
}
