import Foundation
import MPOBackend
import TestSupport
import Testing

/// The one table of tolerances: norm-wise relative error ||a - b|| / ||b|| against a float64
/// reference on the same float32 inputs.
///
/// Derivation, with u = 2^-24 = 6e-8. One rounding each way gives u; a sum of K terms in blocks
/// about sqrt(K) u / 4 relative to the sum of magnitudes, which for random signs is sqrt(K) times
/// the result, so products of K <= 300 normals are near 2e-7; exp, tanh (<= 2 ulp here, <= 4 in
/// OpenCL) add 2u to 4u, and log-sum-exp turns an absolute error of u * |z| (|z| <= 16) into a
/// relative one of 1e-6. Each entry is the sum of those that its formula meets, doubled. OpenCL
/// entries allow its looser division (2.5 ulp), sqrt (3 ulp) and exp (3 ulp).
enum Tolerance {
  static let table: [String: (cpu: Double, openCL: Double)] = [
    "copy": (0, 0),
    "add": (1e-7, 1e-7),
    "interpolate": (2e-7, 2e-7),
    "matmul": (1e-6, 1e-6),
    // K <= 2100, summed one after the other: sqrt(1100) u / 4 is 5e-7, doubled; in parts beyond.
    "matmulDeep": (1e-6, 1e-6),
    "embedding": (0, 0),
    "embeddingScaled": (2e-7, 2e-7),
    "embeddingBackward": (3e-7, 3e-7),
    "scatterRows": (1e-7, 1e-7),
    "rmsNorm": (5e-7, 1e-6),
    "rmsNormBackward": (1e-6, 2e-6),
    "rotary": (3e-7, 3e-7),
    // The mean's rounding, u |mean| <= u here, and those of a norm.
    "layerNorm": (1e-6, 1e-6),
    "layerNormBackward": (2e-6, 2e-6),
    // sqrt(N) u / 4 relative to the terms' size, in double on the CPU.
    "sumRows": (3e-7, 3e-7),
    "softCap": (5e-7, 1e-6),
    "dropout": (1e-7, 1e-7),
    // gelu's erfc is within 1.2e-7 of itself, and its exponent's error u x^2 / 2 counts where
    // exp(-x^2 / 2) still does.
    "activation": (1e-6, 2e-6),
    "activationBackward": (1e-6, 2e-6),
    "attention": (1e-6, 2e-6),
    "attentionBackward": (3e-6, 5e-6),
    // Scores of +-300: an exponent's error u * |score| is a relative error of p.
    "attentionLarge": (2e-5, 4e-5),
    "softmax": (1e-6, 2e-6),
    "logProb": (1e-6, 2e-6),
    "crossEntropy": (1e-6, 2e-6),
    "loss": (2e-6, 4e-6),
    "lossGradient": (2e-6, 4e-6),
    // Divergences of 1e-4 and below: inputs are exact, so only the kernel's own rounding counts.
    "smallKL": (2e-6, 1e-5),
    "klToGo": (5e-7, 2e-6),
    // A step's error (u |log pi| and the value's own, here log pi in double and the value in
    // float: CPU; all in float: OpenCL) is carried on by 1 / (1 + eta alpha) a step, so it adds up to
    // (1 + eta alpha) / (eta alpha) <= 35 of them. In f64 three roundings of |log pi| <= 8, u =
    // 1.1e-16, over |log pi| of about 5 and with the same factor: 2e-14, doubled.
    "magneticUpdate": (1e-6, 1e-5),
    "magneticUpdate64": (4e-14, 4e-14),
    "norm": (1e-7, 5e-7),
    "adamW": (5e-7, 1e-6),
    // From hidden states, with rounding of the logits; the golden files' own bound.
    "golden": (1e-5, 1e-5),
  ]

  static func of(_ op: String, _ kind: NamedBackend.Kind) -> Double {
    guard let entry = table[op] else {
      Issue.record("no tolerance for \(op)")
      return 0
    }
    return kind == .cpu ? entry.cpu : entry.openCL
  }
}

extension Fixture {
  /// Norm-wise comparison of a tensor with float64 values; NaN must meet NaN and inf the same inf.
  func expect(
    _ got: Tensor, _ want: [Double], _ op: String, floor: Double = 1e-7, _ note: String = "",
    _ location: SourceLocation = #_sourceLocation
  ) throws {
    compare(
      try reals(got), want, Tolerance.of(op, kind), floor: floor,
      "\(op) \(note)", location)
  }
}

func compare(
  _ got: [Double], _ want: [Double], _ tolerance: Double, floor: Double = 1e-7, _ note: String,
  _ location: SourceLocation = #_sourceLocation
) {
  guard got.count == want.count else {
    Issue.record("\(note): \(got.count) values, expected \(want.count)", sourceLocation: location)
    return
  }
  var (error, size, worst, worstAt) = (0.0, 0.0, 0.0, 0)
  for i in want.indices {
    let (a, b) = (got[i], want[i])
    if !a.isFinite || !b.isFinite {
      guard a.isNaN == b.isNaN, a.isNaN || a == b else {
        Issue.record("\(note): [\(i)] is \(a), expected \(b)", sourceLocation: location)
        return
      }
      continue
    }
    error += (a - b) * (a - b)
    size += b * b
    if abs(a - b) > worst { (worst, worstAt) = (abs(a - b), i) }
  }
  let relative = error.squareRoot() / max(size.squareRoot(), floor)
  #expect(
    relative <= tolerance,
    """
    \(note): relative error \(relative) above \(tolerance); worst at \(worstAt): \
    \(got.isEmpty ? 0 : got[worstAt]), expected \(want.isEmpty ? 0 : want[worstAt])
    """,
    sourceLocation: location)
}
