import Foundation
import MPOBackend
import TestSupport
import Testing

/// What games promise beyond one call's accuracy: f64, the half layout of antisymmetric payoffs,
/// awkward scales, the same bits for any number of threads.
extension Conformance {
  /// Preferences of n actions, P[i, j] + P[j, i] = 1 as rounding makes it in `type`.
  private func preferences(_ n: Int, _ type: ElementType, _ numbers: inout Numbers) -> [Double] {
    var p = [Double](repeating: 0.5, count: n * n)
    for i in 0..<n {
      for (j, u) in zip(0..<i, numbers.uniforms(i)) {
        // A third of full double precision, so that 1 - p rounds.
        let value = type == .f64 ? u / 3 : Double(Float(u / 3))
        p[i * n + j] = value
        p[j * n + i] = type == .f64 ? 1 - value : Double(1 - Float(value))
      }
    }
    return p
  }

  /// MPO with T_mag = 100 on game G1 goes on to the equilibrium, not to some rounding of it; and one
  /// step from the regularised equilibrium stays there.
  @Test(arguments: TestBackends.all())
  func doublePrecisionReachesTheEquilibrium(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      guard f.backend.description.supportsFloat64 else { return }
      let mpo = try update(
        f, .f64, policy: Self.g1Start, magnet: Self.g1Start, payoff: Self.g1, n: 3,
        .init(eta: 0.3, alpha: 0.1, steps: 5000, syncSteps: 100))
      #expect(Reference.dualityGap(try f.reals(mpo.policy).map(exp), Self.g1) <= 1e-13)

      let fixed = try update(
        f, .f64, policy: Self.g1Start, magnet: Self.g1Start, payoff: Self.g1, n: 3,
        .init(eta: 0.3, alpha: 0.1, steps: 5000))
      let before = try f.reals(fixed.policy)
      let after = try update(
        f, .f64, policy: before, magnet: Self.g1Start, payoff: Self.g1, n: 3,
        .init(eta: 0.3, alpha: 0.1, steps: 1))
      for (a, b) in zip(try f.reals(after.policy), before) { #expect(abs(a - b) < 1e-12) }
    }
  }

  /// Preferences, which large games hold as half a matrix, give what the plain formula gives; so do
  /// zero-sum payoffs of any scale, and preferences of which one pair is off by little.
  @Test(arguments: TestBackends.all(), [65, 93, 144, 300])
  func antisymmetricPayoffs(_ named: NamedBackend, _ n: Int) throws {
    try Fixture.run(named) { f in
      var numbers = Numbers(UInt64(n))
      let (x, m) = (numbers.normals(n), numbers.normals(n))
      let settings = MagneticUpdateSettings(eta: 0.5, alpha: 0.3, steps: 40, syncSteps: 7)
      for type in Self.precisions(f) {
        let p = preferences(n, type, &numbers)
        try expectUpdate(
          f, type, policy: x, magnet: m, payoff: p, n: n, settings, "preferences")
        var zeroSum = p
        for i in 0..<n { for j in 0..<n { zeroSum[i * n + j] = p[i * n + j] - p[j * n + i] } }
        try expectUpdate(
          f, type, policy: x, magnet: m, payoff: zeroSum.map { Double(Float($0 * 3)) }, n: n,
          settings, "zero-sum")
        for (i, j) in [(0, 0), (n - 1, 0), (1, n - 1), (n / 2, n / 2)] {
          var off = p
          off[i * n + j] += type == .f64 ? 1e-9 : 1e-2
          off[i * n + j] = type == .f64 ? off[i * n + j] : Double(Float(off[i * n + j]))
          try expectUpdate(
            f, type, policy: x, magnet: m, payoff: off, n: n, settings, "off at \(i), \(j)")
        }
      }
    }
  }

