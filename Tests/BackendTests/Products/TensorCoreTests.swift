#if canImport(CLKernels)
  import MPOBackend
  import MPOModel
  import TestSupport
  import Testing

  extension Conformance {
    /// The OpenCL devices with an emulated matrix unit.
    private static func backends(with fragment: FragmentSource) -> [NamedBackend] {
      OpenCLDevice.all().indices.map { index in
        NamedBackend("opencl:\(index)-\(fragment.name)", kind: .openCL) {
          try OpenCLBackend(
            device: OpenCLDevice.all()[index], configuration: .init(matmul: .tensor),
            fragments: [fragment])
        }
      }
    }
    static let emulated = backends(with: EmulatedTensorCore.fragments)
    static let emulatedOthers = EmulatedUnits.all.flatMap(backends(with:))

    struct TensorCase: Sendable, CustomStringConvertible {
      let tile: String
      let ta: Bool, tb: Bool
      let a: MatmulShape.Operand, b: MatmulShape.Operand
      var description: String { "\(tile) \(ta) \(tb) \(a) \(b)" }
      init(
        _ tile: String, _ ta: Bool, _ tb: Bool, _ a: MatmulShape.Operand,
        _ b: MatmulShape.Operand
      ) {
        (self.tile, self.ta, self.tb, self.a, self.b) = (tile, ta, tb, a, b)
      }
    }

    /// Every layout with both ways to fill a tile, and each tile at least once.
    static let tensorCases: [TensorCase] = [
      .init("64x64x32-2x2-4", false, false, .bf16, .bf16),
      .init("64x64x32-2x2-4", false, true, .bf16, .bf16),
      .init("64x64x32-2x2-4", true, false, .bf16, .bf16),
      .init("64x64x32-2x2-4", true, true, .bf16, .bf16),
      .init("64x64x32-2x2-4", false, false, .rounded, .rounded),
      .init("64x64x32-2x2-4", false, true, .rounded, .rounded),
      .init("64x64x32-2x2-4", true, false, .rounded, .rounded),
      .init("64x64x32-2x2-4", true, true, .rounded, .rounded),
      .init("64x64x32-2x2-4-first", true, false, .rounded, .bf16),
      .init("64x64x64-2x2-3", false, false, .rounded, .bf16),
      .init("128x64x32-4x2-3", false, true, .rounded, .bf16),
      .init("128x128x32-2x2-3", true, false, .bf16, .rounded),
      .init("128x128x32-2x4-3", false, true, .bf16, .bf16),
      .init("128x256x32-2x4-2", true, true, .bf16, .bf16),
      .init("256x128x32-4x2-2", false, false, .bf16, .bf16),
    ]

    /// Sizes behind a tile's edge in each direction, one so deep that it is split, and rows whose
    /// start is aligned to 16 bytes (elements before the first, gap between rows) and not.
    private static let tensorSizes: [(product: Product, before: Int, gap: Int)] = [
      (.init(m: 1, n: 1, k: 1), 16, 0), (.init(m: 7, n: 93, k: 45), 17, 5),
      (.init(m: 136, n: 264, k: 104), 16, 8), (.init(m: 33, n: 40, k: 1100), 16, 0),
      (.init(m: 130, n: 67, k: 64), 24, 3),
    ]

    @Test(arguments: emulated, tensorCases)
    func tensorMatmul(_ named: NamedBackend, _ t: TensorCase) throws {
      try multiply(named, "emulated-" + t.tile, t)
    }

    /// Both layouts of each operand: what the fragments of a unit may get wrong.
    @Test(arguments: emulatedOthers, [tensorCases[0], tensorCases[7]])
    func otherUnitMatmul(_ named: NamedBackend, _ t: TensorCase) throws {
      let unit = String(named.name.split(separator: "-", maxSplits: 1)[1])
      try multiply(named, unit + "-" + t.tile, t)
    }

    private func multiply(_ named: NamedBackend, _ name: String, _ t: TensorCase) throws {
      for (s, before, gap) in Self.tensorSizes {
        try Fixture.run(named) { f in
          f.before = before
          let backend = try #require(f.backend as? OpenCLBackend)
          let candidate = try #require(backend.planner.candidates.first { $0.name == name })
          let shape = MatmulShape(m: s.m, n: s.n, k: s.k, ta: t.ta, tb: t.tb, a: t.a, b: t.b)
          #expect(candidate.takes(shape, on: backend))
          var numbers = Numbers(UInt64(s.m + s.k))
          let (a, b) = (numbers.normals(s.m * s.k), numbers.normals(s.k * s.n))
          let c = numbers.normals(s.m * s.n)
          func operand(
            _ x: [Double], _ rows: Int, _ columns: Int, _ kind: MatmulShape.Operand
          ) throws -> Tensor {
            try f.input(x, [rows, columns], kind == .bf16 ? .bf16 : .f32, stride: columns + gap)
          }
          let x = try operand(a, t.ta ? s.k : s.m, t.ta ? s.m : s.k, t.a)
          let y = try operand(b, t.tb ? s.n : s.k, t.tb ? s.k : s.n, t.b)
          let want = Reference.matmul(
            Self.entering(a, .bf16, .bf16), t.ta, Self.entering(b, .bf16, .bf16), t.tb, s.m, s.n,
            s.k)
          let out = try f.output([s.m, s.n], stride: s.n + gap)
          try candidate.run(
            .init(a: x, b: y, c: out, shape: shape, accumulate: false, scale: 1), on: backend)
          try f.expect(out, want, "matmulDeep", "\(s)")
          let sum = try f.output([s.m, s.n], stride: s.n + gap, values: c)
          try candidate.run(
            .init(a: x, b: y, c: sum, shape: shape, accumulate: true, scale: -0.5), on: backend)
          try f.expect(sum, zip(c, want).map { $0 - 0.5 * $1 }, "matmulDeep", "accumulate \(s)")
        }
      }
    }

    /// Through `matmul`: products of bf16 by the unit, others by another kernel.
    @Test(arguments: emulated)
    func tensorDispatch(_ named: NamedBackend) throws {
      try matmulBFloat16(named, .init(m: 93, n: 7, k: 33))
      try matmul(named, .init(m: 7, n: 93, k: 144))
    }

    /// A NaN stays in its row and column, an infinity follows the formula.
    @Test(arguments: emulated)
    func tensorSpecials(_ named: NamedBackend) throws {
      try Fixture.run(named) { f in
        var numbers = Numbers(5)
        var (a, b) = (numbers.normals(70 * 20), numbers.normals(20 * 33))
        a[3 * 20 + 4] = .nan
        b[7 * 33 + 31] = .infinity
        let want = Reference.matmul(
          Self.entering(a, .bf16, .bf16), false, Self.entering(b, .bf16, .bf16), false, 70, 33, 20)
        for type in [ElementType.f32, .bf16] {
          let out = try f.output([70, 33])
          try f.backend.matmul(
            try f.input(a, [70, 20], type), try f.input(b, [20, 33], type), into: out,
            precision: .bf16)
          try f.expect(out, want, "matmul", "NaN and inf, \(type)")
        }
      }
    }
  }
#endif
