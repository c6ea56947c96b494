import MPOBackend
import MPOModel

/// AdamW over one flat parameter array. The gradient's norm stays on the device between its
/// reduction and the update.
public final class Optimizer {
  public let settings: OptimizerSettings
  /// Optimizer steps of the whole run, for the schedule.
  public let totalSteps: Int
  public let firstMoment: ParameterSet
  public let secondMoment: ParameterSet
  /// Optimizer steps taken.
  public var step = 0
  private let backend: any ComputeBackend

  public init(
    _ layout: ParameterLayout, settings: OptimizerSettings, totalSteps: Int,
    on backend: any ComputeBackend
  ) throws {
    self.settings = settings
    self.totalSteps = totalSteps
    self.backend = backend
    firstMoment = try .zeros(layout, on: backend)
    secondMoment = try .zeros(layout, on: backend)
  }

  /// Updates `weights` in place from `gradients`. Weight decay applies to matrices, not to norms.
  /// - Returns: the gradient's norm before clipping, (1) on the device, and the rate used.
  public func update(_ weights: ParameterSet, _ gradients: ParameterSet) throws
    -> (norm: Tensor, rate: Double)
  {
    let norm = try backend.empty([1])
    try backend.norm(gradients.flat, into: norm)
    let rate = settings.learningRate(step: step, total: totalSteps)
    step += 1
    let matrices = weights.layout.matrixCount
    for (range, decay) in [
      (0..<matrices, settings.weightDecay), (matrices..<weights.layout.count, 0),
    ] {
      try backend.adamW(
        parameters: weights.flat.elements(range), gradients: gradients.flat.elements(range),
        firstMoment: firstMoment.flat.elements(range),
        secondMoment: secondMoment.flat.elements(range), gradNorm: norm,
        settings: AdamWSettings(
          learningRate: Float(rate), beta1: Float(settings.beta1), beta2: Float(settings.beta2),
          epsilon: Float(settings.epsilon), weightDecay: Float(decay), step: step,
          maxGradNorm: Float(settings.maxGradNorm)))
    }
    return (norm, rate)
  }
}
