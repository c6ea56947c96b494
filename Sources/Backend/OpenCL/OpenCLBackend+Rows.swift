#if canImport(CLKernels)
  extension OpenCLBackend {
    private static let rows = ProgramKey(family: "embedding", defines: ["HALF_TABLE": 0])

    public func embedding(
      _ ids: Tensor, table: Tensor, scale: Float, accumulate: Bool, into out: Tensor
    ) throws {
      let (n, _, c) = try Check.embedding("embedding", ids, table: table, out: out)
      let program = ProgramKey(
        family: "embedding", defines: ["HALF_TABLE": table.type == .bf16 ? 1 : 0])
      try launch(
        "embedding", program, groups: [n],
        [
          .tensor(ids), .rows(table), .rows(out), .size(c), .float(scale), .flag(accumulate),
        ])
    }

    public func embeddingBackward(
      _ ids: Tensor, dOut: Tensor, scale: Float, into dTable: Tensor
    ) throws {
      let (n, _, c) = try Check.embedding("embeddingBackward", ids, table: dTable, out: dOut)
      try launch(
        "embedding_backward", Self.rows, groups: [n],
        [
          .tensor(ids), .size(n), .rows(dOut), .rows(dTable), .size(c), .float(scale), reduction,
        ])
    }

    public func gatherRows(_ x: Tensor, rows: Tensor, into out: Tensor) throws {
      let (m, _, c) = try Check.rows("gatherRows", x, rows: rows, out: out)
      try launch(
        "gather_rows", Self.rows, groups: [m], [.tensor(rows), .rows(x), .rows(out), .size(c)])
    }

    public func scatterRows(_ dOut: Tensor, rows: Tensor, into dX: Tensor) throws {
      let (m, _, c) = try Check.rows("scatterRows", dX, rows: rows, out: dOut)
      try launch(
        "scatter_rows", Self.rows, groups: [m], [.rows(dOut), .tensor(rows), .rows(dX), .size(c)])
    }

    public func rotary(
      _ x: Tensor, heads: Int, headWidth: Int, positions: Tensor, cosine: Tensor, sine: Tensor,
      inverse: Bool
    ) throws {
      try Check.rotary(
        x, heads: heads, headWidth: headWidth, positions: positions, cosine: cosine, sine: sine)
      guard heads > 0 else { return }
      try launch(
        "rotary", ProgramKey(family: "rotary"), groups: [x.rows],
        [
          .rows(x), .tensor(positions), .rows(cosine), .rows(sine), .size(heads),
          .size(headWidth / 2), .float(inverse ? -1 : 1),
        ])
    }
  }
#endif
