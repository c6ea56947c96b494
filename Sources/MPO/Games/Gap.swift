import Foundation

/// A symmetric constant-sum game between n classes: `P[a][b]` is the probability that a beats b.
/// `P + P^T = 1` within 1e-6 (so that 1/3 may be written 0.333333333), diagonal 1/2. It need not
/// be transitive.
public struct MatrixGame: Sendable, Equatable {
  public let names: [String]
  /// (n, n)
  public let matrix: [[Double]]

  public static let tolerance = 1e-6

  /// - Throws: `PreferenceError.matrix` naming the worst cell.
  public init(names: [String], matrix: [[Double]]) throws {
    let n = names.count
    guard n > 0 else { throw PreferenceError.matrix("expected at least one category, found none") }
    guard matrix.count == n else {
      throw PreferenceError.matrix(
        "expected \(n) rows, one for each of \(names.joined(separator: ", ")); found \(matrix.count)"
      )
    }
    for (a, row) in matrix.enumerated() where row.count != n {
      throw PreferenceError.matrix(
        "row '\(names[a])': expected \(n) values, found \(row.count)")
    }
    var worst = (error: Self.tolerance, text: "")
    for a in 0..<n {
      for b in 0..<n {
        let value = matrix[a][b]
        let cell = "P(\(names[a]) over \(names[b])), row \(a + 1) column \(b + 1), is \(value)"
        guard value.isFinite, value >= 0, value <= 1 else {
          throw PreferenceError.matrix("\(cell): expected a probability in [0, 1]")
        }
        if a == b, abs(value - 0.5) > worst.error {
          worst = (abs(value - 0.5), "\(cell): a class ties with itself, so expected 0.5")
        } else if b > a, abs(value + matrix[b][a] - 1) > worst.error {
          worst = (
            abs(value + matrix[b][a] - 1),
            "\(cell), but the reverse, row \(b + 1) column \(a + 1), is \(matrix[b][a]): the two "
              + "must add up to 1"
          )
        }
      }
    }
    guard worst.text.isEmpty else { throw PreferenceError.matrix(worst.text) }
    self.names = names
    self.matrix = matrix
  }

  /// `(P pi)(a)`: the win rate of every class against a policy. Precondition: n entries.
  public func winRates(against policy: [Double]) -> [Double] {
    matrix.map { row in zip(row, policy).reduce(0) { $0 + $1.0 * $1.1 } }
  }

  /// Duality gap `max_y (P pi)(y) - min_y (pi^T P)(y)`: 0 exactly at a Nash equilibrium of the
  /// game, at most 1. From the shares of m samples it is biased upwards, by about 1/sqrt(m).
  public func dualityGap(_ policy: [Double]) -> Double {
    let best = winRates(against: policy).max() ?? 0
    let worst =
      matrix.indices.map { b in
        matrix.indices.reduce(0.0) { $0 + policy[$1] * matrix[$1][b] }
      }.min() ?? 0
    return best - worst
  }

  /// Gap of the game regularised towards `magnet` with weight alpha > 0:
  /// `2 (v + alpha KL(pi || mu)) - 1`, `v = alpha log sum_y mu(y) exp((P pi)(y) / alpha)`; 0 at
  /// the regularised equilibrium, infinite where pi has mass outside mu's support.
  public func regularisedGap(_ policy: [Double], magnet: [Double], alpha: Double) -> Double {
    let rates = winRates(against: policy)
    let top = zip(rates, magnet).filter { $0.1 > 0 }.map(\.0).max() ?? 0
    let sum = zip(rates, magnet).reduce(0.0) { $0 + $1.1 * exp(($1.0 - top) / alpha) }
    let value = top + alpha * log(sum)
    var divergence = 0.0
    for (p, m) in zip(policy, magnet) where p > 0 {
      divergence += m > 0 ? p * log(p / m) : .infinity
    }
    return 2 * (value + alpha * divergence) - 1
  }

  /// Share of each class among classified samples; uniform when there are none. Precondition: every
  /// entry is in `0..<n`.
  public func shares(_ classes: [Int]) -> [Double] {
    guard !classes.isEmpty else {
      return [Double](repeating: 1 / Double(names.count), count: names.count)
    }
    var counts = [Int](repeating: 0, count: names.count)
    for a in classes { counts[a] += 1 }
    return counts.map { Double($0) / Double(classes.count) }
  }
}
