#if canImport(CLKernels)
  /// A work-item owns wide vectors, without barriers (kernels/matmul_vector.cl): for CPU devices.
  struct VectorMatmul: MatmulCandidate {
    /// Rows of a work-item.
    let rows: Int

    var name: String { "vector-\(rows)x32" }

    func takes(_ shape: MatmulShape, on backend: OpenCLBackend) -> Bool {
      backend.device.description.kind == .openCLCPU
    }

    func run(_ p: MatmulProduct, on backend: OpenCLBackend) throws {
      let s = p.shape
      let b = try pack(p.b, s.b, transposed: s.tb, n: s.n, k: s.k, on: backend)
      // Panels too where a would be read along K with its stride, or converted for each use.
      let a: [OpenCLBackend.Argument] =
        s.ta || s.a != .f32
        ? [.tensor(try pack(p.a, s.a, transposed: !s.ta, n: s.m, k: s.k, on: backend)), .size(0)]
        : [.rows(p.a)]
      try backend.launch(
        "matmul_vector", program(.f32), groups: [ceilDivide(s.m, rows), ceilDivide(s.n, 32)],
        items: 1, a + [.tensor(b)] + p.tail)
    }

    private func program(_ operand: MatmulShape.Operand) -> ProgramKey {
      ProgramKey(
        family: "matmul_vector", preludes: ["operands"],
        defines: ["RM": rows, "B_KIND": operand.rawValue])
    }

    /// Panels of 32 columns of `x` (or of its transpose), which has `k` rows and `n` columns then.
    private func pack(
      _ x: Tensor, _ operand: MatmulShape.Operand, transposed: Bool, n: Int, k: Int,
      on backend: OpenCLBackend
    ) throws -> Tensor {
      let panels = try backend.scratch(ceilDivide(n, 32) * 32 * k)
      try backend.launch(
        "matmul_pack", program(operand), groups: [ceilDivide(n, 32), ceilDivide(k, 32)], items: 1,
        [
          .tensor(x), .size(transposed ? 1 : x.rowStride), .size(transposed ? x.rowStride : 1),
          .tensor(panels), .size(n), .size(k),
        ])
      return panels
    }
  }
#endif
