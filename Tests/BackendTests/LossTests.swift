import Foundation
import MPOBackend
import TestSupport
import Testing

extension Conformance {
  struct LossCase: Sendable {
    let n: Int, v: Int
    /// How far the policies are apart, in logits.
    let distance: Double
    let settings: MagneticLossSettings
    static let all: [LossCase] = [
      .init(n: 1, v: 1, distance: 1, settings: .init(alpha: 0.1, eta: 1)),
      .init(n: 7, v: 2, distance: 1, settings: .init(alpha: 0.1, eta: 0.5, clip: 0.2)),
      .init(n: 93, v: 301, distance: 0.5, settings: .init(alpha: 0.07, eta: 0.6)),
      .init(
        n: 16, v: 301, distance: 2,
        settings: .init(alpha: 0.3, eta: 2, clip: 0.1, transform: .init(softcap: 5, scale: 1))),
      .init(
        n: 3, v: 2500, distance: 0.3,
        settings: .init(alpha: 0, eta: .infinity, transform: .init(softcap: 0, scale: 1.5))),
    ]
  }

  /// Runs magneticLossRows; checks components and gradient against the formula.
  private func checkLoss(
    _ f: Fixture, _ x: [[Double]], n: Int, v: Int, _ settings: MagneticLossSettings, op: String,
    seed: UInt64 = 9
  ) throws {
    var numbers = Numbers(seed)
    let (targets, a) = (numbers.integers(n, below: v), numbers.normals(n))
    let w = numbers.uniforms(n)
    let want = Reference.loss(
      x[0], x[1], x[2], targets: targets, advantages: a, weights: w, settings)
    let (ty, ta, tw) = (
      try f.indices(targets), try f.input(a, [n]), try f.input(w, [n])
    )
    let (old, magnet) = (try f.input(x[1], [n, v]), try f.input(x[2], [n, v]))
    for gradient in [true, false] {
      let policy =
        gradient ? try f.output([n, v], values: x[0]) : try f.input(x[0], [n, v])
      let c = try f.output([MagneticComponent.count, n], stride: n + 2)
      try f.backend.magneticLossRows(
        policy: policy, old: old, magnet: magnet, targets: ty, advantages: ta, weights: tw,
        settings: settings, components: c, gradient: gradient)
      let got = try f.values(c).map(Double.init)
      for (k, name) in MagneticComponent.allCases.enumerated() {
        // With one token every divergence is 0, and rounding is measured against 1.
        compare(
          Array(got[(k * n)..<((k + 1) * n)]), want.components[k], Tolerance.of(op, f.kind),
          floor: v == 1 ? 1 : 1e-7, "\(name)")
      }
      if gradient {
        try f.expect(
          policy, want.gradient, op == "smallKL" ? op : "lossGradient", floor: v == 1 ? 1 : 1e-7)
      }
    }
  }

  @Test(arguments: TestBackends.all(), LossCase.all)
  func magneticLossRows(_ named: NamedBackend, _ s: LossCase) throws {
    try Fixture.run(named) { f in
      var numbers = Numbers(UInt64(s.v))
      let base = numbers.normals(s.n * s.v, scale: 2)
      let x = (0..<3).map { _ in
        zip(base, numbers.normals(s.n * s.v, scale: s.distance)).map { Double(Float($0 + $1)) }
      }
      try checkLoss(f, x, n: s.n, v: s.v, s.settings, op: "loss")
    }
  }

  /// Policies 1e-2 and 1e-3 apart have divergences of 5e-5 and 5e-7 nats, which a difference of
  /// log-sum-exps in Float would lose; the gradient is then all magnet and proximal term.
  @Test(arguments: TestBackends.all(), [1e-2, 1e-3])
  func smallDivergences(_ named: NamedBackend, _ distance: Double) throws {
    try Fixture.run(named) { f in
      let (n, v) = (9, 301)
      var numbers = Numbers(6)
      let base = numbers.normals(n * v, scale: 2)
      let x = (0..<3).map { _ in
        zip(base, numbers.normals(n * v, scale: distance)).map { Double(Float($0 + $1)) }
      }
      try checkLoss(f, x, n: n, v: v, .init(alpha: 0.1, eta: 1), op: "smallKL")
    }
  }

