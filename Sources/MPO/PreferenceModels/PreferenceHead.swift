import Foundation

/// How preferences follow from the scores that a model gives texts. Every kind is antisymmetric by
/// construction: `logit(a, b) = -logit(b, a)`, `P(a > b) = sigmoid(logit)`.
public enum PreferenceHead: Sendable, Equatable {
  /// One score r of prompt and response: `P = sigmoid(r_i - r_j)` (Bradley and Terry, 1952). Transitive.
  case bradleyTerry
  /// An embedding v of 2k numbers of prompt and response (Zhang et al., 2024, arXiv 2410.02197):
  /// `P = sigmoid(<R v_i, v_j> / tau)`, R block-diagonal of k rotations [[0, -1], [1, 0]]. Expresses
  /// cycles; one forward pass per response.
  case general(GeneralPreference)
  /// One score f of prompt and both responses in one text: the two orders are averaged,
  /// `P = sigmoid((f(x, i, j) - f(x, j, i)) / 2)`. Expresses cycles; two forward passes per pair.
  case pairwise

  /// n: numbers that the model makes of one text.
  public var outputs: Int {
    if case .general(let settings) = self { return settings.dimension }
    return 1
  }

  /// Whether one text holds both responses. Then a pair's first text has them in the pair's order and
  /// the second in reverse; otherwise the first text has the first response and the second the second.
  public var readsPairs: Bool { self == .pairwise }

  /// The logit of "first over second" from what the model makes of a pair's two texts, (n) each.
  public func logit(_ a: [Double], _ b: [Double]) -> Double {
    switch self {
    case .bradleyTerry: return a[0] - b[0]
    case .pairwise: return (a[0] - b[0]) / 2
    case .general(let settings): return settings.logit(a, b)
    }
  }

  /// `d logit / d a` and `d logit / d b`, (n) each.
  public func gradient(_ a: [Double], _ b: [Double]) -> (a: [Double], b: [Double]) {
    switch self {
    case .bradleyTerry: return ([1], [-1])
    case .pairwise: return ([0.5], [-0.5])
    case .general(let settings): return settings.gradient(a, b)
    }
  }
}

/// Settings and formulas of a general preference model.
public struct GeneralPreference: Sendable, Equatable {
  /// 2k, an even number. With 2 every cycle of three fits on a circle; more dimensions hold several
  /// criteria.
  public var dimension = 2
  /// tau > 0: a logit is at most 1/tau where embeddings are normalised.
  public var temperature = 0.1
  /// Embeddings are divided by their length, as in the paper; a zero embedding stays zero.
  public var isNormalized = true
  public init() {}

  func logit(_ a: [Double], _ b: [Double]) -> Double {
    let (u, w) = (unit(a).values, unit(b).values)
    var sum = 0.0
    for l in stride(from: 0, to: dimension, by: 2) { sum += u[l] * w[l + 1] - u[l + 1] * w[l] }
    return sum / temperature
  }

  func gradient(_ a: [Double], _ b: [Double]) -> (a: [Double], b: [Double]) {
    let (u, w) = (unit(a), unit(b))
    var (du, dw) = (u.values, w.values)
    for l in stride(from: 0, to: dimension, by: 2) {
      (du[l], du[l + 1]) = (w.values[l + 1] / temperature, -w.values[l] / temperature)
      (dw[l], dw[l + 1]) = (-u.values[l + 1] / temperature, u.values[l] / temperature)
    }
    return (throughLength(du, u), throughLength(dw, w))
  }

  private func unit(_ v: [Double]) -> (values: [Double], length: Double) {
    guard isNormalized else { return (v, 1) }
    let length = v.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return length > 0 ? (v.map { $0 / length }, length) : (v, 1)
  }

  /// The adjoint of `unit`: `(g - u <u, g>) / |v|`.
  private func throughLength(
    _ g: [Double], _ unit: (values: [Double], length: Double)
  ) -> [Double] {
    guard isNormalized else { return g }
    let along = zip(unit.values, g).reduce(0) { $0 + $1.0 * $1.1 }
    return zip(unit.values, g).map { ($1 - $0 * along) / unit.length }
  }
}

/// What a preference model learns from a pair.
public enum PreferenceLoss {
  /// Cross-entropy of a soft label, `-p log sigmoid(s) - (1 - p) log sigmoid(-s) = softplus(s) - p s`,
  /// and its derivative `sigmoid(s) - p`. p in [0, 1] is P(first > second): 1/2 for a tie.
  public static func crossEntropy(logit s: Double, label p: Double) -> (
    loss: Double, derivative: Double
  ) {
    (softplus(s) - p * s, bradleyTerry(s) - p)
  }

  /// `coefficient * (r_i + r_j)^2`, which keeps the scores of a Bradley-Terry model around 0 (Eisenstein
  /// et al., 2023, arXiv 2312.09244; TRL's `center_rewards_coefficient`), and its derivative by each.
  public static func centering(_ a: Double, _ b: Double, coefficient: Double) -> (
    loss: Double, derivative: Double
  ) {
    (coefficient * (a + b) * (a + b), 2 * coefficient * (a + b))
  }
}
