#if canImport(CLKernels)
  /// Few rows of a times rows of b, each of which is read once (kernels/matmul_skinny.cl):
  /// decoding.
  struct SkinnyMatmul: MatmulCandidate {
    static let mostRows = 16

    var name: String { "skinny" }

    func takes(_ shape: MatmulShape, on backend: OpenCLBackend) -> Bool {
      shape.m <= Self.mostRows && !shape.ta && shape.tb
    }

    func run(_ p: MatmulProduct, on backend: OpenCLBackend) throws {
      var rows = 1
      while rows < p.shape.m { rows *= 2 }
      let columns = backend.isNarrow ? 16 : 1
      let items = min(backend.workGroup, 64)
      let program = ProgramKey(
        family: "matmul_skinny", preludes: ["operands"],
        defines: [
          "MR": rows, "COLUMNS": columns, "WG": items, "A_KIND": p.shape.a.rawValue,
          "B_KIND": p.shape.b.rawValue,
        ])
      try backend.launch(
        "matmul_skinny", program, groups: [ceilDivide(p.shape.n, columns)],
        [.rows(p.a), .rows(p.b)] + p.tail + [.local(4 * rows * items)])
    }
  }
#endif
