import Foundation
import MPOBackend
import MPOModel

/// Everything that a run keeps in memory from step to step: the policy, the reference that holds it
/// (the magnet), one array of gradients, the optimizer's moments, and the counters of both.
public final class PolicyStates {
  public let network: any PolicyNetwork
  public let policy: ParameterSet
  /// The magnet: of algorithms with a fixed reference, that one.
  public let magnet: ParameterSet
  public let optimizer: Optimizer
  /// Of the last inner step, before any clipping; drawing responses may overwrite them.
  public let gradients: ParameterSet
  /// Rollouts learned from, and magnet refreshes so far.
  public var rollouts = 0
  public var magnetUpdates = 0
  var backend: any ComputeBackend { network.backend }

  /// `policy` is trained in place; the magnet starts as a copy of it unless given: as a
  /// `ParameterSet.reference`, unless it shall move in steps (`magnetMixup` below 1).
  public init(
    _ network: any PolicyNetwork, policy: ParameterSet, magnet: ParameterSet? = nil,
    optimizer: Optimizer, magnetMixup: Float = 1
  ) throws {
    self.network = network
    self.policy = policy
    self.optimizer = optimizer
    self.magnet =
      try magnet
      ?? (magnetMixup == 1
        ? policy.reference(on: network.backend) : policy.copy(on: network.backend))
    gradients = try .zeros(policy.layout, on: network.backend)
  }

  /// `mu = theta`, or a step of size `mixup` towards it.
  func refreshMagnet(mixup: Float) throws {
    try magnet.move(towards: policy, by: mixup, on: backend)
    magnetUpdates += 1
  }

  /// Counts a rollout and moves the magnet when that is due.
  func finishRollout(_ settings: LearnerSettings) throws {
    rollouts += 1
    if settings.magnetSyncSteps > 0, rollouts % settings.magnetSyncSteps == 0 {
      try refreshMagnet(mixup: settings.magnetMixup)
    }
  }

  /// Hidden states (M, C) at the predicting positions under the magnet.
  func magnetHidden(_ batch: MicroBatch) throws -> Tensor { try hidden(batch, of: magnet) }

  /// The same under any weights, not recorded.
  func hidden(_ batch: MicroBatch, of parameters: ParameterSet) throws -> Tensor {
    let tape = Tape(backend, recording: false)
    let hidden = try network.hidden(
      batch.inputs, TrainableParameters(values: parameters), tape: tape, checkpointing: false)
    return try tape.gatherRows(hidden, rows: batch.predictors).value
  }

  /// The same under the policy, recorded for the backward pass.
  func policyHidden(_ batch: MicroBatch, _ tape: Tape, checkpointing: Bool) throws -> Variable {
    let hidden = try network.hidden(
      batch.inputs, TrainableParameters(values: policy, gradients: gradients), tape: tape,
      checkpointing: checkpointing)
    return try tape.gatherRows(hidden, rows: batch.predictors)
  }

  /// `log p(y_t)` of the M response tokens from their hidden states, in nats.
  func logProbs(
    _ hidden: Tensor, _ parameters: ParameterSet, _ batch: MicroBatch, transform: LogitTransform
  ) throws -> [Float] {
    let nll = try backend.crossEntropy(
      network.projected(hidden, parameters), targets: batch.targets, weights: batch.weights,
      transform: capped(transform), gradients: nil)
    return try backend.floats(nll).map { -$0 }
  }

  /// With the network's own soft cap.
  func capped(_ transform: LogitTransform) -> LogitTransform {
    var transform = transform
    transform.softcap = network.logitSoftcap
    return transform
  }
}

/// The learning half of an algorithm: takes a judged rollout, changes the policy.
public protocol PolicyLearner: AnyObject {
  var states: PolicyStates { get }
  var settings: LearnerSettings { get }
  /// `log(pi_k/mu)` of every whole response of the last rollout under the policy that drew it, in
  /// nats, in the order of its rows; 0 for an empty response.
  var responseLogRatios: [Double] { get }
  /// Optimizer steps on a rollout, then a refresh of the magnet when it is due.
  /// - Returns: the figures of every inner step.
  /// - Throws: `TrainingError.nonFinite` when a loss or gradient is not a number; the policy is
  ///   then not to be used.
  func learn(from rollout: Rollout) throws -> [InnerStepMetrics]
}

extension PolicyLearner {
  public var network: any PolicyNetwork { states.network }
  public var policy: ParameterSet { states.policy }
  public var magnet: ParameterSet { states.magnet }
  public var optimizer: Optimizer { states.optimizer }
  /// Rollouts learned from so far.
  public var rollouts: Int { states.rollouts }
  /// Magnet refreshes so far.
  public var magnetUpdates: Int { states.magnetUpdates }
  /// `mu = theta`, or a step towards it. `learn` does it after every `magnetSyncSteps` rollouts.
  public func refreshMagnet() throws { try states.refreshMagnet(mixup: settings.magnetMixup) }
}
