import MPOBackend

/// How the proximal step of a rollout is solved. A rollout's loss is a problem of its own,
/// `min -E_q + alpha KL(pi || mu) + KL(pi || pi_k) / eta`; by default its inner steps go on with the
/// optimizer's moments and rate as they are. To solve it to a tolerance, let the rate fall within
/// the rollout: an adaptive optimizer of a constant rate ends in steps of the size of its rate.
public struct InnerSolve: Sendable, Equatable {
  /// Ends a rollout's inner steps, before the update, when the gradient's norm is at most this
  /// share of the norm at its first inner step; 0 takes them all. Range [0, 1).
  public var tolerance: Double
  /// Inner step i (from 0) uses the schedule's rate times `rateDecay^i`. Range (0, 1].
  public var rateDecay: Double
  /// Forget the optimizer's moments before each rollout.
  public var restartsMoments: Bool

  public init(tolerance: Double = 0, rateDecay: Double = 1, restartsMoments: Bool = false) {
    self.tolerance = tolerance
    self.rateDecay = rateDecay
    self.restartsMoments = restartsMoments
  }
}

/// What the inner steps need to know; `AlignmentConfiguration` says what each means to a user. A loss of
/// whole responses reads `loss.transform` only of the first three.
public struct LearnerSettings: Sendable, Equatable {
  public var loss: MagneticLossSettings
  public var reduction: LossReduction
  /// Optimizer steps on one rollout; the most of them when `innerSolve` has a tolerance.
  public var innerSteps: Int
  /// Micro-batches that a rollout is split into at least (`PolicyNetwork.microBatchTokens`).
  public var accumulationSteps: Int
  public var advantage: AdvantageEstimator
  public var gradientCheckpointing: Bool
  /// Rollouts between magnet refreshes; 0 never refreshes.
  public var magnetSyncSteps: Int
  /// 1 replaces the magnet; m < 1 moves it: `mu = (1 - m) mu + m theta`.
  public var magnetMixup: Float
  public var innerSolve: InnerSolve

  public init(
    loss: MagneticLossSettings, reduction: LossReduction = .token, innerSteps: Int = 4,
    accumulationSteps: Int = 1, advantage: AdvantageEstimator = .response,
    gradientCheckpointing: Bool = false,
    magnetSyncSteps: Int = 0, magnetMixup: Float = 1, innerSolve: InnerSolve = InnerSolve()
  ) {
    self.loss = loss
    self.reduction = reduction
    self.innerSteps = innerSteps
    self.accumulationSteps = accumulationSteps
    self.advantage = advantage
    self.gradientCheckpointing = gradientCheckpointing
    self.magnetSyncSteps = magnetSyncSteps
    self.magnetMixup = magnetMixup
    self.innerSolve = innerSolve
  }
}
