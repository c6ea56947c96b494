import Foundation
import MPOBackend
import TestSupport
import Testing

extension Conformance {
  @Test(arguments: TestBackends.all(), normSizes)
  func layerNorm(_ named: NamedBackend, _ size: (Int, Int)) throws {
    try Fixture.run(named) { f in
      let (n, c) = size
      var numbers = Numbers(UInt64(n))
      let x = numbers.normals(n * c).map { Double(Float($0 + 1)) }
      let (weight, bias) = (numbers.normals(c), numbers.normals(c))
      let want = Reference.layerNorm(x, weight, bias, epsilon: 1e-5)
      let (tx, tw) = (try f.input(x, [n, c]), try f.input(weight, [c]))
      let (out, statistics) = (try f.output([n, c]), try f.output([2, n]))
      try f.backend.layerNorm(
        tx, weight: tw, bias: try f.input(bias, [c]), epsilon: 1e-5, into: out,
        statistics: statistics)
      try f.expect(out, want.out, "layerNorm")
      try f.expect(statistics, want.mean + want.r, "layerNorm", "statistics")

      let (d, base) = (numbers.normals(n * c), numbers.normals(n * c))
      let (dw, db) = (numbers.normals(c), numbers.normals(c))
      let back = Self.layerNormBackward(d, x, weight, want.mean, want.r)
      for (accumulate, frozen) in [(false, false), (true, false), (false, true)] {
        let dX = try f.output([n, c], values: accumulate ? base : nil)
        let dWeight = try f.output([c], values: dw)
        let dBias = try f.output([c], values: db)
        try f.backend.layerNormBackward(
          try f.input(d, [n, c]), x: tx, weight: tw, statistics: statistics, into: dX,
          accumulate: accumulate, dWeight: frozen ? nil : dWeight, dBias: frozen ? nil : dBias)
        // With one column out does not depend on x: dX is rounding alone, times r = 316.
        try f.expect(
          dX, accumulate ? zip(base, back.dX).map(+) : back.dX, "layerNormBackward",
          floor: c == 1 ? 316 : 1e-7)
        try f.expect(
          dWeight, frozen ? dw : zip(dw, back.dWeight).map(+), "layerNormBackward", "dWeight")
        try f.expect(dBias, frozen ? db : zip(db, back.dBias).map(+), "layerNormBackward", "dBias")
      }
    }
  }

  private static func layerNormBackward(
    _ d: [Double], _ x: [Double], _ weight: [Double], _ mean: [Double], _ r: [Double]
  ) -> (dX: [Double], dWeight: [Double], dBias: [Double]) {
    let c = weight.count
    var (dX, dWeight, dBias) = (x, [Double](repeating: 0, count: c), [Double]())
    dBias = dWeight
    for i in r.indices {
      let y = (0..<c).map { (x[i * c + $0] - mean[i]) * r[i] }
      let g = (0..<c).map { d[i * c + $0] * weight[$0] }
      let a = g.reduce(0, +) / Double(c)
      let b = zip(g, y).map(*).reduce(0, +) / Double(c)
      for j in 0..<c {
        dX[i * c + j] = r[i] * (g[j] - a - y[j] * b)
        dWeight[j] += d[i * c + j] * y[j]
        dBias[j] += d[i * c + j]
      }
    }
    return (dX, dWeight, dBias)
  }

  /// A constant row and a NaN; and a mean 1000 times the deviation, where a mean of squares less a
  /// squared mean has no digit left.
  @Test(arguments: TestBackends.all())
  func layerNormSpecials(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      let c = 301
      var numbers = Numbers(2)
      var x = [Double](repeating: 3, count: c)
      x += numbers.normals(c).map { Double(Float(4000 + 4 * $0)) }
      x += numbers.normals(c)
      x[2 * c + 7] = .nan
      let (weight, bias) = (numbers.normals(c), numbers.normals(c))
      let want = Reference.layerNorm(x, weight, bias, epsilon: 1e-5)
      let (out, statistics) = (try f.output([3, c]), try f.output([2, 3]))
      try f.backend.layerNorm(
        try f.input(x, [3, c]), weight: try f.input(weight, [c]), bias: try f.input(bias, [c]),
        epsilon: 1e-5, into: out, statistics: statistics)
      // The mean's own rounding, u * 4000 / 4 of the deviation, is all that is lost.
      let tolerance = Tolerance.of("layerNorm", f.kind) + 1000 * 0x1p-24
      compare(try f.reals(out), want.out, tolerance, "layerNorm")
      compare(try f.reals(statistics), want.mean + want.r, 1e-6, "statistics")
    }
  }
}
