import Foundation
import MPOBackend
import TestSupport
import Testing

extension Conformance {
  /// Game G1 of algorithm.md, and its start.
  static let g1: [Double] = [0.5, 0.1, 0.8, 0.9, 0.5, 0.1, 0.2, 0.9, 0.5]
  static let g1Start: [Double] = [0.2, 0.5, 0.3].map(log)

  static func precisions(_ f: Fixture) -> [ElementType] {
    f.backend.description.supportsFloat64 ? [.f32, .f64] : [.f32]
  }

  static func op(_ type: ElementType) -> String {
    type == .f64 ? "magneticUpdate64" : "magneticUpdate"
  }

  func update(
    _ f: Fixture, _ type: ElementType = .f32, policy: [Double], magnet: [Double],
    payoff: [Double], n: Int, _ settings: MagneticUpdateSettings
  ) throws -> (policy: Tensor, magnet: Tensor) {
    let games = policy.count / n
    let x = try f.output([games, n], type, values: policy)
    let m = try f.output([games, n], type, values: magnet)
    try f.backend.magneticUpdate(
      logPolicy: x, logMagnet: m, payoff: try f.input(payoff, [games, n, n], type),
      settings: settings)
    return (x, m)
  }

  /// Compares a call with the reference, game by game.
  func expectUpdate(
    _ f: Fixture, _ type: ElementType, policy: [Double], magnet: [Double], payoff: [Double],
    n: Int, _ settings: MagneticUpdateSettings, _ note: String = ""
  ) throws {
    var (wantX, wantM): ([Double], [Double]) = ([], [])
    for b in 0..<(policy.count / n) {
      let r = Reference.magneticUpdate(
        Array(policy[(b * n)..<((b + 1) * n)]), Array(magnet[(b * n)..<((b + 1) * n)]),
        Array(payoff[(b * n * n)..<((b + 1) * n * n)]), settings)
      wantX += r.policy
      wantM += r.magnet
    }
    let got = try update(f, type, policy: policy, magnet: magnet, payoff: payoff, n: n, settings)
    try f.expect(got.policy, wantX, Self.op(type), floor: 1, "\(note) \(settings)")
    try f.expect(got.magnet, wantM, Self.op(type), floor: 1, "\(note) magnet \(settings)")
  }

  /// algorithm.md: a fixed magnet ends at (.274917, .279723, .445360).
  @Test(arguments: TestBackends.all())
  func fixedMagnetReachesTheRegularizedEquilibrium(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      let (x, m) = try update(
        f, policy: Self.g1Start, magnet: Self.g1Start, payoff: Self.g1, n: 3,
        .init(eta: 0.3, alpha: 0.1, steps: 5000))
      let pi = try f.values(x).map { exp(Double($0)) }
      for (a, b) in zip(pi, [0.274917, 0.279723, 0.445360]) { #expect(abs(a - b) < 1e-6) }
      try f.expect(m, Self.g1Start, "magneticUpdate", "a fixed magnet stays")
    }
  }

  /// algorithm.md: MPO with T_mag = 100 has gap 4.0e-3 at 500 steps and 5.5e-5 at 1000, whether run
  /// in one call or in several.
  @Test(arguments: TestBackends.all())
  func refreshedMagnetReachesTheEquilibrium(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      for (steps, gap, digit) in [(500, 4.0e-3, 5e-5), (1000, 5.5e-5, 1e-6)] {
        let (x, _) = try update(
          f, policy: Self.g1Start, magnet: Self.g1Start, payoff: Self.g1, n: 3,
          .init(eta: 0.3, alpha: 0.1, steps: steps, syncSteps: 100))
        let pi = try f.values(x).map { exp(Double($0)) }
        #expect(abs(Reference.dualityGap(pi, Self.g1) - gap) < digit, "\(steps)")
      }
      let whole = try update(
        f, policy: Self.g1Start, magnet: Self.g1Start, payoff: Self.g1, n: 3,
        .init(eta: 0.3, alpha: 0.1, steps: 350, syncSteps: 100))
      var (x, m) = (Self.g1Start, Self.g1Start)
      for (first, steps) in [(0, 70), (70, 130), (200, 150)] {
        let part = try update(
          f, policy: x, magnet: m, payoff: Self.g1, n: 3,
          .init(eta: 0.3, alpha: 0.1, steps: steps, syncSteps: 100, firstStep: first))
        x = try f.values(part.policy).map(Double.init)
        m = try f.values(part.magnet).map(Double.init)
      }
      try f.expect(whole.policy, x, "magneticUpdate", "in several calls")
      try f.expect(whole.magnet, m, "magneticUpdate", "in several calls")
    }
  }

  /// At an equilibrium with itself as magnet nothing moves.
  @Test(arguments: TestBackends.all())
  func equilibriumIsAFixedPoint(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      let games: [([Double], [Double])] = [
        (Self.g1, [4.0 / 11, 3.0 / 11, 4.0 / 11]),
        ([0.5, 0, 1, 1, 0.5, 1.0 / 3, 0, 2.0 / 3, 0.5], [1.0 / 7, 3.0 / 7, 3.0 / 7]),
      ]
      for (payoff, equilibrium) in games {
        let start = equilibrium.map(log)
        let (x, _) = try update(
          f, policy: start, magnet: start, payoff: payoff, n: 3,
          .init(eta: 0.3, alpha: 0.1, steps: 300, syncSteps: 100))
        try f.expect(x, start, "magneticUpdate", "equilibrium")
      }
    }
  }

  @Test(
    arguments: TestBackends.all(),
    [(1, 1), (7, 2), (3, 93), (93, 5), (5, 17), (3, 64), (2, 144), (1, 300)])
  func magneticUpdate(_ named: NamedBackend, _ size: (Int, Int)) throws {
    try Fixture.run(named) { f in
      let (games, n) = size
      var numbers = Numbers(UInt64(n))
      let payoff = numbers.uniforms(games * n * n)
      // Not normalised: the update normalises.
      let (x, m) = (numbers.normals(games * n), numbers.normals(games * n))
      for type in Self.precisions(f) {
        for s in [
          MagneticUpdateSettings(eta: 0.5, alpha: 0.3, steps: 40, syncSteps: 7, firstStep: 3),
          .init(eta: 0.5, alpha: 0, steps: 9), .init(eta: 1, alpha: 1, steps: 0),
        ] {
          try expectUpdate(f, type, policy: x, magnet: m, payoff: payoff, n: n, s)
        }
      }
    }
  }

  /// An action of probability 0 keeps it.
  @Test(arguments: TestBackends.all())
  func excludedActionsStayExcluded(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      let start: [Double] = [log(0.5), -.infinity, log(0.5)]
      for alpha in [0.1, 0] {
        let (x, _) = try update(
          f, policy: start, magnet: start, payoff: Self.g1, n: 3,
          .init(eta: 0.3, alpha: alpha, steps: 10))
        let got = try f.values(x)
        #expect(got[1] == -.infinity)
        #expect(got[0].isFinite && got[2].isFinite)
      }
    }
  }
}
