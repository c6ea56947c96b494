#if canImport(CLKernels)
  extension OpenCLBackend {
    private static let program = ProgramKey(family: "elementwise")

    /// (rows, columns) of an elementwise launch: contiguous tensors are one row.
    private func extent(_ tensors: Tensor...) -> (rows: Int, columns: Int) {
      let t = tensors[0]
      return tensors.allSatisfy(\.isContiguous) ? (1, t.count) : (t.rows, t.columns)
    }

    /// The same memory in 32-bit words, which is what `fill` and `copy` move; in 16-bit ones for
    /// bf16.
    private func words(_ t: Tensor) -> Tensor {
      guard t.type == .f64 else { return t }
      return Tensor(
        storage: t.storage, offset: 2 * t.offset, shape: [t.rows, 2 * t.columns],
        rowStride: 2 * t.rowStride)
    }

    /// Work-groups of an elementwise kernel.
    func blocks(rows: Int, columns: Int) -> [Int] { [rows * ceilDivide(columns, block)] }

    public func fill(_ tensor: Tensor, with value: Float) throws {
      try Check.fill(tensor)
      try fill(tensor, bits: value.bitPattern)
    }

    /// Also of strided views and of any type.
    func fill(_ tensor: Tensor, bits: UInt32) throws {
      let tensor = words(tensor)
      let (rows, columns) = extent(tensor)
      try launch(
        "fill", Self.program, groups: blocks(rows: rows, columns: columns),
        [.rows(tensor), .size(columns), .word(bits)])
    }

    public func copy(_ source: Tensor, to destination: Tensor) throws {
      try Check.copy(source, to: destination)
      let (source, destination) = (words(source), words(destination))
      let (rows, columns) = extent(source, destination)
      try launch(
        source.type == .bf16 ? "copy16" : "copy", Self.program,
        groups: blocks(rows: rows, columns: columns),
        [.rows(source), .rows(destination), .size(columns)])
    }

    public func convert(_ x: Tensor, into out: Tensor) throws {
      try Check.convert(x, into: out)
      try launch(
        x.type == .bf16 ? "widen" : "narrow", Self.program,
        groups: blocks(rows: 1, columns: x.count), [.rows(x), .rows(out), .size(x.count)])
    }

    public func add(_ a: Tensor, _ b: Tensor, into out: Tensor) throws {
      try Check.add(a, b, into: out)
      let (rows, columns) = extent(a, b, out)
      try launch(
        "add", Self.program, groups: blocks(rows: rows, columns: columns),
        [.rows(a), .rows(b), .rows(out), .size(columns)])
    }

    public func interpolate(_ x: Tensor, towards y: Tensor, by t: Float) throws {
      try Check.interpolate(x, towards: y, by: t)
      let (rows, columns) = extent(x, y)
      try launch(
        "interpolate", Self.program, groups: blocks(rows: rows, columns: columns),
        [.rows(x), .rows(y), .size(columns), .float(t)])
    }

    public func gatedUnit(_ gateUp: Tensor, activation: Activation, into out: Tensor) throws {
      guard activation == .silu else { throw notYet }
      let (n, f) = try Check.gatedUnit("gatedUnit", gateUp, out: out)
      try launch(
        "swiglu", ProgramKey(family: "swiglu"), groups: blocks(rows: n, columns: f),
        [.rows(gateUp), .rows(out), .size(f)])
    }

    public func gatedUnitBackward(
      _ dOut: Tensor, gateUp: Tensor, activation: Activation, into dGateUp: Tensor
    ) throws {
      guard activation == .silu else { throw notYet }
      let (n, f) = try Check.gatedUnitBackward(dOut, gateUp: gateUp, into: dGateUp)
      try launch(
        "swiglu_backward", ProgramKey(family: "swiglu"), groups: blocks(rows: n, columns: f),
        [.rows(dOut), .rows(gateUp), .rows(dGateUp), .size(f)])
    }

    var notYet: BackendError {
      .device(call: "none", status: 0, "this operation has no OpenCL kernel yet")
    }
    public func activate(_ x: Tensor, _ activation: Activation, into out: Tensor) throws {
      throw notYet
    }
    public func activateBackward(
      _ dOut: Tensor, x: Tensor, _ activation: Activation, into dX: Tensor
    ) throws { throw notYet }
    public func addRow(_ row: Tensor, to x: Tensor) throws { throw notYet }
    public func sumRows(_ x: Tensor, into out: Tensor) throws { throw notYet }
    public func softCap(_ x: Tensor, cap: Float) throws { throw notYet }
    public func dropout(
      _ x: Tensor, rate: Float, seed: UInt64, stream: UInt32, into out: Tensor
    ) throws { throw notYet }
    public func headRMSNorm(
      _ qkv: Tensor, queryWeight: Tensor, keyWeight: Tensor, shape: AttentionShape,
      settings: RMSNormSettings, into out: Tensor, inverseRMS: Tensor
    ) throws { throw notYet }
    public func headRMSNormBackward(
      _ dOut: Tensor, qkv: Tensor, queryWeight: Tensor, keyWeight: Tensor, shape: AttentionShape,
      settings: RMSNormSettings, inverseRMS: Tensor, into dQKV: Tensor, dQueryWeight: Tensor?,
      dKeyWeight: Tensor?
    ) throws { throw notYet }
    public func layerNorm(
      _ x: Tensor, weight: Tensor, bias: Tensor, epsilon: Float, into out: Tensor,
      statistics: Tensor
    ) throws { throw notYet }
    public func layerNormBackward(
      _ dOut: Tensor, x: Tensor, weight: Tensor, statistics: Tensor, into dX: Tensor,
      accumulate: Bool, dWeight: Tensor?, dBias: Tensor?
    ) throws { throw notYet }
  }
#endif
