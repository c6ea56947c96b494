#if canImport(CLKernels)
  extension OpenCLBackend {
    private static let rows = ProgramKey(family: "embedding")
    private static let norm = ProgramKey(family: "norm")

    public func embedding(
      _ ids: Tensor, table: Tensor, scale: Float, accumulate: Bool, into out: Tensor
    ) throws {
      let (n, _, c) = try Check.embedding("embedding", ids, table: table, out: out)
      guard scale == 1, !accumulate, table.type == .f32 else {
        throw BackendError.device(call: "none", status: 0, "no OpenCL kernel yet")
      }
      try launch(
        "gather_rows", Self.rows, groups: [n], [.tensor(ids), .rows(table), .rows(out), .size(c)])
    }

    public func embeddingBackward(
      _ ids: Tensor, dOut: Tensor, scale: Float, into dTable: Tensor
    ) throws {
      let (n, _, c) = try Check.embedding("embeddingBackward", ids, table: dTable, out: dOut)
      try launch(
        "embedding_backward", Self.rows, groups: [n],
        [.tensor(ids), .size(n), .rows(dOut), .rows(dTable), .size(c), reduction])
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

    public func rmsNorm(
      _ x: Tensor, weight: Tensor, settings: RMSNormSettings, into out: Tensor, inverseRMS: Tensor
    ) throws {
      guard settings.weightOffset == 0 else { throw notYet }
      let (n, c) = try Check.rmsNorm(x, weight: weight, into: out, inverseRMS: inverseRMS)
      try launch(
        "rms_norm", Self.norm, groups: [n],
        [
          .rows(x), .tensor(weight), .float(settings.epsilon), .rows(out), .tensor(inverseRMS),
          .size(c),
          reduction,
        ])
    }

    public func addRMSNorm(
      _ x: Tensor, to sum: Tensor, weight: Tensor, settings: RMSNormSettings, into out: Tensor,
      inverseRMS: Tensor
    ) throws {
      guard settings.weightOffset == 0 else { throw notYet }
      let (n, c) = try Check.addRMSNorm(
        x, to: sum, weight: weight, into: out, inverseRMS: inverseRMS)
      try launch(
        "add_rms_norm", Self.norm, groups: [n],
        [
          .rows(x), .rows(sum), .tensor(weight), .float(settings.epsilon), .rows(out),
          .tensor(inverseRMS),
          .size(c), reduction,
        ])
    }

    public func rmsNormBackward(
      _ dOut: Tensor, x: Tensor, weight: Tensor, settings: RMSNormSettings, inverseRMS: Tensor,
      into dX: Tensor, accumulate: Bool, dWeight: Tensor?
    ) throws {
      guard settings.weightOffset == 0 else { throw notYet }
      let (n, c) = try Check.rmsNormBackward(
        dOut, x: x, weight: weight, inverseRMS: inverseRMS, into: dX, dWeight: dWeight)
      guard n > 0, c > 0 else { return }
      try launch(
        "rms_norm_backward", Self.norm, groups: [n],
        [
          .rows(dOut), .rows(x), .tensor(weight), .tensor(inverseRMS), .rows(dX), .size(c),
          .flag(accumulate), reduction,
        ])
      guard let dWeight else { return }
      // The weight's gradient sums over rows: slices first, to have work for every compute unit.
      let sliceRows = max(32, ceilDivide(n, 64))
      let slices = ceilDivide(n, sliceRows)
      let partial = try scratch(slices * c)
      let columns = ceilDivide(c, workGroup * vector)
      try launch(
        "rms_norm_weight_partial", Self.norm, groups: [columns, slices],
        [
          .rows(dOut), .rows(x), .tensor(inverseRMS), .tensor(partial), .size(n), .size(c),
          .size(sliceRows),
        ])
      try launch(
        "rms_norm_weight", Self.norm, groups: [columns],
        [.tensor(partial), .size(slices), .tensor(dWeight), .size(c)])
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
