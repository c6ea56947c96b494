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
  /// The step before which the moments were last empty.
  private var momentsStart = 0
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

  /// L2 norm of a gradient before any clipping, (1) on the device.
  public func norm(of gradients: ParameterSet) throws -> Tensor {
    let norm = try backend.empty([1])
    try backend.norm(gradients.flat, into: norm)
    return norm
  }

  /// Forgets both moments, as before the first step; the schedule goes on.
  public func restartMoments() throws {
    try backend.fill(firstMoment.flat, with: 0)
    try backend.fill(secondMoment.flat, with: 0)
    momentsStart = step
  }

  /// Updates `weights` in place from `gradients`. Weight decay applies to matrices, not to norms.
  /// - Returns: the gradient's norm before clipping, (1) on the device, and the rate used.
  public func update(_ weights: ParameterSet, _ gradients: ParameterSet) throws
    -> (norm: Tensor, rate: Double)
  {
    let norm = try norm(of: gradients)
    return (norm, try update(weights, gradients, norm: norm))
  }

  /// The same given the gradient's norm; the schedule's rate is multiplied by `scale`.
  /// - Returns: the rate used for the embedding; other weights take `sharedRateScale` of it.
  public func update(
    _ weights: ParameterSet, _ gradients: ParameterSet, norm: Tensor, scale: Double = 1
  ) throws -> Double {
    let rate = settings.learningRate(step: step, total: totalSteps) * scale
    step += 1
    for part in parts(weights.layout) where !part.range.isEmpty {
      try backend.adamW(
        parameters: weights.flat.elements(part.range),
        gradients: gradients.flat.elements(part.range),
        firstMoment: firstMoment.flat.elements(part.range),
        secondMoment: secondMoment.flat.elements(part.range), gradNorm: norm,
        settings: AdamWSettings(
          learningRate: Float(rate * part.scale), beta1: Float(settings.beta1),
          beta2: Float(settings.beta2), epsilon: Float(settings.epsilon),
          weightDecay: Float(part.decay), step: step - momentsStart,
          maxGradNorm: Float(settings.maxGradNorm)))
    }
    try weights.refreshProducts(on: backend)
    return rate
  }

  /// Ranges of the flat array that are updated alike.
  private func parts(
    _ layout: ParameterLayout
  ) -> [(range: Range<Int>, decay: Double, scale: Double)] {
    let (decay, shared) = (settings.weightDecay, settings.sharedRateScale)
    let norms = (layout.matrixCount..<layout.count, 0.0, shared)
    if shared == 1 { return [(0..<layout.matrixCount, decay, 1), norms] }
    return [
      (0..<layout.embeddingCount, decay, 1),
      (layout.embeddingCount..<layout.matrixCount, decay, shared), norms,
    ]
  }
}
