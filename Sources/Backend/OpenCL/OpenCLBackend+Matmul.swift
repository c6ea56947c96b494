#if canImport(CLKernels)
  import CLKernels

  extension OpenCLBackend {
    public func matmul(
      _ a: Tensor, transposed ta: Bool, _ b: Tensor, transposed tb: Bool, into c: Tensor,
      accumulate: Bool, scale: Float, precision: ProductPrecision
    ) throws {
      let (m, n, k) = try Check.matmul(a, transposed: ta, b, transposed: tb, into: c)
      guard m > 0, n > 0 else { return }
      guard k > 0 else { return accumulate ? () : try fill(c, bits: 0) }
      let (a, b) = (try widened(a, precision), try widened(b, precision))
      let product = Product(
        a: a, b: b, c: c, ta: ta, tb: tb, m: m, n: n, k: k, accumulate: accumulate, scale: scale)
      switch configuration.matmul {
      case .clblast: return try clblast(product)
      case _ where m <= 16 && !ta && tb: return try skinny(product)
      case .tiled: return try tiled(product)
      case .vector: return try vector(product)
      case .automatic:
        return device.description.kind == .openCLCPU ? try vector(product) : try tiled(product)
      }
    }

    /// `c = scale op(a) op(b) (+ c)`, sizes above 0.
    private struct Product {
      var a, b, c: Tensor
      var ta, tb: Bool
      var m, n, k: Int
      var accumulate: Bool
      var scale: Float
      /// What every kernel ends with.
      var tail: [Argument] {
        [.rows(c), .size(m), .size(n), .size(k), .float(scale), .flag(accumulate)]
      }
    }

    /// An operand as the f32 values that enter the product.
    private func widened(_ x: Tensor, _ precision: ProductPrecision) throws -> Tensor {
      guard x.type == .bf16 || precision == .bf16 else { return x }
      var x = x
      if !x.isContiguous {
        let whole = try empty(x.shape, x.type)
        try copy(x, to: whole)
        x = whole
      }
      let half = x.type == .bf16 ? x : try bfloat16(x)
      let wide = try empty(x.shape)
      try convert(half, into: wide)
      return wide
    }

    /// Large tiles when they still fill the device, for twice the products per load.
    private func tiled(_ p: Product) throws {
      let side = largestWorkGroup >= 256 ? 16 : largestWorkGroup >= 64 ? 8 : 2
      let large = ceilDivide(p.m, 8 * side) * ceilDivide(p.n, 8 * side)
      let each = large >= 2 * device.description.computeUnits && min(p.m, p.n) >= 8 * side ? 2 : 1
      let program = ProgramKey(
        family: "matmul_tiled",
        defines: [
          "TX": side, "TY": side, "GM": each, "GN": each, "TRANSPOSE_A": p.ta ? 1 : 0,
          "TRANSPOSE_B": p.tb ? 1 : 0,
        ])
      try launch(
        "matmul_tiled", program,
        groups: [ceilDivide(p.n, 4 * side * each), ceilDivide(p.m, 4 * side * each)],
        items: side * side,
        [.rows(p.a), .rows(p.b)] + p.tail + [.local(4 * 16 * (4 * side * each + 4))])
    }

    /// Panels of 32 columns of `x` (or of its transpose), which has `k` rows and `n` columns then.
    private func pack(_ x: Tensor, transposed: Bool, n: Int, k: Int) throws -> Tensor {
      let panels = try scratch(ceilDivide(n, 32) * 32 * k)
      try launch(
        "matmul_pack", ProgramKey(family: "matmul_vector"),
        groups: [ceilDivide(n, 32), ceilDivide(k, 32)], items: 1,
        [
          .tensor(x), .size(transposed ? 1 : x.rowStride), .size(transposed ? x.rowStride : 1),
          .tensor(panels), .size(n), .size(k),
        ])
      return panels
    }

    private func vector(_ p: Product) throws {
      let b = try pack(p.b, transposed: p.tb, n: p.n, k: p.k)
      // A transposed a is read along K with its stride unless packed the same way.
      let a: [Argument] =
        p.ta
        ? [.tensor(try pack(p.a, transposed: false, n: p.m, k: p.k)), .size(0)] : [.rows(p.a)]
      try launch(
        "matmul_vector", ProgramKey(family: "matmul_vector"),
        groups: [ceilDivide(p.m, 8), ceilDivide(p.n, 32)], items: 1, a + [.tensor(b)] + p.tail)
    }

    private func skinny(_ p: Product) throws {
      var rows = 1
      while rows < p.m { rows *= 2 }
      let columns = isNarrow ? 16 : 1
      let items = min(workGroup, 64)
      let program = ProgramKey(
        family: "matmul_skinny", defines: ["MR": rows, "COLUMNS": columns, "WG": items])
      try launch(
        "matmul_skinny", program, groups: [ceilDivide(p.n, columns)],
        [.rows(p.a), .rows(p.b)] + p.tail + [.local(4 * rows * items)])
    }

    private func clblast(_ p: Product) throws {
      try checkCL(
        clk_sgemm(
          queue.handle, p.ta ? 1 : 0, p.tb ? 1 : 0, p.m, p.n, p.k, p.scale,
          try handle(p.a, "matmul"), p.a.offset, p.a.rowStride, try handle(p.b, "matmul"),
          p.b.offset, p.b.rowStride, p.accumulate ? 1 : 0, try handle(p.c, "matmul"), p.c.offset,
          p.c.rowStride), "CLBlastSgemm", "(\(p.m), \(p.k)) x (\(p.k), \(p.n))")
    }
  }
#endif
