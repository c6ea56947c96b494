import Foundation
import MPO
import TestSupport
import Testing

/// Algorithms against algorithm.md's figures, which are computed in float64.
@Suite struct GameAlgorithmTests {
  static let g1 = PreferenceGame.rows([[0.5, 0.1, 0.8], [0.9, 0.5, 0.1], [0.2, 0.9, 0.5]])
  static let g2 = PreferenceGame.rows([[0.5, 0, 1], [1, 0.5, 1.0 / 3], [0, 2.0 / 3, 0.5]])
  static let start = [0.2, 0.5, 0.3].map(log)

  private func gap(
    _ algorithm: String, after steps: Int, _ game: PreferenceGame = g1, average: Bool = false
  ) throws -> Double {
    let choice = try AlgorithmChoice(algorithm)
    let curve = GameRun(game, steps: steps).play(choice.make(start: Self.start))
    return try #require(average ? curve.averageGap.last : curve.gap.last)
  }

  /// The reference table of G1, each cell within 5 %.
  @Test(arguments: [
    ("mwu", 100, 0.26), ("mwu", 1000, 0.63), ("mwu", 20000, 0.80), ("mmd", 5000, 5.88e-2),
    ("mmd:alpha=.3", 5000, 0.189), ("mmd:alpha=1", 5000, 0.266), ("nash-md", 5000, 5.57e-2),
    ("mpo", 100, 6.9e-2), ("mpo", 500, 4.0e-3), ("mpo", 1000, 5.5e-5), ("mpo", 2000, 9.5e-9),
    ("mpo-rt", 1000, 7.6e-5), ("mpo-rt", 2000, 1.1e-8), ("omwu:eta=1", 500, 2.6e-6),
  ])
  func referenceTable(_ algorithm: String, _ steps: Int, _ want: Double) throws {
    let got = try gap(algorithm, after: steps)
    #expect(abs(got - want) <= 0.05 * want, "\(algorithm) @\(steps): \(got), expected \(want)")
  }

  @Test func averageOfMultiplicativeWeights() throws {
    let got = try gap("mwu", after: 20000, average: true)
    #expect(abs(got - 3.1e-3) <= 0.05 * 3.1e-3, "\(got)")
  }

  @Test func lastIterateReachesTheOriginalEquilibrium() throws {
    #expect(try gap("mpo", after: 5000) <= 1e-14)
    let curve = GameRun(Self.g1, steps: 5000).play(
      try AlgorithmChoice("mpo").make(start: Self.start))
    for (got, want) in zip(curve.policy, [4.0 / 11, 3.0 / 11, 4.0 / 11]) {
      #expect(abs(got - want) < 1e-13)
    }
  }

