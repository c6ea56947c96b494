import Foundation
import MPOBackend
import TestSupport
import Testing

extension Conformance {
  static let normSizes = [(1, 1), (7, 93), (93, 7), (144, 144), (3, 2311), (257, 5), (2, 257)]

  @Test(arguments: TestBackends.all(), normSizes)
  func rmsNorm(_ named: NamedBackend, _ size: (Int, Int)) throws {
    try Fixture.run(named) { f in
      let (n, c) = size
      var numbers = Numbers(UInt64(n))
      let (x, weight) = (numbers.normals(n * c), numbers.normals(c))
      let (d, base) = (numbers.normals(n * c), numbers.normals(n * c))
      let dw = numbers.normals(c)
      // Odd sizes as Gemma has it: the weight is stored without its 1.
      let settings = RMSNormSettings(epsilon: 1e-5, weightOffset: n % 2 == 1 ? 1 : 0)
      let (tx, tw) = (try f.input(x, [n, c]), try f.input(weight, [c]))
      let (out, r) = (try f.output([n, c]), try f.output([n]))
      try f.backend.rmsNorm(
        tx, weight: tw, settings: settings, into: out, inverseRMS: r)
      let want = Reference.rmsNorm(x, weight, settings)
      try f.expect(out, want.out, "rmsNorm")
      try f.expect(r, want.r, "rmsNorm", "inverse")

      // A residual added first, in place.
      let total = try f.output([n, c], values: zip(x, base).map(-))
      let (sumOut, sumR) = (try f.output([n, c]), try f.output([n]))
      try f.backend.addRMSNorm(
        try f.input(base, [n, c]), to: total, weight: tw, settings: settings,
        into: sumOut, inverseRMS: sumR)
      let sums = zip(zip(x, base).map { Double(Float($0 - $1)) }, base).map(+)
      let wantSum = Reference.rmsNorm(sums, weight, settings)
      try f.expect(total, sums, "add")
      try f.expect(sumOut, wantSum.out, "rmsNorm", "of a sum")
      try f.expect(sumR, wantSum.r, "rmsNorm", "inverse of a sum")

      let back = Reference.rmsNormBackward(d, x, weight, want.r, settings)
      for accumulate in [false, true] {
        let dX = try f.output([n, c], values: accumulate ? base : nil)
        let dWeight = try f.output([c], values: dw)
        try f.backend.rmsNormBackward(
          try f.input(d, [n, c]), x: tx, weight: tw, settings: settings,
          inverseRMS: r, into: dX, accumulate: accumulate, dWeight: dWeight)
        // With one column out does not depend on x: dX is rounding alone, so add the base's size.
        let wantX = accumulate ? zip(base, back.dx).map(+) : back.dx
        try f.expect(dX, wantX, "rmsNormBackward", floor: c == 1 ? 1 : 1e-7)
        try f.expect(dWeight, zip(dw, back.dWeight).map(+), "rmsNormBackward", "dWeight")
        // A frozen weight changes nothing of dX.
        let frozen = try f.output([n, c], values: accumulate ? base : nil)
        try f.backend.rmsNormBackward(
          try f.input(d, [n, c]), x: tx, weight: tw, settings: settings, inverseRMS: r,
          into: frozen, accumulate: accumulate, dWeight: nil)
        #expect(try f.values(frozen).map(\.bitPattern) == f.values(dX).map(\.bitPattern))
      }
    }
  }

