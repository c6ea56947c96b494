import MPOBackend
import MPOModel
import TestSupport
import Testing

extension Conformance {
  struct Product: Sendable, CustomStringConvertible {
    let m: Int, n: Int, k: Int
    var description: String { "\(m)x\(n)x\(k)" }
  }

  static let products: [Product] = [
    .init(m: 1, n: 1, k: 1), .init(m: 7, n: 93, k: 144), .init(m: 93, n: 7, k: 1),
    .init(m: 144, n: 144, k: 93), .init(m: 64, n: 301, k: 64), .init(m: 1, n: 301, k: 93),
    .init(m: 2, n: 1, k: 301), .init(m: 300, n: 65, k: 280),
    .init(m: 7, n: 1501, k: 290), .init(m: 37, n: 1402, k: 301),
  ]

  @Test(arguments: TestBackends.all(), products)
  func matmul(_ named: NamedBackend, _ s: Product) throws {
    try Fixture.run(named) { f in
      var numbers = Numbers(UInt64(s.m * 1000 + s.n))
      let (a, b) = (numbers.normals(s.m * s.k), numbers.normals(s.k * s.n))
      let c = numbers.normals(s.m * s.n)
      for (ta, tb) in [(false, false), (false, true), (true, false), (true, true)] {
        let want = Reference.matmul(a, ta, b, tb, s.m, s.n, s.k)
        for strided in [false, true] {
          let (ca, cb) = (ta ? s.m : s.k, tb ? s.k : s.n)
          let gap = strided ? 5 : 0
          let ta2 = try f.input(a, [a.count / ca, ca], stride: ca + gap)
          let tb2 = try f.input(b, [b.count / cb, cb], stride: cb + gap)
          let out = try f.output([s.m, s.n], stride: s.n + gap)
          try f.backend.matmul(ta2, tb2, transposeA: ta, transposeB: tb, into: out)
          try f.expect(out, want, "matmul", "\(ta) \(tb) strided \(strided)")

          let sum = try f.output([s.m, s.n], stride: s.n + gap, values: c)
          try f.backend.matmul(
            ta2, transposed: ta, tb2, transposed: tb, into: sum, accumulate: true, scale: -0.5,
            precision: .f32)
          try f.expect(
            sum, zip(c, want).map { $0 - 0.5 * $1 }, "matmul", "accumulate \(ta) \(tb)")
        }
      }
    }
  }

  /// Operands of both types in both precisions: the reference multiplies the values that the
  /// contract says enter the product.
  @Test(arguments: TestBackends.all(), products)
  func matmulBFloat16(_ named: NamedBackend, _ s: Product) throws {
    try Fixture.run(named) { f in
      var numbers = Numbers(UInt64(s.m * 1000 + s.n + 7))
      let (a, b) = (numbers.normals(s.m * s.k), numbers.normals(s.k * s.n))
      let c = numbers.normals(s.m * s.n)
      for (ta, tb) in [(false, false), (false, true), (true, false), (true, true)] {
        let (ca, cb) = (ta ? s.m : s.k, tb ? s.k : s.n)
        for (typeA, typeB, precision) in Self.bfloat16Products {
          // A frozen weight's product is the one that also writes to strided columns.
          let gap = typeA == typeB || (typeB == .bf16 && precision == .f32) ? 5 : 0
          let x = try f.input(a, [a.count / ca, ca], typeA, stride: ca + gap)
          let y = try f.input(b, [b.count / cb, cb], typeB, stride: cb + gap)
          let want = Reference.matmul(
            Self.entering(a, typeA, precision), ta, Self.entering(b, typeB, precision), tb, s.m,
            s.n, s.k)
          let sum = try f.output([s.m, s.n], stride: s.n + gap, values: c)
          try f.backend.matmul(
            x, transposed: ta, y, transposed: tb, into: sum, accumulate: true, scale: 0.5,
            precision: precision)
          try f.expect(
            sum, zip(c, want).map { $0 + 0.5 * $1 }, "matmul", "\(typeA) \(typeB) \(ta) \(tb)")
          let out = try f.output([s.m, s.n], stride: s.n + gap)
          try f.backend.matmul(
            x, y, transposeA: ta, transposeB: tb, into: out, precision: precision)
          try f.expect(out, want, "matmul", "\(typeA) \(typeB) \(ta) \(tb) plain")
        }
      }
    }
  }

