import Foundation

/// A policy that was played and what it met: (n) each.
struct PlayedPoint: Sendable {
  var logPolicy: [Double]
  /// q less its mean under the policy, which is 1/2: against itself a policy wins half of the time.
  var winRates: [Double]

  init(logPolicy: [Double], winRates: [Double]) {
    self.logPolicy = logPolicy
    let mean = zip(logPolicy, winRates).reduce(0) { $0 + exp($1.0) * $1.1 }
    self.winRates = winRates.map { $0 - mean }
  }

  var policy: [Double] { logPolicy.map(exp) }
  /// The duality gap, 2 max(q - 1/2).
  var gap: Double { 2 * (winRates.max() ?? 0) }

  /// w = q/alpha - log(pi/mu); 0 for an action that neither has.
  func residual(_ logMagnet: [Double], _ alpha: Double) -> [Double] {
    logPolicy.indices.map { y in
      logMagnet[y] > -.infinity ? winRates[y] / alpha - (logPolicy[y] - logMagnet[y]) : 0
    }
  }
}

/// The affine combination of the last updates with the smallest residual (Anderson, *Iterative
/// Procedures for Nonlinear Integral Equations*, J. ACM 1965), in the mean square under the current
/// policy. Win rates are linear in a policy, so near a point the combination's win rates are the
/// combined ones: optimism with fitted coefficients. Pairs (log pi, q) know nothing of magnet and
/// alpha and stay good over a refresh.
struct Extrapolation: Sendable {
  private let memory: Int
  private var points: [PlayedPoint] = []

  init(memory: Int) { self.memory = memory }

  mutating func append(_ point: PlayedPoint) {
    points.append(point)
    if points.count > memory + 1 { points.removeFirst() }
  }

  mutating func moveToEnd(_ point: PlayedPoint) {
    points.removeAll { $0.logPolicy == point.logPolicy }
    append(point)
  }

  mutating func restart(at point: PlayedPoint) { points = [point] }

  /// `point`, the latest in memory or equal to it, moved along the differences of the past.
  func extrapolate(_ point: PlayedPoint, magnet: [Double], alpha: Double) -> PlayedPoint {
    let steps = points.count - 1
    guard steps > 0 else { return point }
    let weights = weights(point, magnet, alpha)
    let target = centred(point.residual(magnet, alpha), weights)
    let residuals = points.map { $0.residual(magnet, alpha) }
    let differences = (0..<steps).map { j in
      centred(zip(residuals[j + 1], residuals[j]).map { $0 - $1 }, weights)
    }
    guard let theta = leastSquares(differences, target, weights) else { return point }
    var moved = point
    for (j, factor) in theta.enumerated() {
      for y in moved.logPolicy.indices where magnet[y] > -.infinity {
        moved.logPolicy[y] -= factor * (points[j + 1].logPolicy[y] - points[j].logPolicy[y])
        moved.winRates[y] -= factor * (points[j + 1].winRates[y] - points[j].winRates[y])
      }
    }
    return moved
  }

  /// The policy, and a thousandth of its regularised best response: what the inner error looks at.
  private func weights(_ point: PlayedPoint, _ magnet: [Double], _ alpha: Double) -> [Double] {
    let response = LogSpace.normalised(
      magnet.indices.map { magnet[$0] + point.winRates[$0] / alpha })
    return zip(point.policy, response).map { $0 + 1e-3 * exp($1) + 1e-12 }
  }

  /// Residuals count up to a constant.
  private func centred(_ x: [Double], _ weights: [Double]) -> [Double] {
    let mean = dot(x, weights) / weights.reduce(0, +)
    return x.map { $0 - mean }
  }

  private func dot(_ a: [Double], _ weights: [Double]) -> Double {
    zip(a, weights).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// theta that minimises `|| target - sum theta_j columns_j ||`, columns scaled to length 1 and
  /// damped by 1e-3 on the diagonal (undamped it jumps far along nearly equal columns). Nil when
  /// numbers overflow.
  private func leastSquares(_ columns: [[Double]], _ target: [Double], _ weights: [Double])
    -> [Double]?
  {
    let weighted = columns.map { column in zip(column, weights).map { $0 * $1 } }
    let scales = zip(columns, weighted).map { column, weighted in
      let square = dot(column, weighted)
      return square > 0 ? 1 / square.squareRoot() : 0
    }
    var matrix = columns.indices.map { j in
      (0...j).map { k in
        dot(columns[k], weighted[j]) * scales[j] * scales[k] + (j == k ? 1e-3 : 0)
          + (j == k && scales[j] == 0 ? 1 : 0)
      }
    }
    let right = columns.indices.map { dot(target, weighted[$0]) * scales[$0] }
    guard let solved = Self.solveCholesky(&matrix, right) else { return nil }
    return zip(solved, scales).map { $0 * $1 }
  }

  /// Solves A x = b for a symmetric positive A given by its lower triangle, which it overwrites.
  private static func solveCholesky(_ a: inout [[Double]], _ b: [Double]) -> [Double]? {
    let n = b.count
    for j in 0..<n {
      for i in j..<n {
        var sum = a[i][j]
        for k in 0..<j { sum -= a[i][k] * a[j][k] }
        if i == j {
          guard sum > 0, sum.isFinite else { return nil }
          a[j][j] = sum.squareRoot()
        } else {
          a[i][j] = sum / a[j][j]
        }
      }
    }
    var x = b
    for i in 0..<n {
      for k in 0..<i { x[i] -= a[i][k] * x[k] }
      x[i] /= a[i][i]
    }
    for i in stride(from: n - 1, through: 0, by: -1) {
      for k in (i + 1)..<n { x[i] -= a[k][i] * x[k] }
      x[i] /= a[i][i]
    }
    return x.allSatisfy(\.isFinite) ? x : nil
  }
}
