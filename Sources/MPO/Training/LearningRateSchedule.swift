import Foundation

/// Learning rate over optimizer steps: linear warm-up, then constant, linear or cosine decay to 0.
public struct LearningRateSchedule: Sendable, Equatable {
  public enum Decay: String, Sendable, Codable, CaseIterable { case constant, linear, cosine }

  public var peak: Float
  public var decay: Decay
  /// Optimizer steps of warm-up.
  public var warmupSteps: Int
  /// Optimizer steps in all; where linear and cosine reach 0.
  public var totalSteps: Int

  public init(peak: Float, decay: Decay = .constant, warmupSteps: Int = 0, totalSteps: Int = 0) {
    self.peak = peak
    self.decay = decay
    self.warmupSteps = warmupSteps
    self.totalSteps = totalSteps
  }

  /// Rate of optimizer step `step`, counted from 0. Warm-up: `peak * (step + 1) / (warmup + 1)`.
  public func rate(at step: Int) -> Float {
    if step < warmupSteps { return peak * Float(step + 1) / Float(warmupSteps + 1) }
    let span = max(1, totalSteps - warmupSteps)
    let done = min(1, Double(step - warmupSteps) / Double(span))
    switch decay {
    case .constant: return peak
    case .linear: return peak * Float(1 - done)
    case .cosine: return peak * Float(0.5 * (1 + cos(Double.pi * done)))
    }
  }
}