  /// A bf16 operand whose f32 copy is made in parts (CPUBackend.widenedElements), each way round.
  @Test(arguments: TestBackends.cpus(), [(true, 2100, 2003), (false, 2003, 2100)])
  func matmulLargeBFloat16(_ named: NamedBackend, _ s: (Bool, Int, Int)) throws {
    try Fixture.run(named) { f in
      // Too many rows for the product that reads bf16 as it lies.
      let (m, (tb, n, k)) = (200, s)
      var numbers = Numbers(17)
      let (a, b) = (numbers.normals(m * k), numbers.normals(n * k))
      let c = numbers.normals(m * n)
      let entering = Self.entering(b, .bf16, .f32)
      let weight = try f.input(b, tb ? [n, k] : [k, n], .bf16)
      let sum = try f.output([m, n], stride: n + 3, values: c)
      try f.backend.matmul(
        try f.input(a, [m, k], stride: k + 2), transposed: false, weight, transposed: tb,
        into: sum, accumulate: true, scale: 0.5, precision: .f32)
      let got = try f.reals(sum)
      // Some rows, of all columns: the whole reference is 800 million products.
      for i in [0, 1, 63, 199] {
        let row = Reference.matmul(
          Array(a[(i * k)..<((i + 1) * k)]), false, entering, tb, 1, n, k)
        compare(
          Array(got[(i * n)..<((i + 1) * n)]),
          zip(c[(i * n)..<((i + 1) * n)], row).map { $0 + 0.5 * $1 },
          Tolerance.of("matmulDeep", f.kind), "row \(i)")
      }
    }
  }

  private static let bfloat16Products: [(ElementType, ElementType, ProductPrecision)] = [
    (.f32, .f32, .bf16), (.f32, .bf16, .bf16), (.bf16, .f32, .f32), (.bf16, .bf16, .bf16),
    (.f32, .bf16, .f32),
  ]

  static func entering(
    _ x: [Double], _ type: ElementType, _ precision: ProductPrecision
  ) -> [Double] {
    guard type == .bf16 || precision == .bf16 else { return x }
    return x.map { Double(HalfFloats.fromBFloat16(HalfFloats.toBFloat16(Float($0)))) }
  }

  @Test(arguments: TestBackends.all(), [1, 7, 93, 144, 70_001])
  func convert(_ named: NamedBackend, _ n: Int) throws {
    try Fixture.run(named) { f in
      var numbers = Numbers(UInt64(n))
      var x = numbers.normals(n, scale: 3).map { Float($0) }
      // Ties to even both ways, overflow, subnormals, NaN.
      let special: [UInt32] = [
        0x3F80_8000, 0x3F81_8000, 0x7F7F_FFFF, 0xFF7F_8000, 1, 0x8000_8001, 0x7F80_0000,
        0x7F80_0001, 0xFFFF_FFFF,
      ]
      for (i, bits) in special.enumerated() where i < n { x[n - 1 - i] = Float(bitPattern: bits) }
      let half = try f.output([n], .bf16)
      try f.backend.convert(try f.input(x, [n]), into: half)
      let want = x.map { HalfFloats.fromBFloat16(HalfFloats.toBFloat16($0)) }
      try f.expect(half, want.map(Double.init), "copy", "to bf16")
      let wide = try f.output([n])
      try f.backend.convert(half, into: wide)
      try f.expect(wide, want.map(Double.init), "copy", "to f32")
      let other = try f.output([n], .bf16)
      try f.backend.copy(half, to: other)
      try f.expect(other, want.map(Double.init), "copy", "bf16")
    }
  }

