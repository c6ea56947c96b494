#if canImport(CLKernels)
  import CLKernels

  /// CLBlast's SGEMM: an outside check and baseline. Operands that are not plain f32 are widened
  /// first.
  struct CLBlastMatmul: MatmulCandidate {
    var name: String { "clblast" }

    func takes(_ shape: MatmulShape, on backend: OpenCLBackend) -> Bool { true }

    func run(_ p: MatmulProduct, on backend: OpenCLBackend) throws {
      let s = p.shape
      let a = try backend.widened(p.a, s.a)
      let b = try backend.widened(p.b, s.b)
      try checkCL(
        clk_sgemm(
          backend.queue.handle, s.ta ? 1 : 0, s.tb ? 1 : 0, s.m, s.n, s.k, p.scale,
          try backend.handle(a, "matmul"), a.offset, a.rowStride, try backend.handle(b, "matmul"),
          b.offset, b.rowStride, p.accumulate ? 1 : 0, try backend.handle(p.c, "matmul"),
          p.c.offset, p.c.rowStride), "CLBlastSgemm", "(\(s.m), \(s.k)) x (\(s.k), \(s.n))")
    }
  }

  extension OpenCLBackend {
    /// An operand as the f32 values that enter the product.
    func widened(_ x: Tensor, _ operand: MatmulShape.Operand) throws -> Tensor {
      guard operand != .f32 else { return x }
      let half = try rounded(x, operand)
      let wide = try empty(half.shape)
      try convertRows(half, into: wide)
      return wide
    }

    /// An operand as bf16.
    func rounded(_ x: Tensor, _ operand: MatmulShape.Operand) throws -> Tensor {
      guard operand == .rounded else { return x }
      let half = try empty(x.shape, .bf16)
      try convertRows(x, into: half)
      return half
    }

    /// `convert` of rows that may have a stride.
    private func convertRows(_ x: Tensor, into out: Tensor) throws {
      try launch(
        x.type == .bf16 ? "widen" : "narrow", ProgramKey(family: "elementwise"),
        groups: blocks(rows: x.rows, columns: x.columns),
        [.rows(x), .rows(out), .size(x.columns)])
    }
  }
#endif
