import MPOBackend
import MPOModel

/// Constants of AdamW (Loshchilov and Hutter, 2019) and of global-norm clipping.
public struct AdamWParameters: Sendable, Equatable {
  public var beta1: Float
  public var beta2: Float
  public var epsilon: Float
  /// Decoupled; applies to matrices, not to norms.
  public var weightDecay: Float
  /// 0 does not clip.
  public var maxGradNorm: Float
  public init(
    beta1: Float = 0.9, beta2: Float = 0.95, epsilon: Float = 1e-8, weightDecay: Float = 0,
    maxGradNorm: Float = 1
  ) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.maxGradNorm = maxGradNorm
  }
}

/// AdamW over one flat parameter array. The gradient's norm stays on the device between its
/// reduction and the update.
public final class Optimizer {
  public let parameters: AdamWParameters
  public let schedule: LearningRateSchedule
  public let firstMoment: ParameterSet
  public let secondMoment: ParameterSet
  /// Optimizer steps taken.
  public var step = 0
  private let backend: any ComputeBackend

  public init(
    _ layout: ParameterLayout, parameters: AdamWParameters, schedule: LearningRateSchedule,
    on backend: any ComputeBackend
  ) throws {
    self.parameters = parameters
    self.schedule = schedule
    self.backend = backend
    firstMoment = try .zeros(layout, on: backend)
    secondMoment = try .zeros(layout, on: backend)
  }

  /// Updates `weights` in place from `gradients`.
  /// - Returns: the gradient's norm before clipping, (1) on the device, and the rate used.
  public func update(_ weights: ParameterSet, _ gradients: ParameterSet) throws
    -> (norm: Tensor, rate: Float)
  {
    let norm = try backend.empty([1])
    try backend.norm(gradients.flat, into: norm)
    let rate = schedule.rate(at: step)
    step += 1
    let matrices = weights.layout.matrixCount
    for (range, decay) in [
      (0..<matrices, parameters.weightDecay), (matrices..<weights.layout.count, 0),
    ] {
      try backend.adamW(
        parameters: weights.flat.elements(range), gradients: gradients.flat.elements(range),
        firstMoment: firstMoment.flat.elements(range),
        secondMoment: secondMoment.flat.elements(range), gradNorm: norm,
        settings: AdamWSettings(
          learningRate: rate, beta1: parameters.beta1, beta2: parameters.beta2,
          epsilon: parameters.epsilon, weightDecay: decay, step: step,
          maxGradNorm: parameters.maxGradNorm))
    }
    return (norm, rate)
  }
}
