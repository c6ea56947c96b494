import Foundation
import MPOBackend
import TestSupport
import Testing

extension Conformance {
  @Test(arguments: TestBackends.all(), [(1, 1), (7, 93), (93, 7), (144, 144), (3, 2311)])
  func rmsNorm(_ named: NamedBackend, _ size: (Int, Int)) throws {
    try Fixture.run(named) { f in
      let (n, c) = size
      var numbers = Numbers(UInt64(n))
      let (x, weight) = (numbers.normals(n * c), numbers.normals(c))
      let (d, base) = (numbers.normals(n * c), numbers.normals(n * c))
      let dw = numbers.normals(c)
      let (tx, tw) = (try f.input(x, [n, c]), try f.input(weight, [c]))
      let (out, r) = (try f.output([n, c]), try f.output([n]))
      try f.backend.rmsNorm(tx, weight: tw, epsilon: 1e-5, into: out, inverseRMS: r)
      let want = Reference.rmsNorm(x, weight, epsilon: Double(Float(1e-5)))
      try f.expect(out, want.out, "rmsNorm")
      try f.expect(r, want.r, "rmsNorm", "inverse")

      // A residual added first, in place.
      let total = try f.output([n, c], values: zip(x, base).map(-))
      let (sumOut, sumR) = (try f.output([n, c]), try f.output([n]))
      try f.backend.addRMSNorm(
        try f.input(base, [n, c]), to: total, weight: tw, epsilon: 1e-5, into: sumOut,
        inverseRMS: sumR)
      let sums = zip(zip(x, base).map { Double(Float($0 - $1)) }, base).map(+)
      let wantSum = Reference.rmsNorm(sums, weight, epsilon: Double(Float(1e-5)))
      try f.expect(total, sums, "add")
      try f.expect(sumOut, wantSum.out, "rmsNorm", "of a sum")
      try f.expect(sumR, wantSum.r, "rmsNorm", "inverse of a sum")

      let back = Reference.rmsNormBackward(d, x, weight, want.r)
      for accumulate in [false, true] {
        let dX = try f.output([n, c], values: accumulate ? base : nil)
        let dWeight = try f.output([c], values: dw)
        try f.backend.rmsNormBackward(
          try f.input(d, [n, c]), x: tx, weight: tw, inverseRMS: r, into: dX,
          accumulate: accumulate, dWeight: dWeight)
        // With one column out does not depend on x: dX is rounding alone, so add the base's size.
        let wantX = accumulate ? zip(base, back.dx).map(+) : back.dx
        try f.expect(dX, wantX, "rmsNormBackward", floor: c == 1 ? 1 : 1e-7)
        try f.expect(dWeight, zip(dw, back.dWeight).map(+), "rmsNormBackward", "dWeight")
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
        try f.input(x, [3, 3]), weight: try f.input(weight, [3]), epsilon: 1e-6, into: out,
        inverseRMS: r)
      let want = Reference.rmsNorm(x, weight, epsilon: Double(Float(1e-6)))
      try f.expect(out, want.out, "rmsNorm")
      try f.expect(r, want.r, "rmsNorm")
    }
  }

  struct RotaryCase: Sendable {
    let n: Int, heads: Int, width: Int, extra: Int
  }

  @Test(
    arguments: TestBackends.all(),
    [
      RotaryCase(n: 1, heads: 1, width: 2, extra: 0),
      RotaryCase(n: 7, heads: 3, width: 6, extra: 12),
      RotaryCase(n: 93, heads: 5, width: 8, extra: 3),
      RotaryCase(n: 20, heads: 4, width: 64, extra: 128),
    ])
  func rotary(_ named: NamedBackend, _ s: RotaryCase) throws {
    try Fixture.run(named) { f in
      let (table, half) = (50, s.width / 2)
      let columns = s.heads * s.width + s.extra
      var numbers = Numbers(UInt64(s.n))
      let x = numbers.normals(s.n * columns)
      let angles = numbers.uniforms(table * half).map { $0 * 6 }
      let cosine = angles.map { Double(Float(cos($0))) }
      let sine = angles.map { Double(Float(sin($0))) }
      let positions = numbers.integers(s.n, below: table)
      for inverse in [false, true] {
        var want = x
        for n in 0..<s.n {
          for h in 0..<s.heads {
            for i in 0..<half {
              let at = n * columns + h * s.width + i
              let c = cosine[positions[n] * half + i]
              let t = sine[positions[n] * half + i] * (inverse ? -1 : 1)
              want[at] = x[at] * c - x[at + half] * t
              want[at + half] = x[at + half] * c + x[at] * t
            }
          }
        }
        let out = try f.output([s.n, columns], values: x)
        try f.backend.rotary(
          out, heads: s.heads, headWidth: s.width, positions: try f.indices(positions),
          cosine: try f.input(cosine, [table, half]), sine: try f.input(sine, [table, half]),
          inverse: inverse)
        try f.expect(out, want, "rotary")
      }
    }
  }

  @Test(arguments: TestBackends.all(), [(1, 1), (7, 93), (93, 7), (144, 144)])
  func swiGLU(_ named: NamedBackend, _ size: (Int, Int)) throws {
    try Fixture.run(named) { f in
      let (n, width) = size
      var numbers = Numbers(UInt64(n))
      let x = numbers.normals(n * 2 * width, scale: 3)
      let d = numbers.normals(n * width)
      var (want, back) = ([Double](), [Double](repeating: 0, count: x.count))
      for i in 0..<n {
        for j in 0..<width {
          let (g, u) = (x[i * 2 * width + j], x[i * 2 * width + width + j])
          let s = Reference.sigmoid(g)
          want.append(g * s * u)
          back[i * 2 * width + j] = d[i * width + j] * u * s * (1 + g * (1 - s))
          back[i * 2 * width + width + j] = d[i * width + j] * g * s
        }
      }
      let gateUp = try f.input(x, [n, 2 * width])
      let (out, dGateUp) = (try f.output([n, width]), try f.output([n, 2 * width]))
      try f.backend.swiGLU(gateUp, into: out)
      try f.expect(out, want, "swiGLU")
      try f.backend.swiGLUBackward(try f.input(d, [n, width]), gateUp: gateUp, into: dGateUp)
      try f.expect(dGateUp, back, "swiGLUBackward")
    }
  }

  /// Gates far outside exp's range: silu(-200) is 0 and silu(200) is 200.
  @Test(arguments: TestBackends.all())
  func swiGLUSaturates(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      let gateUp = try f.input([Float]([-200, 200, -90, .nan, 1, 1, 1, 1]), [1, 8])
      let (out, back) = (try f.output([1, 4]), try f.output([1, 8]))
      try f.backend.swiGLU(gateUp, into: out)
      try f.expect(out, [0, 200, 0, .nan], "swiGLU")
      try f.backend.swiGLUBackward(
        try f.input([Float](repeating: 1, count: 4), [1, 4]), gateUp: gateUp, into: back)
      try f.expect(back, [0, 1, 0, .nan, 0, 200, 0, .nan], "swiGLUBackward")
    }
  }
}
