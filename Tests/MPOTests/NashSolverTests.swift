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

  /// Tournaments (all margins 1/2) and mixed scales have many ties and small pivots.
  @Test func hardGames() throws {
    for seed in 0..<24 {
      let n = 40
      var rows = try AdaptiveMPOTests.random(n, seed: UInt64(seed)).rows
      for a in 0..<n {
        for b in 0..<a {
          let margin = rows[a][b] - 0.5
          let changed = [margin < 0 ? -0.5 : 0.5, margin * pow(10, -Double((a + b) % 7)), margin]
          rows[a][b] = 0.5 + changed[seed % 3]
          rows[b][a] = 0.5 - changed[seed % 3]
        }
      }
      let game = PreferenceGame.rows(rows)
      var policy = MagneticMirrorDescent(
        start: try GameStart.ramp.logPolicy(n), eta: 0.3, alpha: 0.1)
      for _ in 0..<50 { policy.update { game.winRates(against: $0) } }
      let (found, distance) = try game.nearestEquilibrium(to: policy.policy)
      #expect(game.dualityGap(found) < 1e-10, "seed \(seed)")
      #expect(distance >= 0 && distance <= 1)
    }
  }

  /// The distance does not depend on the scale of the margins.
  @Test func tinyMargins() throws {
    let game = try AdaptiveMPOTests.random(12, seed: 5)
    let weak = PreferenceGame.rows(game.rows.map { $0.map { 0.5 + 1e-12 * ($0 - 0.5) } })
    let start = try GameStart.ramp.logPolicy(12).map(exp)
    let expected = try game.nearestEquilibrium(to: start).totalVariation
    #expect(abs(try weak.nearestEquilibrium(to: start).totalVariation - expected) < 1e-3)
  }
}
