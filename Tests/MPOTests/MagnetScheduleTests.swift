import Foundation
import MPO
import MPOBackend
import Testing

@Suite struct MagnetScheduleTests {
  /// Preferences of K responses with classes in a game.
  private func table(_ game: PreferenceGame, _ classes: [[Int]]) throws -> PreferenceTable {
    var values: [Float] = []
    for list in classes {
      for a in list { for b in list { values.append(Float(game[a, b])) } }
    }
    return try PreferenceTable(
      prompts: classes.count, responses: classes.first?.count ?? 0, values: values)
  }

  /// At the regularised equilibrium w is constant, so the magnet is due; at the magnet itself, where
  /// nothing has been learned, it is not.
  @Test func isDueAtTheRegularisedEquilibrium() throws {
    let game = PreferenceGame.rows([[0.5, 0, 1], [1, 0.5, 1.0 / 3], [0, 2.0 / 3, 0.5]])
    let uniform = [Double](repeating: -log(3), count: 3)
    var mmd = MagneticMirrorDescent(start: uniform, eta: 0.2, alpha: 0.1)
    for _ in 0..<5000 { mmd.update { game.winRates(against: $0) } }
    for (logPolicy, due) in [(mmd.logPolicy, true), (uniform, false)] {
      var random = PhiloxGenerator(seed: 1, domain: .test)
      var clock = MagnetClock()
      for _ in 0..<20 {
        let classes = (0..<8).map { _ in
          (0..<64).map { _ in Self.draw(logPolicy.map(exp), Double(random.uniform())) }
        }
        let ratios = classes.joined().map { logPolicy[$0] - uniform[$0] }
        clock.observe(try table(game, classes), logRatios: Array(ratios), alpha: 0.1)
      }
      #expect(clock.isDue(atLeast: 1, atMost: 0) == due, "\(clock)")
      #expect(!clock.isDue(atLeast: 21, atMost: 0))
      #expect(clock.isDue(atLeast: 1, atMost: 20))
      clock.restart()
      #expect(clock == MagnetClock() && !clock.isDue(atLeast: 0, atMost: 5))
    }
  }

  /// What few opponents add: over many draws the measured variance less the estimated noise is
  /// that of the exact win rates.
  @Test func opponentNoiseIsTakenOff() throws {
    let game = PreferenceGame.rows([[0.5, 0.1, 0.8], [0.9, 0.5, 0.1], [0.2, 0.9, 0.5]])
    let policy = [0.5, 0.2, 0.3]
    let exact = game.winRates(against: policy)
    let mean = zip(policy, exact).reduce(0) { $0 + $1.0 * $1.1 }
    let want = zip(policy, exact).reduce(0) { $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean) }
    var random = PhiloxGenerator(seed: 2, domain: .test)
    var (corrected, plain) = (0.0, 0.0)
    let draws = 20_000
    for _ in 0..<draws {
      let table = try table(
        game, [(0..<6).map { _ in Self.draw(policy, Double(random.uniform())) }])
      let q = MagnetClock.winRates(table, prompt: 0)
      plain += MagnetClock.variance(q) / Double(draws)
      corrected +=
        (MagnetClock.variance(q) - MagnetClock.opponentNoise(table, q, prompt: 0)) / Double(draws)
    }
    #expect(abs(corrected - want) < 0.05 * want, "\(corrected), exact \(want), plain \(plain)")
    #expect(plain > 1.3 * want)
  }

  @Test func adaptiveNeedsAMagnet() throws {
    var configuration = AlignmentConfiguration()
    configuration.magnetSchedule = .adaptive
    #expect(configuration.hint() == nil)
    configuration.eta = 0.01
    #expect(configuration.hint()?.contains("waits for 600 rollouts") == true)
    configuration.magnetSyncSteps = 0
    #expect(configuration.hint() == nil)
  }

  private static func draw(_ policy: [Double], _ uniform: Double) -> Int {
    var rest = uniform
    for (y, p) in policy.enumerated() {
      rest -= p
      if rest < 0 { return y }
    }
    return policy.count - 1
  }
}
