import Foundation

/// Frequencies of a rotary embedding: base theta, and how they are changed for long texts. Formulas
/// and rounding to float32 are those of transformers' `modeling_rope_utils.py`; models were trained
/// with them.
public struct RotaryScheme: Sendable, Equatable {
  public enum Scaling: Sendable, Equatable {
    /// Frequency i is theta^(-2 i / D).
    case none
    /// Divided by `factor`.
    case linear(factor: Double)
    /// NTK-aware; changes nothing below `max_position_embeddings`, and longer sequences are refused.
    case dynamic(factor: Double)
    case llama3(Llama3Scaling)
    case yarn(YarnScaling)
  }

  /// Base of the frequencies; above 0.
  public var theta: Double
  public var scaling: Scaling

  public init(theta: Double, scaling: Scaling = .none) {
    self.theta = theta
    self.scaling = scaling
  }

  /// Multiplies cosines and sines.
  public var attentionFactor: Double {
    if case .yarn(let yarn) = scaling { return yarn.attentionFactor }
    return 1
  }

  /// The D/2 frequencies in radians per position.
  public func frequencies(headWidth: Int) -> [Float] {
    let plain = (0..<headWidth / 2).map {
      1 / Float(pow(theta, Double(2 * $0) / Double(headWidth)))
    }
    switch scaling {
    case .none, .dynamic: return plain
    case .linear(let factor): return plain.map { $0 / Float(factor) }
    case .llama3(let settings): return plain.map(settings.scaled)
    case .yarn(let settings): return settings.scaled(plain, theta: theta, headWidth: headWidth)
    }
  }
}

/// Llama 3.1: long wavelengths are stretched by `factor`, short ones kept, those between blended.
public struct Llama3Scaling: Sendable, Equatable {
  public var factor: Double
  public var lowFrequencyFactor: Double
  /// Above `lowFrequencyFactor`.
  public var highFrequencyFactor: Double
  public var originalPositions: Int

  func scaled(_ frequency: Float) -> Float {
    let wavelength = 2 * Float.pi / frequency
    let original = Float(originalPositions)
    let (low, high) = (Float(lowFrequencyFactor), Float(highFrequencyFactor))
    if wavelength < original / high { return frequency }
    if wavelength > original / low { return frequency / Float(factor) }
    let smooth = (original / wavelength - low) / (high - low)
    return (1 - smooth) * frequency / Float(factor) + smooth * frequency
  }
}

/// YaRN (Peng et al., 2023, arXiv 2309.00071): a ramp over the dimensions between interpolated and
/// unchanged frequencies.
public struct YarnScaling: Sendable, Equatable {
  public var factor: Double
  public var originalPositions: Int
  /// Rotations over the original context from which on a dimension is left as it is.
  public var betaFast: Double = 32
  /// And below which it is interpolated fully.
  public var betaSlow: Double = 1
  /// Round the ramp's ends outwards.
  public var truncates = true
  public var attentionFactor: Double

  /// `0.1 m log(s) + 1` for s above 1 (the paper's temperature).
  static func magnitude(_ scale: Double, _ m: Double = 1) -> Double {
    scale <= 1 ? 1 : 0.1 * m * log(scale) + 1
  }

  func scaled(_ plain: [Float], theta: Double, headWidth: Int) -> [Float] {
    func dimension(_ rotations: Double) -> Double {
      Double(headWidth) * log(Double(originalPositions) / (rotations * 2 * .pi)) / (2 * log(theta))
    }
    var (low, high) = (dimension(betaFast), dimension(betaSlow))
    if truncates { (low, high) = (low.rounded(.down), high.rounded(.up)) }
    (low, high) = (max(low, 0), min(high, Double(headWidth - 1)))
    if low == high { high += 0.001 }
    return plain.enumerated().map { i, frequency in
      let ramp = Float(min(1, max(0, (Double(i) - low) / (high - low))))
      return frequency / Float(factor) * ramp + frequency * (1 - ramp)
    }
  }
}
