import Foundation

/// Logits of preference between K responses to one prompt, `values[i * K + j]` for i over j:
/// antisymmetric to the last bit, 0 on the diagonal.
public struct PreferenceLogits: Sendable, Equatable {
  /// K
  public let responses: Int
  /// (K, K)
  public let values: [Double]

  /// `logit(i, j)` is asked for i < j only.
  public init(responses k: Int, _ logit: (Int, Int) throws -> Double) rethrows {
    var values = [Double](repeating: 0, count: k * k)
    for i in 0..<k {
      for j in (i + 1)..<max(k, i + 1) {
        let value = try logit(i, j)
        (values[i * k + j], values[j * k + i]) = (value, -value)
      }
    }
    responses = k
    self.values = values
  }

  public subscript(i: Int, j: Int) -> Double { values[i * responses + j] }

  /// P(i > j), (K, K), with `P[i, j] + P[j, i] = 1` exactly: the larger of the two is rounded to Float,
  /// and 1 minus it has no rounding.
  public var probabilities: [Float] {
    values.map { logit in
      let larger = Float(bradleyTerry(abs(logit)))
      return logit >= 0 ? larger : 1 - larger
    }
  }

  /// Triples of responses that run in a circle, i over j over k over i, and all triples. A triple with a
  /// tie is no cycle.
  public var cyclicTriples: (cyclic: Int, all: Int) {
    var (cyclic, all) = (0, 0)
    let k = responses
    for i in 0..<k {
      for j in (i + 1)..<max(k, i + 1) {
        for l in (j + 1)..<max(k, j + 1) {
          all += 1
          let (a, b, c) = (self[i, j], self[j, l], self[l, i])
          if (a > 0 && b > 0 && c > 0) || (a < 0 && b < 0 && c < 0) { cyclic += 1 }
        }
      }
    }
    return (cyclic, all)
  }
}
