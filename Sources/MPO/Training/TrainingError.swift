import MPOBackend
import MPOModel

/// Faults of a training run.
public enum TrainingError: Error, Equatable, CustomStringConvertible {
  /// A loss or gradient norm that is NaN or infinite.
  case nonFinite(rollout: Int, innerStep: Int, loss: Double, gradNorm: Double)
  /// An update left weights that are not finite, or whose logits are not.
  case nonFiniteWeights(step: Int)
  /// Every response of a rollout was empty.
  case emptyRollout

  public var description: String {
    switch self {
    case .nonFinite(let rollout, let inner, let loss, let norm):
      return
        "step \(rollout + 1), inner step \(inner + 1): loss \(loss), gradient norm \(norm), "
        + "expected finite numbers; lower learning_rate or eta and resume from the last checkpoint"
    case .nonFiniteWeights(let step):
      return
        "step \(step): its update left weights whose logits are not finite, so nothing is saved; lower "
        + "learning_rate or eta and resume from the last checkpoint"
    case .emptyRollout:
      return "the rollout holds no response tokens; raise max_new_tokens"
    }
  }

  /// Whether `weights` still compute: the logits after `tokens` are finite. The loss of a step is
  /// measured before its update, so what the last update did shows only here, and a checkpoint of
  /// ruined weights would replace a good one.
  /// - Throws: `nonFiniteWeights`.
  static func checkFinite(
    _ weights: ParameterSet, _ decoder: Decoder, tokens: [Int32], step: Int
  ) throws {
    let backend = decoder.backend
    let norm = try backend.empty([1])
    try backend.norm(weights.flat, into: norm)
    let tape = Tape(backend, recording: false)
    let parameters = TrainableParameters(values: weights)
    let logits: Tensor
    if decoder.shape.scoreOutputs > 0 {
      logits = try decoder.scores([tokens], pad: nil, parameters, tape: tape).value
    } else {
      let batch = try PackedBatch([tokens], shape: decoder.shape, on: backend)
      let hidden = try decoder.hidden(batch, parameters, tape: tape).value
      logits = try decoder.logits(hidden.rows(hidden.rows - 1..<hidden.rows), weights)
    }
    // A norm whose square overflows does so inside the model too, where RMSNorm hides it as zeros.
    let values = try backend.floats(norm).map { $0 * $0 } + backend.floats(logits)
    guard values.allSatisfy(\.isFinite) else {
      throw TrainingError.nonFiniteWeights(step: step)
    }
  }
}
