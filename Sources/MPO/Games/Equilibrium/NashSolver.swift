import MPOBackend

/// Equilibria by linear programming: a reference to measure against, not a way to play (it needs the
/// whole matrix).
extension PreferenceGame {
  /// The equilibrium nearest to `policy` in total variation, and how far it is (0...1):
  /// `min sum u` subject to `(P - 1/2) z <= 0`, `sum z >= 1`, `z <= policy + u`, `z, u >= 0`. A
  /// symmetric game always has an equilibrium; they form a polytope, so this is the distance to the
  /// whole set. Time O(n^3) and more: for n up to some hundreds.
  /// - Throws: `GameError.solver` when rounding keeps the method from an end.
  public func nearestEquilibrium(to policy: [Double]) throws -> (
    equilibrium: [Double], totalVariation: Double
  ) {
    let n = count
    let zeros = [Double](repeating: 0, count: n)
    // Antisymmetric also where P + P^T is 1 only up to rounding; to scale 1, for the tolerances.
    var margins = (0..<n).map { y in (0..<n).map { (self[y, $0] - self[$0, y]) / 2 } }
    let scale = margins.joined().map { abs($0) }.max() ?? 0
    if scale > 0 { margins = margins.map { $0.map { $0 / scale } } }
    var a = margins.map { $0 + zeros }
    var b = zeros
    a.append([Double](repeating: -1, count: n) + zeros)
    b.append(-1)
    for y in 0..<n {
      var row = zeros + zeros
      row[y] = 1
      row[n + y] = -1
      a.append(row)
      b.append(policy[y])
    }
    let costs = zeros + [Double](repeating: 1, count: n)
    do {
      let z = Array(try Self.solve(a, b, costs).prefix(n))
      let total = z.reduce(0, +)
      let equilibrium = z.map { $0 / total }
      let distance = zip(equilibrium, policy).reduce(0) { $0 + max(0, $1.0 - $1.1) }
      return (equilibrium, distance)
    } catch {
      throw GameError.solver(
        "no equilibrium from the linear programme (\(error)): rounding kept it from one")
    }
  }

  /// As it stands; if that does not end, with costs that differ by 1e-9, which parts columns that tie.
  private static func solve(_ a: [[Double]], _ b: [Double], _ c: [Double]) throws -> [Double] {
    do {
      return try DualSimplex(a: a, b: b, c: c).solve()
    } catch is DualSimplex.Failure {
      var random = PhiloxGenerator(seed: 0, domain: .game)
      let parted = c.map { $0 + 1e-9 * (1 + Double(random.uniform())) }
      return try DualSimplex(a: a, b: b, c: parted).solve()
    }
  }
}
