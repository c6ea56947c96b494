import MPOBackend
import MPOModel

/// Figures of one step on pairs, measured before its update. Names in the log are TRL's.
public struct PreferenceMetrics: Sendable, Equatable {
  /// Mean over pairs: cross-entropy, and where it is on the centering term.
  public var loss = 0.0
  /// Share of pairs, ties apart, whose logit has the label's sign; a logit of 0 counts half.
  public var accuracy = 0.0
  /// Mean logit of chosen over rejected: the margin of rewards with Bradley-Terry.
  public var margin = 0.0
  /// Of a Bradley-Terry model, over both responses.
  public var rewards: (least: Double, mean: Double, most: Double)?
  public var gradNorm = 0.0
  public var learningRate = 0.0
  /// Tokens read.
  public var tokens = 0

  public static func == (a: Self, b: Self) -> Bool {
    a.loss == b.loss && a.accuracy == b.accuracy && a.margin == b.margin
      && a.gradNorm == b.gradNorm && a.learningRate == b.learningRate && a.tokens == b.tokens
      && a.rewards.map { [$0.least, $0.mean, $0.most] }
        == b.rewards.map { [$0.least, $0.mean, $0.most] }
  }
}

/// Training of a preference model: decoder and scoring head are one set of weights with one optimizer.
public final class PreferenceLearner {
  public let preferences: PreferenceModel
  public let optimizer: Optimizer
  /// Of Bradley-Terry scores; 0 is off.
  public let centering: Double
  private let gradients: ParameterSet
  private let checkpointing: Bool
  /// Of adapters' dropout.
  private let seed: UInt64
  public var policy: ParameterSet { preferences.model.parameters }
  private var backend: any ComputeBackend { preferences.model.decoder.backend }

  public init(
    _ preferences: PreferenceModel, optimizer: Optimizer, centering: Double = 0,
    gradientCheckpointing: Bool = false, seed: UInt64 = 0
  ) throws {
    self.preferences = preferences
    self.optimizer = optimizer
    self.centering = centering
    checkpointing = gradientCheckpointing
    self.seed = seed
    gradients = try .zeros(
      preferences.model.parameters.layout, on: preferences.model.decoder.backend)
  }

  /// One optimizer step on the mean over all pairs of all micro-batches.
  /// - Throws: `TrainingError.nonFinite`; the weights are then not to be used.
  public func step(_ microBatches: [[TokenizedPair]]) throws -> PreferenceMetrics {
    let pairs = microBatches.reduce(0) { $0 + $1.count }
    guard pairs > 0 else { throw PreferenceModelError.data("a step needs at least one pair") }
    try backend.fill(gradients.flat, with: 0)
    var sums = PairSums()
    for (number, batch) in microBatches.enumerated() where !batch.isEmpty {
      try backpropagate(batch, number: number, weight: 1 / Double(pairs), &sums)
    }
    let (norm, rate) = try optimizer.update(policy, gradients)
    var metrics = sums.metrics(pairs: pairs, hasRewards: preferences.head == .bradleyTerry)
    metrics.gradNorm = Double(try backend.floats(norm).first ?? .nan)
    metrics.learningRate = rate
    guard metrics.loss.isFinite, metrics.gradNorm.isFinite else {
      throw TrainingError.nonFinite(
        rollout: optimizer.step - 1, innerStep: 0, loss: metrics.loss, gradNorm: metrics.gradNorm)
    }
    return metrics
  }

  /// Loss and gradients of some pairs without an update, for tests: the mean loss.
  func measure(_ pairs: [TokenizedPair]) throws -> (loss: Double, gradients: ParameterSet) {
    try backend.fill(gradients.flat, with: 0)
    var sums = PairSums()
    try backpropagate(pairs, number: 0, weight: 1 / Double(pairs.count), &sums)
    return (sums.loss / Double(pairs.count), gradients)
  }

  /// 2B texts, n outputs each; the loss is computed on the host in double precision, from B logits.
  private func backpropagate(
    _ pairs: [TokenizedPair], number: Int, weight: Double, _ sums: inout PairSums
  ) throws {
    let head = preferences.head
    let n = head.outputs
    let sequences = pairs.flatMap(preferences.sequences)
    let tape = Tape(backend, recording: true)
    let scores = try preferences.model.decoder.scores(
      sequences, pad: preferences.model.configuration.padID,
      TrainableParameters(values: policy, gradients: gradients, dropout: dropout(number)),
      tape: tape, checkpointing: checkpointing)
    let values = try backend.floats(scores.value).map(Double.init)
    var derivative = [Float](repeating: 0, count: values.count)
    for (b, pair) in pairs.enumerated() {
      let first = 2 * b * n
      let a = Array(values[first..<(first + n)])
      let r = Array(values[(first + n)..<(first + 2 * n)])
      let logit = head.logit(a, r)
      let (loss, dLogit) = PreferenceLoss.crossEntropy(logit: logit, label: pair.preference)
      let gradient = head.gradient(a, r)
      var center = (loss: 0.0, derivative: 0.0)
      if centering > 0 {
        center = PreferenceLoss.centering(a[0], r[0], coefficient: centering)
      }
      for k in 0..<n {
        derivative[first + k] = Float(weight * (dLogit * gradient.a[k] + center.derivative))
        derivative[first + n + k] = Float(weight * (dLogit * gradient.b[k] + center.derivative))
      }
      sums.add(
        loss: loss + center.loss, logit: logit, label: pair.preference, outputs: (a[0], r[0]))
    }
    sums.tokens += sequences.reduce(0) { $0 + $1.count }
    try tape.backward(
      from: scores, gradient: backend.tensor(derivative, scores.value.shape))
  }

  private func dropout(_ number: Int) -> AdapterDropout? {
    guard let lora = policy.adapted?.lora, lora.dropout > 0 else { return nil }
    return AdapterDropout(
      rate: Float(lora.dropout), seed: seed, step: UInt64(optimizer.step) << 20 + UInt64(number))
  }
}

/// What is added up over the pairs of a step.
private struct PairSums {
  var loss = 0.0
  var margin = 0.0
  var correct = 0.0
  var decided = 0
  var tokens = 0
  var reward = 0.0
  var least = Double.infinity
  var most = -Double.infinity

  mutating func add(
    loss: Double, logit: Double, label: Double, outputs: (a: Double, b: Double)
  ) {
    self.loss += loss
    margin += logit
    if let right = isRight(logit: logit, label: label) {
      decided += 1
      correct += right
    }
    reward += outputs.a + outputs.b
    least = min(least, outputs.a, outputs.b)
    most = max(most, outputs.a, outputs.b)
  }

  func metrics(pairs: Int, hasRewards: Bool) -> PreferenceMetrics {
    var metrics = PreferenceMetrics()
    metrics.loss = loss / Double(pairs)
    metrics.margin = margin / Double(pairs)
    metrics.accuracy = decided > 0 ? correct / Double(decided) : 0.5
    metrics.tokens = tokens
    if hasRewards { metrics.rewards = (least, reward / Double(2 * pairs), most) }
    return metrics
  }
}

/// 1 where the logit has the label's sign, 0 where it has the other, 1/2 for a logit of 0; nil for a tie,
/// which nobody can be right about.
func isRight(logit: Double, label: Double) -> Double? {
  guard label != 0.5 else { return nil }
  if logit == 0 { return 0.5 }
  return (logit > 0) == (label > 0.5) ? 1 : 0
}
