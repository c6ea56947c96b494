import Foundation

/// How the learning rate moves after its warm-up.
public enum LearningRateSchedule: String, Sendable, CaseIterable {
  /// Stays.
  case constant
  /// Falls to 0 at the last step, in a straight line.
  case linear
  /// Falls to 0 at the last step, along half a cosine.
  case cosine
}

/// AdamW and its learning rate.
public struct OptimizerSettings: Sendable, Equatable {
  /// Peak learning rate.
  public var learningRate = 1e-5
  public var schedule = LearningRateSchedule.constant
  /// Steps of linear warm-up; below 1, the share of all steps.
  public var warmupSteps = 0.0
  /// Decoupled, lr * decay * weight.
  public var weightDecay = 0.0
  public var beta1 = 0.9
  /// As in TRL. On a cyclic game 0.95 left a wider spread of gaps (bench/NOTES.md).
  public var beta2 = 0.999
  public var epsilon = 1e-8
  /// The gradient is scaled down to this L2 norm; 0 is off.
  public var maxGradNorm = 1.0
  /// Rate of all weights but the embedding, as a share of the learning rate. A row of the embedding
  /// is moved by its own context only; an adaptive step of the same size on weights that all
  /// contexts share moves every policy at once.
  public var sharedRateScale = 1.0
  public init() {}

  /// The rate of optimizer step `step` (from 0) of `total`:
  /// `peak * min(1, (step + 1) / warmup) * decay(progress)`, the decay being 1 through the warm-up
  /// and `progress = (step - warmup) / (total - warmup)` after it. Past the end a decaying schedule
  /// stays 0.
  public func learningRate(step: Int, total: Int) -> Double {
    let warmup = warmupSteps < 1 ? (warmupSteps * Double(total)).rounded() : warmupSteps
    let position = Double(step)
    if position < warmup { return learningRate * min(1, (position + 1) / warmup) }
    let progress = min(1, (position - warmup) / max(1, Double(total) - warmup))
    switch schedule {
    case .constant: return learningRate
    case .linear: return learningRate * (1 - progress)
    case .cosine: return learningRate * 0.5 * (1 + cos(Double.pi * progress))
    }
  }

  static var options: [SettingOption<Self>] {
    [
      .double("learning_rate", \.learningRate, above: 0, "Peak learning rate of AdamW."),
      .choice("lr_scheduler_type", \.schedule, "What follows the warm-up."),
      .double(
        "warmup_steps", \.warmupSteps, aliases: ["warmup_ratio"], atLeast: 0,
        "Optimizer steps of linear warm-up; a number below 1 is the share of all steps."),
      .double("weight_decay", \.weightDecay, atLeast: 0, "Decoupled weight decay."),
      .double("adam_beta1", \.beta1, atLeast: 0, below: 1, "Decay of the first moment."),
      .double("adam_beta2", \.beta2, atLeast: 0, below: 1, "Decay of the second moment."),
      .double("adam_epsilon", \.epsilon, above: 0, "Added to the root of the second moment."),
      .double(
        "max_grad_norm", \.maxGradNorm, atLeast: 0, "L2 norm to clip the gradient to; 0 is off."),
    ]
  }
}
