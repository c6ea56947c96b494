import Foundation
import MPO
import Testing

@Suite struct NashSolverTests {
  /// Closed forms, to the last digits.
  @Test func knownEquilibria() throws {
    let cases: [(PreferenceGame, [Double])] = [
      (GameAlgorithmTests.g1, [4.0 / 11, 3.0 / 11, 4.0 / 11]),
      (GameAlgorithmTests.g2, [1.0 / 7, 3.0 / 7, 3.0 / 7]),
      (.rows([[0.5, 0, 1], [1, 0.5, 0], [0, 1, 0.5]]), [1.0 / 3, 1.0 / 3, 1.0 / 3]),
      // The first beats all.
      (.rows([[0.5, 0.6, 0.9], [0.4, 0.5, 0.2], [0.1, 0.8, 0.5]]), [1, 0, 0]),
    ]
    for (game, want) in cases {
      let (found, distance) = try game.nearestEquilibrium(to: [0.2, 0.5, 0.3])
      for (a, b) in zip(found, want) { #expect(abs(a - b) < 1e-14) }
      let expected = zip(want, [0.2, 0.5, 0.3]).reduce(0.0) { $0 + max(0, $1.0 - $1.1) }
      #expect(abs(distance - expected) < 1e-14)
    }
  }

  /// Every policy is an equilibrium of a game of ties; and of two clones any split is.
  @Test func nearestOfMany() throws {
    let ties = PreferenceGame.rows([[0.5, 0.5], [0.5, 0.5]])
    #expect(try ties.nearestEquilibrium(to: [0.3, 0.7]).totalVariation < 1e-15)
    let clones = PreferenceGame.rows([[0.5, 0.5, 1], [0.5, 0.5, 1], [0, 0, 0.5]])
    let (found, distance) = try clones.nearestEquilibrium(to: [0.6, 0.1, 0.3])
    #expect(abs(distance - 0.3) < 1e-14 && found[2] == 0 && found[0] > 0.6 - 1e-12)
  }

  @Test(arguments: [1, 2, 5, 10, 40])
  func randomGamesHaveNoGapThere(_ n: Int) throws {
    for seed in 0..<10 {
      let game = try AdaptiveMPOTests.random(n, seed: UInt64(100 * n + seed))
      let uniform = [Double](repeating: 1 / Double(n), count: n)
      let (found, _) = try game.nearestEquilibrium(to: uniform)
      #expect(game.dualityGap(found) < 1e-12, "n \(n) seed \(seed)")
      #expect(try game.nearestEquilibrium(to: found).totalVariation < 1e-12)
    }
  }
}
