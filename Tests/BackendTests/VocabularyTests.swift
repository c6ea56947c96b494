import Foundation
import MPOBackend
import TestSupport
import Testing

extension Conformance {
  static let transforms: [LogitTransform] = [
    .init(), .init(softcap: 30, scale: 1), .init(softcap: 2, scale: 0.7), .init(scale: 1.25),
  ]
  static let rowSizes: [(Int, Int)] = [(1, 1), (7, 2), (3, 301), (93, 16), (5, 2049)]

  @Test(arguments: TestBackends.all(), rowSizes)
  func softmax(_ named: NamedBackend, _ size: (Int, Int)) throws {
    try Fixture.run(named) { f in
      let (n, v) = size
      var numbers = Numbers(UInt64(v))
      let x = numbers.normals(n * v, scale: 4)
      let want = (0..<n).flatMap { i in
        Reference.softmax(x[(i * v)..<((i + 1) * v)].map { $0 * 0.5 }).p
      }
      let out = try f.output([n, v])
      try f.backend.softmax(try f.input(x, [n, v]), scale: 0.5, into: out)
      try f.expect(out, want, "softmax")
      for row in stride(from: 0, to: n * v, by: v) {
        let sum = try f.values(out)[row..<(row + v)].reduce(0) { $0 + Double($1) }
        #expect(abs(sum - 1) < 1e-6)
      }
      let inPlace = try f.output([n, v], values: x)
      try f.backend.softmax(inPlace, scale: 0.5, into: inPlace)
      try f.expect(inPlace, want, "softmax", "in place")
    }
  }

  @Test(arguments: TestBackends.all())
  func softmaxSpecials(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      let inf = Float.infinity
      let x: [Float] = [-inf, 0, 0, 1, .nan, 2, 3e38, -3e38, 0, 1000, 999, -inf]
      let e = 1 / (1 + exp(1.0))
      let out = try f.output([4, 3])
      try f.backend.softmax(try f.input(x, [4, 3]), scale: 1, into: out)
      try f.expect(
        out, [0, 0.5, 0.5, .nan, .nan, .nan, 1, 0, 0, 1 - e, e, 0], "softmax", "specials")
    }
  }

  @Test(arguments: TestBackends.all(), rowSizes)
  func logProbabilities(_ named: NamedBackend, _ size: (Int, Int)) throws {
    try Fixture.run(named) { f in
      let (n, v) = size
      for t in Self.transforms {
        var numbers = Numbers(UInt64(v))
        let x = (0..<3).map { _ in numbers.normals(n * v, scale: 4) }
        let targets = numbers.integers(n, below: v)
        let logs = x.map { x in
          (0..<n).map { i in
            let z = x[(i * v)..<((i + 1) * v)].map { Reference.transform($0, t) }
            return z[targets[i]] - Reference.softmax(z).lse
          }
        }
        let (tx, ty) = (try x.map { try f.input($0, [n, v]) }, try f.indices(targets))
        let out = try f.output([n])
        try f.backend.gatherLogProb(tx[0], targets: ty, transform: t, into: out)
        try f.expect(out, logs[0], "logProb", floor: 1)
        let ratios = try f.output([2, n], stride: n + 3)
        try f.backend.logRatio(
          policy: tx[0], old: tx[1], magnet: tx[2], targets: ty, transform: t, into: ratios)
        try f.expect(
          ratios, zip(logs[0], logs[1]).map(-) + zip(logs[0], logs[2]).map(-), "logProb", floor: 1)
      }
    }
  }

  @Test(arguments: TestBackends.all(), rowSizes)
  func crossEntropyRows(_ named: NamedBackend, _ size: (Int, Int)) throws {
    try Fixture.run(named) { f in
      let (n, v) = size
      for t in Self.transforms {
        var numbers = Numbers(UInt64(v))
        let x = numbers.normals(n * v, scale: 4)
        let (weights, targets) = (numbers.normals(n), numbers.integers(n, below: v))
        var (nll, gradient): ([Double], [Double]) = ([], [])
        for i in 0..<n {
          let row = Array(x[(i * v)..<((i + 1) * v)])
          let z = row.map { Reference.transform($0, t) }
          let (p, lse) = Reference.softmax(z)
          nll.append(lse - z[targets[i]])
          for j in 0..<v {
            gradient.append(
              weights[i] * (p[j] - (j == targets[i] ? 1 : 0)) * Reference.slope(row[j], t))
          }
        }
        let (ty, tw) = (try f.indices(targets), try f.input(weights, [n]))
        let (logits, out) = (try f.output([n, v], values: x), try f.output([n]))
        try f.backend.crossEntropyRows(
          logits, targets: ty, weights: tw, transform: t, nll: out, gradient: true)
        try f.expect(out, nll, "crossEntropy", floor: 1)
        try f.expect(logits, gradient, "crossEntropy", floor: v == 1 ? 1 : 1e-7, "gradient")
        let only = try f.output([n])
        try f.backend.crossEntropyRows(
          try f.input(x, [n, v]), targets: ty, weights: tw, transform: t, nll: only,
          gradient: false)
        try f.expect(only, nll, "crossEntropy", floor: 1)
      }
    }
  }

  @Test(arguments: TestBackends.all())
  func emptyVocabularyRows(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      let (x, none, ids) = (try f.output([0, 5]), try f.output([0]), try f.indices([]))
      let b = f.backend
      try b.softmax(x, scale: 1, into: x)
      try b.gatherLogProb(x, targets: ids, transform: .init(), into: none)
      try b.crossEntropyRows(
        x, targets: ids, weights: none, transform: .init(), nll: none, gradient: true)
      try b.magneticLossRows(
        policy: x, old: x, magnet: x, targets: ids, advantages: none, weights: none,
        settings: .init(alpha: 1, eta: 1),
        components: try f.output([MagneticComponent.count, 0]), gradient: true)
      try b.sample(
        x, rows: ids, settings: .init(), seed: 1, stream: 0, index: 0, into: ids, logProbs: none)
    }
  }

  /// Sequences of 3, 0, 70 and 1 rows.
  @Test(arguments: TestBackends.all())
  func advantageWithKLToGo(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      let starts = [0, 3, 3, 73, 74]
      var numbers = Numbers(4)
      let a = numbers.normals(74)
      let (m, o) = (numbers.uniforms(74), numbers.uniforms(74))
      var want = a
      for (from, to) in zip(starts, starts.dropFirst()) {
        for t in from..<to {
          for u in (t + 1)..<max(t + 1, to) { want[t] -= Double(Float(0.3)) * m[u] + o[u] / 0.5 }
        }
      }
      let out = try f.output([74])
      try f.backend.advantageWithKLToGo(
        advantages: try f.input(a, [74]), klMagnet: try f.input(m, [74]),
        klOld: try f.input(o, [74]), sequences: try f.indices(starts), alpha: 0.3, eta: 0.5,
        into: out)
      try f.expect(out, want, "klToGo")
    }
  }
}