  @Test(arguments: TestBackends.all())
  func rmsNormSpecials(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      // A row of zeros is finite thanks to epsilon; a NaN stays in its row.
      let x: [Double] = [0, 0, 0, 1, .nan, 2, 3, 4, 5]
      let weight: [Double] = [1, 2, 3]
      let (out, r) = (try f.output([3, 3]), try f.output([3]))
      try f.backend.rmsNorm(
        try f.input(x, [3, 3]), weight: try f.input(weight, [3]),
        settings: .init(epsilon: 1e-6), into: out, inverseRMS: r)
      let want = Reference.rmsNorm(x, weight, .init(epsilon: 1e-6))
      try f.expect(out, want.out, "rmsNorm")
      try f.expect(r, want.r, "rmsNorm")
    }
  }

  struct HeadNormCase: Sendable, CustomStringConvertible {
    let n: Int, heads: Int, groups: Int, width: Int
    var description: String { "\(n) H\(heads) G\(groups) D\(width)" }
    var shape: AttentionShape {
      AttentionShape(heads: heads, keyValueHeads: groups, headWidth: width, scale: 1)
    }
    static let all: [HeadNormCase] = [
      .init(n: 1, heads: 1, groups: 1, width: 2), .init(n: 7, heads: 4, groups: 2, width: 6),
      .init(n: 93, heads: 3, groups: 1, width: 64), .init(n: 144, heads: 2, groups: 2, width: 80),
      .init(n: 257, heads: 1, groups: 1, width: 8), .init(n: 5, heads: 4, groups: 1, width: 256),
    ]
  }

  @Test(arguments: TestBackends.all(), HeadNormCase.all)
  func headRMSNorm(_ named: NamedBackend, _ s: HeadNormCase) throws {
    try Fixture.run(named) { f in
      let (n, d, w, normed) = (s.n, s.width, s.shape.packedWidth, s.heads + s.groups)
      var numbers = Numbers(UInt64(n + d))
      let (x, g) = (numbers.normals(n * w), numbers.normals(n * w))
      let weights = [numbers.normals(d), numbers.normals(d)]
      let bases = [numbers.normals(d), numbers.normals(d)]
      let settings = RMSNormSettings(epsilon: 1e-6, weightOffset: n % 2 == 1 ? 1 : 0)
      var (out, back, inverse, dWeights) = (x, g, [Double](), bases)
      for row in 0..<n {
        for h in 0..<normed {
          let (at, k) = (row * w + h * d, h < s.heads ? 0 : 1)
          let head = Array(x[at..<(at + d)])
          let want = Reference.rmsNorm(head, weights[k], settings)
          let dHead = Reference.rmsNormBackward(
            Array(g[at..<(at + d)]), head, weights[k], want.r, settings)
          out.replaceSubrange(at..<(at + d), with: want.out)
          back.replaceSubrange(at..<(at + d), with: dHead.dx)
          dWeights[k] = zip(dWeights[k], dHead.dWeight).map(+)
          inverse += want.r
        }
      }
      let (tx, tg) = (try f.input(x, [n, w]), try f.input(g, [n, w]))
      let (query, key) = (try f.input(weights[0], [d]), try f.input(weights[1], [d]))
      let (got, r) = (try f.output([n, w]), try f.output([n, normed]))
      try f.backend.headRMSNorm(
        tx, queryWeight: query, keyWeight: key, shape: s.shape, settings: settings, into: got,
        inverseRMS: r)
      try f.expect(got, out, "rmsNorm")
      try f.expect(r, inverse, "rmsNorm", "inverse")
      for (hasQuery, hasKey) in [(true, true), (true, false), (false, true), (false, false)] {
        let dQKV = try f.output([n, w])
        let dQuery = try f.output([d], values: bases[0])
        let dKey = try f.output([d], values: bases[1])
        try f.backend.headRMSNormBackward(
          tg, qkv: tx, queryWeight: query, keyWeight: key, shape: s.shape, settings: settings,
          inverseRMS: r, into: dQKV, dQueryWeight: hasQuery ? dQuery : nil,
          dKeyWeight: hasKey ? dKey : nil)
        try f.expect(dQKV, back, "rmsNormBackward")
        try f.expect(dQuery, hasQuery ? dWeights[0] : bases[0], "rmsNormBackward", "query")
        try f.expect(dKey, hasKey ? dWeights[1] : bases[1], "rmsNormBackward", "key")
      }
    }
  }

  /// A NaN stays in its head of its row.
  @Test(arguments: TestBackends.all())
  func headRMSNormSpecials(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      let shape = AttentionShape(heads: 2, keyValueHeads: 1, headWidth: 2, scale: 1)
      var x = [Double](repeating: 1, count: 16)
      x[3] = .nan
      x[8] = 0
      x[9] = 0
      let one = try f.input([1, 1] as [Double], [2])
      let (out, r) = (try f.output([2, 8]), try f.output([2, 3]))
      try f.backend.headRMSNorm(
        try f.input(x, [2, 8]), queryWeight: one, keyWeight: one, shape: shape,
        settings: .init(epsilon: 1e-6), into: out, inverseRMS: r)
      let u = 1 / (1 + 1e-6).squareRoot()
      try f.expect(
        out, [u, u, .nan, .nan, u, u, 1, 1, 0, 0, u, u, u, u, 1, 1], "rmsNorm")
    }
  }
}
