import Foundation
import MPOBackend
import TestSupport
import Testing

extension Conformance {
  static let biasSizes = [
    (1, 1), (7, 93), (93, 7), (144, 144), (257, 2), (3, 257), (2100, 5), (2, 70_001),
  ]

  @Test(arguments: TestBackends.all(), biasSizes)
  func addAndSumRows(_ named: NamedBackend, _ size: (Int, Int)) throws {
    try Fixture.run(named) { f in
      let (n, m) = size
      var numbers = Numbers(UInt64(n + m))
      let (x, row, base) = (numbers.normals(n * m), numbers.normals(m), numbers.normals(m))
      var sums = base
      for i in 0..<n { for j in 0..<m { sums[j] += x[i * m + j] } }
      for gap in [0, 3] {
        let out = try f.output([n, m], stride: m + gap, values: x)
        try f.backend.addRow(try f.input(row, [m]), to: out)
        try f.expect(out, x.indices.map { x[$0] + row[$0 % m] }, "add", "gap \(gap)")
        let sum = try f.output([m], values: base)
        try f.backend.sumRows(try f.input(x, [n, m], stride: m + gap), into: sum)
        try f.expect(sum, sums, "sumRows", "gap \(gap)")
      }
    }
  }

  @Test(arguments: TestBackends.all(), [1, 7, 93, 144, 257, 70_001])
  func softCap(_ named: NamedBackend, _ n: Int) throws {
    try Fixture.run(named) { f in
      var numbers = Numbers(UInt64(n))
      var x = numbers.normals(n, scale: 20)
      x[n - 1] = n % 2 == 1 ? -1e-4 : .nan
      if n > 7 { (x[0], x[1], x[2]) = (.infinity, -.infinity, 1e30) }
      let out = try f.output([n], values: x)
      try f.backend.softCap(out, cap: 30)
      try f.expect(out, x.map { 30 * tanh($0 / 30) }, "softCap")
    }
  }

  @Test(arguments: TestBackends.all(), [1, 7, 93, 144, 257, 70_001])
  func dropout(_ named: NamedBackend, _ n: Int) throws {
    try Fixture.run(named) { f in
      var numbers = Numbers(UInt64(n))
      let x = numbers.normals(n)
      let seed: UInt64 = 0x1234_5678_9ABC_DEF0
      for rate in [Float(0), 0.1, 0.75] {
        let kept = (0..<n).map {
          Philox.dropoutUniform(seed: seed, index: UInt64($0), stream: 5) >= rate
        }
        let want = zip(x, kept).map { $1 ? $0 / Double(1 - rate) : 0 }
        let out = try f.output([n])
        try f.backend.dropout(
          try f.input(x, [n]), rate: rate, seed: seed, stream: 5, into: out)
        try f.expect(out, want, "dropout", "rate \(rate)")
        let inPlace = try f.output([n], values: x)
        try f.backend.dropout(inPlace, rate: rate, seed: seed, stream: 5, into: inPlace)
        try f.expect(inPlace, want, "dropout", "in place, rate \(rate)")
        // Six standard deviations of a binomial count.
        let expected = Double(n) * Double(1 - rate)
        let spread = 6 * (expected * Double(rate)).squareRoot()
        #expect(abs(Double(kept.count { $0 }) - expected) <= spread + 1)
      }
    }
  }

  /// Another stream or seed drops other elements; a NaN is seen even where it is dropped.
  @Test(arguments: TestBackends.all())
  func dropoutStreams(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      let n = 300
      let one = try f.input([Double](repeating: 1, count: n), [n])
      func dropped(_ seed: UInt64, _ stream: UInt32) throws -> [Bool] {
        let out = try f.output([n])
        try f.backend.dropout(one, rate: 0.5, seed: seed, stream: stream, into: out)
        return try f.values(out).map { $0 == 0 }
      }
      let first = try dropped(1, 1)
      #expect(try dropped(1, 1) == first)
      for other in [try dropped(1, 2), try dropped(2, 1), try dropped(1 << 40, 1)] {
        #expect((90...210).contains(zip(first, other).count { $0 != $1 }))
      }
      let nan = try f.output([n], values: .init(repeating: .nan, count: n))
      try f.backend.dropout(nan, rate: 0.5, seed: 1, stream: 1, into: nan)
      #expect(try f.values(nan).allSatisfy { $0.isNaN })
    }
  }

  @Test(arguments: TestBackends.all())
  func emptyElementwise(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      let (x, row) = (try f.output([0, 3]), try f.output([3], values: [1, 2, 3]))
      try f.backend.addRow(row, to: x)
      try f.backend.sumRows(x, into: row)
      try f.backend.softCap(x, cap: 1)
      try f.backend.dropout(x, rate: 0.5, seed: 1, stream: 0, into: x)
      try f.backend.activate(x, .gelu, into: x)
      try f.backend.activateBackward(x, x: x, .gelu, into: x)
      try f.expect(row, [1, 2, 3], "copy")
    }
  }
}