  /// Steps so long that exp of an unnormalised logarithm overflows, and logarithms so far apart that
  /// all of them underflow.
  @Test(arguments: TestBackends.all())
  func awkwardScales(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      var numbers = Numbers(5)
      for n in [3, 40] {
        let payoff = numbers.uniforms(n * n)
        let x = numbers.normals(n)
        for type in Self.precisions(f) {
          try expectUpdate(
            f, type, policy: x, magnet: x, payoff: payoff.map { Double(Float(5e4 * $0)) }, n: n,
            .init(eta: 1, alpha: 0.5, steps: 5), "large payoffs")
          let apart = (0..<n).map { Double(-2000 * ($0 % 2)) }
          try expectUpdate(
            f, type, policy: apart, magnet: apart.map { -2000 - $0 }, payoff: payoff, n: n,
            .init(eta: 1, alpha: 0.5, steps: 9, syncSteps: 4), "far apart")
          try expectUpdate(
            f, type, policy: x.map { Double(Float($0 + 3e4)) },
            magnet: x.map { Double(Float($0 - 3e4)) }, payoff: payoff, n: n,
            .init(eta: 1, alpha: 0.5, steps: 9, syncSteps: 4), "not normalised")
        }
      }
    }
  }

  /// A NaN spoils its own game and no other.
  @Test(arguments: TestBackends.all())
  func gamesKeepNaNToThemselves(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      let n = 5
      var numbers = Numbers(7)
      for type in Self.precisions(f) {
        var (x, payoff) = (numbers.normals(3 * n), numbers.uniforms(3 * n * n))
        x[2] = .nan
        payoff[n * n + 7] = .nan
        let got = try update(
          f, type, policy: x, magnet: numbers.normals(3 * n), payoff: payoff, n: n,
          .init(eta: 0.5, alpha: 0.3, steps: 4))
        let values = try f.reals(got.policy)
        let (spoiled, sound) = (values[..<(2 * n)], values[(2 * n)...])
        #expect(spoiled.filter(\.isNaN).count == 2 * n)
        #expect(sound.filter(\.isFinite).count == n)
      }
    }
  }

  /// The same bits again, and for any number of threads, shared games and own ones.
  @Test(arguments: TestBackends.all())
  func gamesRepeatBitForBit(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      var numbers = Numbers(11)
      for (games, n) in [(1, 300), (9, 300), (13, 70)] {
        for type in Self.precisions(f) {
          let payoff = (0..<games).flatMap { b in
            b % 2 == 0 ? preferences(n, type, &numbers) : numbers.uniforms(n * n)
          }
          let x = numbers.normals(games * n)
          let s = MagneticUpdateSettings(eta: 0.3, alpha: 0.1, steps: 30, syncSteps: 10)
          func bits(_ f: Fixture) throws -> [UInt64] {
            let r = try update(f, type, policy: x, magnet: x, payoff: payoff, n: n, s)
            return try (f.reals(r.policy) + f.reals(r.magnet)).map(\.bitPattern)
          }
          let first = try bits(f)
          let again = try bits(f)
          #expect(again == first)
          guard named.kind == .cpu else { continue }
          try Fixture.run(TestBackends.cpus()[0]) { one in
            let alone = try bits(one)
            #expect(alone == first)
          }
        }
      }
    }
  }

  /// Operations without f64 say so, as do mixed types and a device without double precision.
  @Test(arguments: TestBackends.all())
  func doublePrecisionIsRefusedClearly(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      guard f.backend.description.supportsFloat64 else { return }
      let backend = f.backend
      let values = [1.5, -.infinity, 1 / 3.0, 2e-300]
      let x = try backend.tensor(doubles: values, [2, 2])
      #expect(try backend.doubles(x) == values)
      #expect(try backend.doubles(x.columns(1..<2)) == [values[1], values[3]])
      let y = try backend.tensor([1, 2, 3, 4], [2, 2])
      #expect(throws: BackendError.self) { try backend.floats(x) }
      #expect(throws: BackendError.self) { try backend.doubles(y) }
      #expect(throws: BackendError.self) { try backend.fill(x, with: 0) }
      #expect(throws: BackendError.self) { try backend.copy(x, to: y) }
      #expect(throws: BackendError.self) { try backend.add(x, x, into: x) }
      #expect(throws: BackendError.self) { try backend.softmax(x, scale: 1, into: x) }
      #expect(throws: BackendError.self) { try backend.matmul(x, x, into: y) }
      let payoff = try backend.tensor(doubles: [Double](repeating: 0.5, count: 8), [2, 2, 2])
      #expect(
        throws: BackendError.argument(
          op: "magneticUpdate", "logMagnet: expected f64, found f32")
      ) {
        try backend.magneticUpdate(
          logPolicy: x, logMagnet: y, payoff: payoff, settings: .init(eta: 1, alpha: 1, steps: 1))
      }
    }
  }

  #if canImport(CLKernels)
    @Test func devicesWithoutDoublePrecisionRefuseIt() throws {
      guard let device = OpenCLDevice.all().first else {
        #expect(!TestBackends.requiresOpenCL)
        return
      }
      let backend = try OpenCLBackend(device: device, configuration: .init(float64: false))
      #expect(!backend.description.supportsFloat64)
      let error = #expect(throws: BackendError.self) { try backend.tensor(doubles: [1]) }
      #expect(error?.description.contains("no double precision") == true)
    }
  #endif
}