  /// A token that the policy excludes (-inf) counts nothing; one that only the magnet excludes
  /// makes the divergence infinite; a NaN stays in its row.
  @Test(arguments: TestBackends.all())
  func magneticLossSpecials(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      let (n, v) = (3, 20)
      var numbers = Numbers(7)
      var x = (0..<3).map { _ in numbers.normals(n * v) }
      for k in 0..<3 { x[k][5] = -.infinity }
      x[0][6] = -.infinity
      x[0][v + 3] = .nan
      let (y, a) = (try f.indices([0, 0, 0]), try f.input([Float](repeating: 1, count: n), [n]))
      let settings = MagneticLossSettings(alpha: 0.1, eta: 1)
      let want = Reference.loss(
        x[0], x[1], x[2], targets: [0, 0, 0], advantages: [1, 1, 1], weights: [1, 1, 1], settings)
      let policy = try f.output([n, v], values: x[0])
      let c = try f.output([MagneticComponent.count, n])
      try f.backend.magneticLossRows(
        policy: policy, old: try f.input(x[1], [n, v]), magnet: try f.input(x[2], [n, v]),
        targets: y, advantages: a, weights: a, settings: settings, components: c, gradient: true)
      let got = try f.values(c).map(Double.init)
      compare(
        got,
        want.components.flatMap { $0 }.enumerated().map { i, value in
          // The reference's own log-probabilities of other policies stay finite in the NaN row.
          i % n == 1 && got[i].isNaN ? .nan : value
        }, Tolerance.of("loss", f.kind), "components")
      for k in 0..<7 { #expect(got[k * n + 1].isNaN) }
      let gradient = try f.values(policy)
      #expect((v..<(2 * v)).allSatisfy { gradient[$0].isNaN })
      #expect((0..<v).allSatisfy { gradient[$0].isFinite })
      #expect(((2 * v)..<(3 * v)).allSatisfy { gradient[$0].isFinite })

      x[2][2 * v + 4] = -.infinity
      try f.backend.magneticLossRows(
        policy: try f.input(x[0], [n, v]), old: try f.input(x[1], [n, v]),
        magnet: try f.input(x[2], [n, v]), targets: y, advantages: a, weights: a,
        settings: settings, components: c, gradient: false)
      #expect(try f.values(c)[MagneticComponent.klMagnet.rawValue * n + 2] == .infinity)
    }
  }

  /// Directional derivative of the loss along a random direction against the gradient.
  @Test(arguments: TestBackends.all())
  func lossAdjoint(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      let (n, v) = (4, 93)
      var numbers = Numbers(11)
      let x = (0..<3).map { _ in numbers.normals(n * v) }
      let direction = numbers.normals(n * v)
      let (y, a) = (
        try f.indices(numbers.integers(n, below: v)), try f.input(numbers.normals(n), [n])
      )
      let weights = numbers.uniforms(n)
      let w = try f.input(weights, [n])
      let settings = MagneticLossSettings(
        alpha: 0.2, eta: 0.5, transform: .init(softcap: 10, scale: 1.2))
      let (old, magnet) = (try f.input(x[1], [n, v]), try f.input(x[2], [n, v]))
      func total(_ logits: Tensor, gradient: Bool) throws -> Double {
        let c = try f.output([MagneticComponent.count, n])
        try f.backend.magneticLossRows(
          policy: logits, old: old, magnet: magnet, targets: y, advantages: a, weights: w,
          settings: settings, components: c, gradient: gradient)
        return zip(try f.values(c), weights).map { Double($0) * $1 }.reduce(0, +)
      }
      let h = 0x1p-6
      let ahead = try total(
        try f.input(zip(x[0], direction).map { $0 + h * $1 }, [n, v]), gradient: false)
      let behind = try total(
        try f.input(zip(x[0], direction).map { $0 - h * $1 }, [n, v]), gradient: false)
      let policy = try f.output([n, v], values: x[0])
      _ = try total(policy, gradient: true)
      let along = zip(try f.values(policy), direction).map { Double($0) * $1 }.reduce(0, +)
      #expect(abs((ahead - behind) / (2 * h) - along) < 2e-3 * abs(along) + 1e-4)
    }
  }
}

