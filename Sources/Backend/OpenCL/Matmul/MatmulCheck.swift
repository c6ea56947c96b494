#if canImport(CLKernels)
  /// Compares a candidate with the CPU before it may be timed.
  struct MatmulCheck {
    private let backend: OpenCLBackend
    private let cpu: CPUBackend

    /// Norm-wise relative error that passes. Sums of K <= 300 products in f32 are near 2e-7
    /// whatever their order, and of a matrix unit that cuts sums off instead of rounding them still
    /// below 5e-6 (K / 16 units in the last place); operands rounded wrongly are 2e-3 off.
    static let tolerance = 1e-5

    init(_ backend: OpenCLBackend) throws {
      self.backend = backend
      cpu = try CPUBackend(threads: nil)
    }

    /// Nil when `candidate` computes products of the kind of `shape` rightly, else what it did.
    /// Sizes are odd and beyond a tile, rows have strides and offsets of either alignment.
    func failure(of candidate: any MatmulCandidate, like shape: MatmulShape) -> String? {
      // Few rows remain few.
      let rows = shape.m <= SkinnyMatmul.mostRows ? [shape.m, 3] : [137, 7]
      for (rows, gap) in [(rows[0], 8), (rows[1], 5)] {
        let (n, k) = gap == 8 ? (150, 281) : (93, 45)
        var odd = shape
        (odd.m, odd.n, odd.k) = (rows, n, k)
        guard candidate.takes(odd, on: backend) else { continue }
        do {
          for accumulate in [true, false] {
            if let wrong = try compare(candidate, odd, gap: gap, accumulate: accumulate) {
              return "\(shape.layout) \(rows)x\(n)x\(k) \(odd.a) x \(odd.b): \(wrong)"
            }
          }
        } catch {
          return String("\(error)".prefix(160))
        }
      }
      return nil
    }

    private func compare(
      _ candidate: any MatmulCandidate, _ s: MatmulShape, gap: Int, accumulate: Bool
    ) throws -> String? {
      let a = values(s.m * s.k, 1)
      let b = values(s.k * s.n, 2)
      let (rowsA, rowsB) = (s.ta ? s.k : s.m, s.tb ? s.n : s.k)
      // Behind every row of c lies what must stay; inside, what only accumulation may read.
      var before = values(s.m * (s.n + gap) + gap, 3)
      if !accumulate {
        for i in before.indices where i >= gap && (i - gap) % (s.n + gap) < s.n {
          before[i] = .nan
        }
      }
      func run(_ on: any ComputeBackend, _ body: (Tensor, Tensor, Tensor) throws -> Void) throws
        -> [Float]
      {
        let c = try on.tensor(before)
        let view = Tensor(
          storage: c.storage, offset: gap, shape: [s.m, s.n], rowStride: s.n + gap)
        try body(
          try operand(a, rowsA, s.a, gap, on), try operand(b, rowsB, s.b, gap, on), view)
        return try on.floats(c)
      }
      let want = try run(cpu) { a, b, c in
        try cpu.matmul(
          a, transposed: s.ta, b, transposed: s.tb, into: c, accumulate: accumulate, scale: 0.5,
          precision: s.a == .rounded || s.b == .rounded ? .bf16 : .f32)
      }
      let got = try run(backend) { a, b, c in
        try candidate.run(
          MatmulProduct(a: a, b: b, c: c, shape: s, accumulate: accumulate, scale: 0.5),
          on: backend)
      }
      var (error, size) = (0.0, 0.0)
      for i in want.indices {
        let inside = i >= gap && (i - gap) % (s.n + gap) < s.n
        guard inside else {
          if got[i] != before[i] { return "wrote outside of c" }
          continue
        }
        guard got[i].isFinite else { return "\(got[i]), expected \(want[i])" }
        error += Double(got[i] - want[i]) * Double(got[i] - want[i])
        // Of the product alone: what c held must not hide its error.
        let product = Double(want[i]) - (accumulate ? Double(before[i]) : 0)
        size += product * product
      }
      let relative = (error / max(size, 1e-30)).squareRoot()
      return relative <= Self.tolerance ? nil : "relative error \(relative)"
    }

    /// A view of (rows, ...) values with `gap` NaN before and between rows.
    private func operand(
      _ x: [Float], _ rows: Int, _ operand: MatmulShape.Operand, _ gap: Int,
      _ on: any ComputeBackend
    ) throws -> Tensor {
      let columns = x.count / rows
      var padded = [Float](repeating: .nan, count: gap + rows * (columns + gap))
      for r in 0..<rows {
        for c in 0..<columns { padded[gap + r * (columns + gap) + c] = x[r * columns + c] }
      }
      let wide = try on.tensor(padded)
      let whole = operand == .bf16 ? try on.bfloat16(wide) : wide
      return Tensor(
        storage: whole.storage, offset: gap, shape: [rows, columns], rowStride: columns + gap)
    }

    private func values(_ count: Int, _ index: UInt64) -> [Float] {
      var generator = PhiloxGenerator(seed: index, domain: .initialization)
      return (0..<count).map { _ in 2 * generator.uniform() - 1 }
    }
  }
#endif
