/// Faults of a training run.
public enum TrainingError: Error, Equatable, CustomStringConvertible {
  /// A loss or gradient norm that is NaN or infinite.
  case nonFinite(rollout: Int, innerStep: Int, loss: Double, gradNorm: Double)
  /// Every response of a rollout was empty.
  case emptyRollout

  public var description: String {
    switch self {
    case .nonFinite(let rollout, let inner, let loss, let norm):
      return
        "step \(rollout + 1), inner step \(inner + 1): loss \(loss), gradient norm \(norm), "
        + "expected finite numbers; lower learning_rate or eta and resume from the last checkpoint"
    case .emptyRollout:
      return "the rollout holds no response tokens; raise max_new_tokens"
    }
  }
}