  @Test(arguments: TestBackends.all())
  func matmulEmpty(_ named: NamedBackend) throws {
    try Fixture.run(named) { f in
      let out = try f.output([3, 5])
      try f.backend.matmul(
        try f.input([Float](), [3, 0]), try f.input([Float](), [0, 5]), into: out)
      try f.expect(out, [Double](repeating: 0, count: 15), "matmul", "K = 0")
      let kept = try f.output([3, 5], values: [Double](repeating: 2, count: 15))
      try f.backend.matmul(
        try f.input([Float](), [3, 0]), try f.input([Float](), [0, 5]), into: kept,
        accumulate: true)
      try f.expect(kept, [Double](repeating: 2, count: 15), "matmul", "K = 0, accumulate")
      let none = try f.output([0, 5])
      try f.backend.matmul(
        try f.input([Float](), [0, 2]), try f.input([Float](repeating: 1, count: 10), [2, 5]),
        into: none)
    }
  }

  /// A NaN stays in its row and column; an infinity follows the formula.
  @Test(arguments: TestBackends.all(), [(9, 20, 33), (70, 40, 93)])
  func matmulSpecials(_ named: NamedBackend, _ size: (Int, Int, Int)) throws {
    let (m, k, n) = size
    try Fixture.run(named) { f in
      var numbers = Numbers(5)
      var (a, b) = (numbers.normals(m * k), numbers.normals(k * n))
      a[3 * k + 4] = .nan
      a[(m - 1) * k + 1] = 3.4e38  // infinite as bf16
      b[n + 2] = 1e-3
      b[7 * n + 31] = .infinity
      for at in [n..<(n + 2), (n + 3)..<(2 * n)] { b.replaceSubrange(at, with: at.map { _ in 0 }) }
      let out = try f.output([m, n])
      try f.backend.matmul(try f.input(a, [m, k]), try f.input(b, [k, n]), into: out)
      try f.expect(
        out, Reference.matmul(a, false, b, false, m, n, k), "matmul", "NaN and inf")
    }
  }

  @Test(arguments: TestBackends.all(), [1, 7, 93, 144, 70_001])
  func addAndInterpolate(_ named: NamedBackend, _ n: Int) throws {
    try Fixture.run(named) { f in
      var numbers = Numbers(UInt64(n))
      let (a, b) = (numbers.normals(n), numbers.normals(n))
      let out = try f.output([n])
      try f.backend.add(try f.input(a, [n]), try f.input(b, [n]), into: out)
      try f.expect(out, zip(a, b).map(+), "add")
      let inPlace = try f.output([n], values: a)
      try f.backend.add(inPlace, try f.input(b, [n]), into: inPlace)
      try f.expect(inPlace, zip(a, b).map(+), "add", "in place")
      let x = try f.output([n], values: a)
      try f.backend.interpolate(x, towards: try f.input(b, [n]), by: 0.25)
      try f.expect(x, zip(a, b).map { 0.75 * $0 + 0.25 * $1 }, "interpolate")
      let filled = try f.output([n])
      try f.backend.fill(filled, with: -1.5)
      try f.expect(filled, [Double](repeating: -1.5, count: n), "copy", "fill")
    }
  }

  @Test(arguments: TestBackends.all(), [(1, 1), (7, 93), (144, 7), (300, 301)])
  func copy(_ named: NamedBackend, _ size: (Int, Int)) throws {
    try Fixture.run(named) { f in
      var numbers = Numbers(3)
      let (rows, columns) = size
      let values = numbers.normals(rows * columns)
      for (from, to) in [(0, 0), (3, 0), (0, 11), (5, 1)] {
        let source = try f.input(values, [rows, columns], stride: columns + from)
        let target = try f.output([rows, columns], stride: columns + to)
        try f.backend.copy(source, to: target)
        try f.expect(target, values, "copy", "\(from) \(to)")
      }
      let ints = numbers.integers(columns, below: 1000)
      let target = try f.output([columns], .i32)
      try f.backend.copy(try f.indices(ints), to: target)
      #expect(try f.integers(target) == ints)
    }
  }
}
