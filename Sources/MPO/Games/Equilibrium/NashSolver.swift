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
    var a: [[Double]] = []
    var b: [Double] = []
    for y in 0..<n {
      // Antisymmetric also where P + P^T is 1 only up to rounding.
      a.append((0..<n).map { (self[y, $0] - self[$0, y]) / 2 } + zeros)
      b.append(0)
    }
    a.append([Double](repeating: -1, count: n) + zeros)
    b.append(-1)
    for y in 0..<n {
      var row = zeros + zeros
      row[y] = 1
      row[n + y] = -1
      a.append(row)
      b.append(policy[y])
    }
    let program = DualSimplex(a: a, b: b, c: zeros + [Double](repeating: 1, count: n))
    do {
      let z = Array(try program.solve().prefix(n))
      let total = z.reduce(0, +)
      let equilibrium = z.map { $0 / total }
      let distance = zip(equilibrium, policy).reduce(0) { $0 + max(0, $1.0 - $1.1) }
      return (equilibrium, distance)
    } catch {
      throw GameError.solver(
        "the linear programme of the equilibrium did not end (\(error)); the game's numbers may be "
          + "too close to each other")
    }
  }
}
