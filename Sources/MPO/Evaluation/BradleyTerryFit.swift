import Foundation

/// Ratings by Bradley and Terry (Elo's model): `P(a over b) = sigma(s_a - s_b)`, sum of s = 0, by maximum
/// likelihood on the win rates of all pairs, ties as half wins:
///
/// `max sum_{a<b} x_ab log sigma(s_a - s_b) + (1 - x_ab) log sigma(s_b - s_a)`,
/// `x_ab = (m P_ab + 1/2) / (m + 1)`.
///
/// The halves (Haldane and Anscombe's: one tie beside the m comparisons of a pair) keep ratings finite
/// where a policy wins everything; with m = 64 a pair is then 844 points apart, not more.
///
/// One number a policy cannot say that preferences run in circles: `maximumResidual` and
/// `cyclicTriples` (of `PolicyGame`) tell how much is lost.
public struct BradleyTerryFit: Sendable, Equatable {
  /// s, in natural logarithms of odds, (n).
  public let strengths: [Double]

  /// The rating of a policy as good as the average of them.
  public static let meanElo = 1000.0

  /// `1000 + 400 log10(e) s`: 400 points are odds of 10, and the mean of the policies is 1000.
  public var elo: [Double] { strengths.map { Self.meanElo + 400 / log(10) * $0 } }

  /// P(a over b) by the ratings.
  public func probability(_ a: Int, _ b: Int) -> Double {
    bradleyTerry(strengths[a] - strengths[b])
  }

  /// - Parameters:
  ///   - winRates: (n, n), P + P^T = 1; n is at least 1.
  ///   - comparisons: m, above 0, of each pair.
  ///   - near: the ratings of a similar game, where the search begins.
  public init(_ winRates: [[Double]], comparisons m: Double, near: BradleyTerryFit? = nil) {
    let n = winRates.count
    let share = winRates.map { $0.map { (m * $0 + 0.5) / (m + 1) } }
    if n == 2 {
      // One difference, the log odds.
      let half = log(share[0][1] / share[1][0]) / 2
      strengths = [half, -half]
      return
    }
    var s = near?.strengths ?? [Double](repeating: 0, count: n)
    var value = Self.likelihood(share, s)
    for _ in 0..<100 {
      let step = Self.newtonStep(share, s)
      var size = 1.0
      while size > 1e-10 {
        let next = zip(s, step).map { $0 + size * $1 }
        let reached = Self.likelihood(share, next)
        if reached >= value {
          (s, value) = (next, reached)
          break
        }
        size /= 2
      }
      if size <= 1e-10 || step.allSatisfy({ abs($0) < 1e-12 }) { break }
    }
    let mean = s.reduce(0, +) / Double(max(1, n))
    strengths = s.map { $0 - mean }
  }

  private static func likelihood(_ share: [[Double]], _ s: [Double]) -> Double {
    var sum = 0.0
    for a in s.indices {
      for b in s.indices where b != a {
        let x = s[a] - s[b]
        sum += share[a][b] * (min(x, 0) - log1p(exp(-abs(x))))
      }
    }
    return sum
  }

  /// Solves `(L + 1/n) d = g`: g the gradient, L the Laplacian of the curvatures, whose null vector is
  /// the common shift that changes nothing.
  private static func newtonStep(_ share: [[Double]], _ s: [Double]) -> [Double] {
    let n = s.count
    var matrix = [[Double]](repeating: .init(repeating: 1 / Double(max(1, n)), count: n), count: n)
    var gradient = [Double](repeating: 0, count: n)
    for a in 0..<n {
      for b in 0..<n where b != a {
        let p = bradleyTerry(s[a] - s[b])
        gradient[a] += share[a][b] - p
        // Floored: far apart the curvature vanishes, and with it the step's size; it is halved then.
        let curve = max(p * (1 - p), 1e-12)
        matrix[a][a] += curve
        matrix[a][b] -= curve
      }
    }
    return solve(matrix, gradient)
  }

  /// Elimination without pivoting: the matrix is positive definite.
  private static func solve(_ matrix: [[Double]], _ right: [Double]) -> [Double] {
    var (m, x) = (matrix, right)
    let n = x.count
    for k in 0..<n {
      for i in k + 1..<max(n, k + 1) {
        let factor = m[i][k] / m[k][k]
        for j in k..<n { m[i][j] -= factor * m[k][j] }
        x[i] -= factor * x[k]
      }
    }
    for k in stride(from: n - 1, through: 0, by: -1) {
      for j in k + 1..<max(n, k + 1) { x[k] -= m[k][j] * x[j] }
      x[k] /= m[k][k]
    }
    return x
  }
}
