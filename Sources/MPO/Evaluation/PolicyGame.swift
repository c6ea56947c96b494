/// The empirical game between policies: each of n policies is a pure strategy, P[a][b] the mean
/// preference of a over b.
public struct PolicyGame: Sendable, Equatable {
  /// P, n rows of n; P + P^T = 1, diagonal 1/2.
  public let winRates: [[Double]]

  /// n
  public var count: Int { winRates.count }

  /// From the win rates above the diagonal; what is below and on it follows exactly.
  init(count n: Int, above: (_ a: Int, _ b: Int) -> Double) {
    var rows = [[Double]](repeating: .init(repeating: 0.5, count: n), count: n)
    for a in 0..<n {
      for b in a + 1..<max(n, a + 1) {
        rows[a][b] = above(a, b)
        rows[b][a] = 1 - rows[a][b]
      }
    }
    winRates = rows
  }

  /// `max_b P(b over a) - 1/2`, over the policies of the game (a itself among them, so it is at least
  /// 0): what the best reply among them gains. The duality gap of the pure strategy a,
  /// `max_b P(b over a) - min_b P(a over b)`, is twice this, because the game is symmetric.
  public func exploitability(_ a: Int) -> Double {
    max(0, (winRates.map { $0[a] }.max() ?? 0.5) - 0.5)
  }

  /// Who gains most against a; nil where nobody gains.
  public func exploiter(of a: Int) -> Int? {
    guard exploitability(a) > 0 else { return nil }
    return winRates.indices.max { winRates[$0][a] < winRates[$1][a] }
  }

  /// The policy that beats every other; nil where there is none.
  public var winner: Int? {
    winRates.indices.first { a in winRates.indices.allSatisfy { $0 == a || winRates[a][$0] > 0.5 } }
  }

  /// The Nash mixture: the policy that beats every other, which is then the only equilibrium, else by
  /// the linear programme of `nearestEquilibrium`; of several, the one nearest to uniform.
  /// - Throws: `GameError.solver`.
  public func nashMixture() throws -> [Double] {
    if let winner { return winRates.indices.map { $0 == winner ? 1 : 0 } }
    let game = try PreferenceGame(names: (0..<count).map { String($0) }, matrix: winRates)
    let uniform = [Double](repeating: 1 / Double(count), count: count)
    return try game.nearestEquilibrium(to: uniform).equilibrium.map { max(0, $0) }
  }

  /// P(a over mixture).
  public func winRate(_ a: Int, against mixture: [Double]) -> Double {
    zip(winRates[a], mixture).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// Mean of P(a over b) over the others; 1/2 alone.
  public func meanWinRate(_ a: Int) -> Double {
    guard count > 1 else { return 0.5 }
    return winRates.indices.filter { $0 != a }.reduce(0.0) { $0 + winRates[a][$1] }
      / Double(count - 1)
  }

  /// Triples of policies, n (n - 1) (n - 2) / 6.
  public var triples: Int { count * (count - 1) * (count - 2) / 6 }

  /// Those in which each beats the next, all three above 1/2.
  public var cyclicTriples: Int {
    var found = 0
    for a in 0..<count {
      for b in a + 1..<max(count, a + 1) {
        for c in b + 1..<max(count, b + 1) {
          let (ab, bc, ca) = (winRates[a][b], winRates[b][c], winRates[c][a])
          if ab > 0.5 && bc > 0.5 && ca > 0.5 || ab < 0.5 && bc < 0.5 && ca < 0.5 { found += 1 }
        }
      }
    }
    return found
  }

  /// The pair that ratings explain worst, and by how much: max |P - P_BT|.
  public func worstResidual(
    of fit: BradleyTerryFit
  ) -> (first: Int, second: Int, residual: Double)? {
    var worst: (first: Int, second: Int, residual: Double)?
    for a in 0..<count {
      for b in a + 1..<max(count, a + 1) {
        let residual = abs(winRates[a][b] - fit.probability(a, b))
        if residual > worst?.residual ?? -1 { worst = (a, b, residual) }
      }
    }
    return worst
  }
}