extension Conformance {
  /// A frozen projection that is only stored in bf16, with f32 products: losses and d hidden are those
  /// of its widened copy, and no gradient of it is made.
  @Test(arguments: TestBackends.all())
  func frozenHalfProjection(_ named: NamedBackend) throws {
    let (n, c, v) = (29, 24, 301)
    try Fixture.run(named) { f in
      var numbers = Numbers(41)
      let hidden = (0..<2).map { _ in numbers.normals(n * c) }
      let weight = numbers.normals(v * c, scale: 0.5)
      let targets = try f.indices(numbers.integers(n, below: v))
      let advantages = try f.input(numbers.normals(n), [n])
      let weights = try f.input(numbers.uniforms(n), [n])
      func run(
        _ stored: Tensor, _ precision: ProductPrecision? = .f32
      ) throws -> (losses: [Double], gradients: [Double]) {
        let policies = try hidden.map {
          ProjectedPolicy(hidden: try f.input($0, [n, c]), weight: stored, precision: precision)
        }
        let dHidden = try f.output([n, c])
        let components = try f.backend.magneticLoss(
          policy: policies[0], old: nil, magnet: policies[1], targets: targets,
          advantages: advantages, weights: weights, settings: .init(alpha: 0.3, eta: 0.7),
          gradients: .init(dHidden: dHidden, dWeight: nil), chunkRows: 8)
        let gradients = try f.reals(dHidden)
        let nll = try f.backend.crossEntropy(
          policies[0], targets: targets, weights: weights,
          gradients: .init(dHidden: dHidden, dWeight: nil), chunkRows: 8)
        return (
          try (f.backend.floats(components) + f.backend.floats(nll)).map(Double.init),
          try gradients + f.reals(dHidden)
        )
      }
      let half = try run(try f.input(weight, [v, c], .bf16))
      let wide = try run(try f.input(Self.entering(weight, .bf16, .f32), [v, c]))
      // Both ways sum the same products, in another order perhaps.
      compare(half.losses, wide.losses, 2 * Tolerance.of("loss", f.kind), "losses")
      compare(half.gradients, wide.gradients, 2 * Tolerance.of("lossGradient", f.kind), "dHidden")
      // Without a word on precision hidden states are rounded too, and results are 1e-3 away.
      let rounded = try run(try f.input(weight, [v, c], .bf16), nil)
      #expect(zip(rounded.losses, wide.losses).contains { abs($0 - $1) > 1e-4 * abs($1) })
    }
  }

  /// A policy that has not moved since it generated: what its own copy as `old` gives, with a ratio
  /// of exactly 1 and no divergence from it at all.
  @Test(arguments: TestBackends.all(), [Float(0), 3])
  func unmovedPolicy(_ named: NamedBackend, _ softcap: Float) throws {
    let (n, c, v) = (9, 24, 93)
    try Fixture.run(named) { f in
      var numbers = Numbers(31)
      let hidden = numbers.normals(n * c)
      let weight = numbers.normals(v * c, scale: 0.5)
      let magnet = ProjectedPolicy(
        hidden: try f.input(numbers.normals(n * c), [n, c]),
        weight: try f.input(numbers.normals(v * c, scale: 0.5), [v, c]))
      let policy = ProjectedPolicy(
        hidden: try f.input(hidden, [n, c]), weight: try f.input(weight, [v, c]))
      let copy = ProjectedPolicy(
        hidden: try f.input(hidden, [n, c]), weight: try f.input(weight, [v, c]))
      let targets = try f.indices(numbers.integers(n, below: v))
      let advantages = try f.input(numbers.normals(n), [n])
      let weights = try f.input(numbers.uniforms(n), [n])
      func run(_ old: ProjectedPolicy?) throws -> (components: [Double], gradients: [Double]) {
        let dHidden = try f.output([n, c])
        let dWeight = try f.output([v, c], values: .init(repeating: 0, count: v * c))
        let components = try f.backend.magneticLoss(
          policy: policy, old: old, magnet: magnet, targets: targets, advantages: advantages,
          weights: weights,
          settings: .init(alpha: 0.3, eta: 0.7, clip: 0.2, transform: .init(softcap: softcap)),
          gradients: .init(dHidden: dHidden, dWeight: dWeight), chunkRows: 4)
        return (
          try f.backend.floats(components).map(Double.init),
          try f.reals(dHidden) + f.reals(dWeight)
        )
      }
      let (unmoved, other) = (try run(nil), try run(copy))
      let tolerance = Tolerance.of("loss", f.kind)
      compare(unmoved.components, other.components, tolerance, "components")
      compare(unmoved.gradients, other.gradients, tolerance, "gradients")
      func row(_ k: MagneticComponent) -> ArraySlice<Double> {
        unmoved.components[(k.rawValue * n)..<((k.rawValue + 1) * n)]
      }
      #expect(row(.klOld).allSatisfy { $0 == 0 })
      #expect(row(.ratio).allSatisfy { $0 == 1 })
    }
  }

  /// 144 MiB of logits in chunks of one size, whole tiles where there are several.
  @Test func chunksOfLogitsAreEqual() throws {
    let backend = try CPUBackend(threads: 1)
    #expect(backend.logitChunkRows(1024, vocabulary: 49152) == 256)
    #expect(backend.logitChunkRows(1024, vocabulary: 32000) == 352)
    #expect(backend.logitChunkRows(1024, vocabulary: 32000, policies: 1) == 1024)
    #expect(backend.logitChunkRows(257, vocabulary: 49152) == 160)
    #expect(backend.logitChunkRows(93, vocabulary: 49152) == 93)
    #expect(backend.logitChunkRows(93, vocabulary: 1 << 24) == 16)
    #expect(backend.logitChunkRows(0, vocabulary: 10) == 1)
  }
}
