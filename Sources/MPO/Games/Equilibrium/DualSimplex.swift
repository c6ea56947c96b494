import Foundation

/// `min c x` subject to `A x <= b`, `x >= 0`, for c >= 0, by the dual simplex method: with c >= 0 the
/// slack basis is dual feasible, so no first phase is needed. Dense; data of order 1.
///
/// The tableau only chooses the basis. The solution is then solved for anew from the data by LU with
/// partial pivoting, so the rounding of many pivots does not stay in it. Small pivots would drift the
/// tableau itself: the most negative row leaves and, of the columns that the ratio test lets through
/// within a tolerance (Harris, 1973), the one with the largest pivot enters. A method that goes on for
/// long takes Bland's rule, which ends.
struct DualSimplex {
  /// (m, n), (m), (n)
  let a: [[Double]]
  let b: [Double]
  let c: [Double]
  /// Smaller than this counts as zero; data are of order 1.
  private let tolerance = 1e-11

  enum Failure: Error, Equatable {
    case infeasible
    /// Pivots without end, by rounding.
    case noProgress
    /// Rounding led to a basis that solves nothing.
    case inaccurate
  }

  /// x, (n).
  func solve() throws -> [Double] {
    let (m, n) = (b.count, c.count)
    // Rows: [A | b]; the columns of basic variables are kept implicit by swapping.
    var rows = zip(a, b).map { $0 + [$1] }
    var cost = c + [0]
    // Variables 0..<n are x, n..<n+m the slacks.
    var basic = (0..<m).map { n + $0 }
    var nonbasic = Array(0..<n)
    // Rows that rounding alone holds below zero: no column could bring them up.
    var settled: Set<Int> = []
    let limit = 50 * (m + n) + 1000
    for step in 0..<limit {
      let isLong = step > limit / 2
      let open = rows.indices.filter {
        rows[$0][n] < -tolerance && !settled.contains(basic[$0])
      }
      let leaving =
        isLong
        ? open.min { basic[$0] < basic[$1] } : open.min { rows[$0][n] < rows[$1][n] }
      guard let r = leaving else { return try refined(basic) }
      guard let e = entering(rows[r], cost, nonbasic, first: isLong) else {
        guard rows[r][n] > -1e-6 else { throw Failure.infeasible }
        settled.insert(basic[r])
        continue
      }
      pivot(&rows, &cost, r, e)
      swap(&basic[r], &nonbasic[e])
    }
    throw Failure.noProgress
  }

  /// The column whose cost reaches zero first when `row` rises; with `first` the one with the lowest
  /// variable of those.
  private func entering(_ row: [Double], _ cost: [Double], _ nonbasic: [Int], first: Bool) -> Int? {
    let candidates = nonbasic.indices.filter { row[$0] < -1e-9 }
    let bound =
      candidates.map { (max(0, cost[$0]) + (first ? 0 : 1e-10)) / -row[$0] }.min() ?? .infinity
    let within = candidates.filter { max(0, cost[$0]) / -row[$0] <= bound }
    return first
      ? within.min { nonbasic[$0] < nonbasic[$1] } : within.min { row[$0] < row[$1] }
  }

  /// Exchanges basic row r and nonbasic column e.
  private func pivot(_ rows: inout [[Double]], _ cost: inout [Double], _ r: Int, _ e: Int) {
    let inverse = 1 / rows[r][e]
    for j in rows[r].indices { rows[r][j] *= inverse }
    rows[r][e] = inverse
    let pivotRow = rows[r]
    func eliminate(_ row: inout [Double]) {
      let factor = row[e]
      guard factor != 0 else { return }
      for j in row.indices where j != e { row[j] -= factor * pivotRow[j] }
      row[e] = -factor * inverse
    }
    for i in rows.indices where i != r { eliminate(&rows[i]) }
    eliminate(&cost)
  }

  /// The basic solution of `A x + s = b`: rows whose slack is nonbasic hold with equality in the
  /// basic x.
  private func refined(_ basic: [Int]) throws -> [Double] {
    let n = c.count
    let columns = basic.filter { $0 < n }
    let slack = Set(basic.filter { $0 >= n }.map { $0 - n })
    let tight = b.indices.filter { !slack.contains($0) }
    let matrix = tight.map { i in columns.map { a[i][$0] } }
    var x = [Double](repeating: 0, count: n)
    let solution = LinearSystem.solve(matrix, tight.map { b[$0] })
    for (j, value) in zip(columns, solution) { x[j] = value > 0 ? value : 0 }
    let isSolution = zip(a, b).allSatisfy { row, bound in
      zip(row, x).reduce(0) { $0 + $1.0 * $1.1 } <= bound + 1e-9
    }
    guard isSolution else { throw Failure.inaccurate }
    return x
  }
}

enum LinearSystem {
  /// Gaussian elimination with partial pivoting and one step of refinement; not finite where the
  /// matrix is singular. Precondition: square.
  static func solve(_ matrix: [[Double]], _ right: [Double]) -> [Double] {
    var lu = matrix
    let n = right.count
    var order = Array(0..<n)
    for k in 0..<n {
      let p = (k..<n).max { abs(lu[$0][k]) < abs(lu[$1][k]) } ?? k
      lu.swapAt(k, p)
      order.swapAt(k, p)
      for i in (k + 1)..<max(n, k + 1) where lu[i][k] != 0 {
        let factor = lu[i][k] / lu[k][k]
        lu[i][k] = factor
        for j in (k + 1)..<n { lu[i][j] -= factor * lu[k][j] }
      }
    }
    func apply(_ b: [Double]) -> [Double] {
      var x = order.map { b[$0] }
      for i in 0..<n {
        for k in 0..<i { x[i] -= lu[i][k] * x[k] }
      }
      for i in stride(from: n - 1, through: 0, by: -1) {
        for k in (i + 1)..<max(n, i + 1) { x[i] -= lu[i][k] * x[k] }
        x[i] /= lu[i][i]
      }
      return x
    }
    let first = apply(right)
    let rest = zip(matrix, right).map { row, b in
      zip(row, first).reduce(b) { $0 - $1.0 * $1.1 }
    }
    return zip(first, apply(rest)).map { $0 + $1 }
  }
}
