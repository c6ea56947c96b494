import Foundation
import MPOBackend
import TestSupport
import Testing

extension Conformance {
  @Test(arguments: TestBackends.all(), [1, 7, 93, 144, 100_003])
  func norm(_ named: NamedBackend, _ n: Int) throws {
    try Fixture.run(named) { f in
      var numbers = Numbers(UInt64(n))
      let x = numbers.normals(n)
      let out = try f.output([1])
      try f.backend.norm(try f.input(x, [n]), into: out)
      try f.expect(out, [x.map { $0 * $0 }.reduce(0, +).squareRoot()], "norm")
      // Squares of 1e25 do not fit f32, their norm does.
      try f.backend.norm(try f.input(x.map { $0 * 1e25 }, [n]), into: out)
      let large = x.map { Double(Float($0 * 1e25)) }
      if f.kind == .cpu {
        try f.expect(out, [large.map { $0 * $0 }.reduce(0, +).squareRoot()], "norm", "large")
      }
      try f.backend.norm(try f.input([Float](), [0]), into: out)
      try f.expect(out, [0], "norm", "empty")
      try f.backend.norm(try f.input([1, .nan, 2] as [Float], [3]), into: out)
      try f.expect(out, [.nan], "norm", "NaN")
    }
  }

  @Test(arguments: TestBackends.all(), [1, 7, 93, 144, 5001])
  func adamW(_ named: NamedBackend, _ n: Int) throws {
    try Fixture.run(named) { f in
      var numbers = Numbers(UInt64(n))
      var (p, m) = (numbers.normals(n), [Double](repeating: 0, count: n))
      var v = m
      let (tp, tm) = (try f.output([n], values: p), try f.output([n], values: m))
      let (tv, norm) = (try f.output([n], values: v), try f.output([1]))
      for step in 1...4 {
        var s = AdamWSettings(
          learningRate: 0.03, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1,
          step: step, maxGradNorm: step % 2 == 0 ? 0.5 : 0)
        if step == 3 { s.maxGradNorm = 1e9 }
        let g = numbers.normals(n)
        let tg = try f.input(g, [n])
        try f.backend.norm(tg, into: norm)
        try f.backend.adamW(
          parameters: tp, gradients: tg, firstMoment: tm, secondMoment: tv, gradNorm: norm,
          settings: s)
        let size = g.map { $0 * $0 }.reduce(0, +).squareRoot()
        let (b1, b2) = (Double(s.beta1), Double(s.beta2))
        let clip = s.maxGradNorm > 0 ? min(1, Double(s.maxGradNorm) / (size + 1e-6)) : 1
        for i in 0..<n {
          m[i] = b1 * m[i] + (1 - b1) * g[i] * clip
          v[i] = b2 * v[i] + (1 - b2) * g[i] * clip * g[i] * clip
          let mHat = m[i] / (1 - pow(b1, Double(step)))
          let vHat = v[i] / (1 - pow(b2, Double(step)))
          p[i] -= Double(s.learningRate) * Double(s.weightDecay) * p[i]
          p[i] -= Double(s.learningRate) * mHat / (vHat.squareRoot() + Double(s.epsilon))
        }
        try f.expect(tp, p, "adamW", "parameters \(step)")
        try f.expect(tm, m, "adamW", "first moment \(step)")
        try f.expect(tv, v, "adamW", "second moment \(step)")
      }
    }
  }

  /// A NaN norm poisons a clipped step instead of being mistaken for "no clip".
  @Test(arguments: TestBackends.all())
  func adamWWithNaNNorm(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      let x = try (0..<3).map { _ in try f.output([2], values: [0, 0]) }
      try f.backend.adamW(
        parameters: x[0], gradients: try f.input([1, 2] as [Float], [2]), firstMoment: x[1],
        secondMoment: x[2], gradNorm: try f.input([.nan] as [Float], [1]),
        settings: .init(learningRate: 0.1, step: 1, maxGradNorm: 1))
      #expect(try f.values(x[0]).allSatisfy(\.isNaN))
    }
  }
}