  /// Regularised equilibria with fixed magnets, and that one step from them stays.
  @Test func regularisedEquilibria() throws {
    let uniform = [Double](repeating: -log(3), count: 3)
    for (game, start, alpha, want) in [
      (Self.g1, Self.start, 0.1, [0.274917, 0.279723, 0.445360]),
      (Self.g2, uniform, 0.1, [0.173478, 0.486303, 0.340219]),
      (Self.g2, uniform, 0.05, [0.151745, 0.467948, 0.380308]),
    ] {
      var mmd = MagneticMirrorDescent(start: start, eta: 0.2, alpha: alpha)
      for _ in 0..<20000 { mmd.update { game.winRates(against: $0) } }
      for (got, want) in zip(mmd.policy, want) { #expect(abs(got - want) < 1e-6) }
      #expect(abs(game.regularisedGap(mmd.policy, magnet: start.map(exp), alpha: alpha)) < 1e-14)
      let before = mmd.policy
      mmd.update { game.winRates(against: $0) }
      for (a, b) in zip(before, mmd.policy) { #expect(abs(a - b) < 1e-12) }
    }
  }

  /// With eta_I = (1 + eta alpha) / eta and tau = alpha, INPO is MMD; COMAL is then MPO.
  @Test func inpoIsMirrorDescent() throws {
    for names in [("inpo:eta=.7,alpha=.2", "mmd:eta=.7,alpha=.2"), ("comal", "mpo")] {
      var a = try AlgorithmChoice(names.0).make(start: Self.start)
      var b = try AlgorithmChoice(names.1).make(start: Self.start)
      for _ in 0..<1000 {
        a.update { Self.g1.winRates(against: $0) }
        b.update { Self.g1.winRates(against: $0) }
        for (x, y) in zip(a.policy, b.policy) { #expect(abs(x - y) < 1e-12) }
      }
    }
  }

  /// An equilibrium with itself as magnet is a fixed point of every method.
  @Test(arguments: AlgorithmChoice.Kind.allCases)
  func equilibriumIsAFixedPoint(_ kind: AlgorithmChoice.Kind) throws {
    let equilibrium = [1.0 / 7, 3.0 / 7, 3.0 / 7]
    var algorithm = try AlgorithmChoice(kind.rawValue).make(start: equilibrium.map(log))
    for _ in 0..<50 { algorithm.update { Self.g2.winRates(against: $0) } }
    for (got, want) in zip(algorithm.policy, equilibrium) { #expect(abs(got - want) < 1e-12) }
  }

  @Test(arguments: AlgorithmChoice.Kind.allCases)
  func excludedActionsStayExcluded(_ kind: AlgorithmChoice.Kind) throws {
    var algorithm = try AlgorithmChoice(kind.rawValue).make(start: [0, -.infinity, 0])
    for _ in 0..<50 { algorithm.update { Self.g1.winRates(against: $0) } }
    #expect(algorithm.policy[1] == 0)
    #expect(algorithm.policy.allSatisfy { $0.isFinite })
  }

  /// Refreshing EGPO and Nash-MD takes them to the original game; alone they stay at the
  /// regularised one.
  @Test func refreshedNeighbours() throws {
    #expect(try gap("egpo", after: 5000) > 1e-2)
    #expect(try gap("egpo:sync=100", after: 5000) < 1e-10)
    #expect(try gap("nash-md:sync=100", after: 5000) < 1e-10)
  }

  @Test func badChoicesSayWhy() {
    func message(_ text: String) -> String {
      do { return "\(try AlgorithmChoice(text))" } catch { return "\(error)" }
    }
    #expect(message("mpoo").hasPrefix("unknown algorithm 'mpoo': expected one of mpo-adaptive,"))
    #expect(message("mpo:eta=-1") == "'mpo:eta=-1': expected eta > 0, found -1")
    #expect(message("mpo:rate=1").contains("unknown setting 'rate'"))
    #expect(message("mpo:eta").contains("with a number, found 'eta'"))
    #expect(message("mpo:sync=1.5").contains("a whole number of updates"))
    #expect(message("mpo-adaptive:eta=1").contains("has no settings"))
    #expect(message("mmd:sync=3").contains("no magnet that moves"))
    #expect(message("egpo:eta=20").contains("eta * magnet_coef is 2"))
  }

  /// K opponents leave a floor; the mean over draws is the exact vector.
  @Test func sampledFeedback() throws {
    let policy = [0.2, 0.5, 0.3]
    var source = FeedbackSource(Self.g1, .sampled(opponents: 4, seed: 3))
    var mean = [0.0, 0, 0]
    for _ in 0..<20000 {
      for (y, q) in source.winRates(against: policy).enumerated() { mean[y] += q / 20000 }
    }
    // Standard error of a mean of 80,000 draws: below 0.0015.
    for (got, want) in zip(mean, Self.g1.winRates(against: policy)) {
      #expect(abs(got - want) < 0.006)
    }
    func final(_ opponents: Int) throws -> Double {
      let run = GameRun(Self.g1, steps: 3000, feedback: .sampled(opponents: opponents, seed: 1))
      let curve = run.play(try AlgorithmChoice("mpo").make(start: Self.start))
      return try #require(curve.gap.last)
    }
    #expect(try final(1) > 1e-3)
    #expect(try final(64) < 5e-2)
    #expect(try final(64) == final(64))
  }

  @Test func curvesRecordWhatTheySay() throws {
    let run = GameRun(Self.g1, steps: 1000)
    let curve = run.play(try AlgorithmChoice("mpo").make(start: Self.start))
    #expect(curve.steps.first == 0 && curve.steps.last == 1000)
    #expect(Set(curve.steps).count == curve.steps.count && curve.steps == curve.steps.sorted())
    #expect(curve.gap[0] == Self.g1.dualityGap([0.2, 0.5, 0.3]))
    #expect(curve.gap.last == Self.g1.dualityGap(curve.policy))
    let first = try #require(curve.reached[1e-3])
    #expect(try gap("mpo", after: first) < 1e-3)
    #expect(try gap("mpo", after: first - 1) >= 1e-3)
    #expect(curve.reached[1e-6] == nil)
  }

  @Test func startsAreRead() throws {
    #expect(try GameStart("0.2,0.5,0.3") == .policy([0.2, 0.5, 0.3]))
    #expect(try GameStart("uniform").logPolicy(4).map(exp) == [0.25, 0.25, 0.25, 0.25])
    for text in ["0.2,0.5", "1,x", "", "-1,2"] {
      #expect(throws: GameError.self) { try GameStart(text) }
    }
    #expect(throws: GameError.self) { try GameStart("0.5,0.5").logPolicy(3) }
  }
}

extension PreferenceGame {
  /// A game that a test writes down.
  static func rows(_ matrix: [[Double]]) -> PreferenceGame {
    do {
      return try PreferenceGame(names: matrix.indices.map { "\($0 + 1)" }, matrix: matrix)
    } catch {
      fatalError("\(error)")
    }
  }
}
