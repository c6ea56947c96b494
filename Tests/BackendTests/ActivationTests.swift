import Foundation
import MPOBackend
import TestSupport
import Testing

extension Conformance {
  @Test(
    arguments: TestBackends.all(), [(1, 1), (7, 93), (93, 7), (144, 144), (2, 257), (257, 3)])
  func gatedUnit(_ named: NamedBackend, _ size: (Int, Int)) throws {
    try Fixture.run(named) { f in
      let (n, width) = size
      var numbers = Numbers(UInt64(n))
      let x = numbers.normals(n * 2 * width, scale: 3)
      let d = numbers.normals(n * width)
      let (gateUp, dOut) = (try f.input(x, [n, 2 * width]), try f.input(d, [n, width]))
      for a in Activation.allCases {
        var (want, back) = ([Double](), [Double](repeating: 0, count: x.count))
        for i in 0..<n {
          for j in 0..<width {
            let (at, g) = (i * 2 * width + j, d[i * width + j])
            let (y, slope) = Reference.activation(x[at], a)
            want.append(y * x[at + width])
            back[at] = g * x[at + width] * slope
            back[at + width] = g * y
          }
        }
        let (out, dGateUp) = (try f.output([n, width]), try f.output([n, 2 * width]))
        try f.backend.gatedUnit(gateUp, activation: a, into: out)
        try f.expect(out, want, "activation", "\(a)")
        try f.backend.gatedUnitBackward(dOut, gateUp: gateUp, activation: a, into: dGateUp)
        try f.expect(dGateUp, back, "activationBackward", "\(a)")
      }
    }
  }

  @Test(arguments: TestBackends.all(), [1, 7, 93, 144, 257, 70_001])
  func activate(_ named: NamedBackend, _ n: Int) throws {
    try Fixture.run(named) { f in
      var numbers = Numbers(UInt64(n))
      let (x, d) = (numbers.normals(n, scale: 2), numbers.normals(n))
      for a in Activation.allCases {
        let want = x.map { Reference.activation($0, a).y }
        let out = try f.output([n])
        try f.backend.activate(try f.input(x, [n]), a, into: out)
        try f.expect(out, want, "activation", "\(a)")
        let inPlace = try f.output([n], values: x)
        try f.backend.activate(inPlace, a, into: inPlace)
        try f.expect(inPlace, want, "activation", "\(a) in place")
        let back = try f.output([n])
        try f.backend.activateBackward(try f.input(d, [n]), x: try f.input(x, [n]), a, into: back)
        try f.expect(
          back, zip(d, x).map { $0 * Reference.activation($1, a).slope }, "activationBackward",
          "\(a)")
      }
    }
  }

  /// Gates far outside exp's range, where x^3 or x^2 overflows too: f(-x) is 0, f(x) is x, and the
  /// slopes are 0 and 1.
  @Test(arguments: TestBackends.all(), Activation.allCases)
  func activationSaturates(_ named: NamedBackend, _ a: Activation) throws {
    try Fixture.run(named) { f in
      let far: [Double] = [-200, 200, -90, .nan, -1e13, 1e13, -1e30, 1e30]
      let x = far.map { Double(Float($0)) }
      let want = x.map { $0.isNaN ? .nan : max($0, 0) }
      let slope = x.map { $0.isNaN ? Double.nan : $0 > 0 ? 1 : 0 }
      let n = x.count
      let one = [Double](repeating: 1, count: n)
      let gateUp = try f.input(x + one, [1, 2 * n])
      let (out, back) = (try f.output([1, n]), try f.output([1, 2 * n]))
      try f.backend.gatedUnit(gateUp, activation: a, into: out)
      try f.backend.gatedUnitBackward(
        try f.input(one, [1, n]), gateUp: gateUp, activation: a, into: back)
      let (plain, plainBack) = (try f.output([n]), try f.output([n]))
      try f.backend.activate(try f.input(x, [n]), a, into: plain)
      try f.backend.activateBackward(
        try f.input(one, [n]), x: try f.input(x, [n]), a, into: plainBack)
      // Each by itself: a norm over all of them would see the largest alone.
      for i in 0..<n {
        for (got, expected) in [
          (try f.reals(out)[i], want[i]), (try f.reals(plain)[i], want[i]),
          (try f.reals(back)[i], slope[i]), (try f.reals(back)[n + i], want[i]),
          (try f.reals(plainBack)[i], slope[i]),
        ] {
          compare([got], [expected], Tolerance.of("activation", f.kind), floor: 1, "\(a) \(x[i])")
        }
      }
    }
  }

  /// Small and middling values one by one, where a norm over many would hide a lost digit: 1 + erf
  /// and 1 + tanh cancel at negative x.
  @Test(arguments: TestBackends.all(), Activation.allCases)
  func activationKeepsDigits(_ named: NamedBackend, _ a: Activation) throws {
    try Fixture.run(named) { f in
      let x = stride(from: -5.0, through: 5, by: 0.37).map { Double(Float($0)) } + [1e-3, -1e-6]
      let out = try f.output([x.count])
      try f.backend.activate(try f.input(x, [x.count]), a, into: out)
      for (got, value) in zip(try f.reals(out), x) {
        let want = Reference.activation(value, a).y
        // The exponent's error, u times its size, is the result's relative error.
        let most = Tolerance.of("activation", f.kind) + 1e-7 * (abs(value) + value * value)
        compare([got], [want], most, floor: 1e-12, "\(a)(\(value))")
      }
    }
  }
}
