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

    public func softCap(_ x: Tensor, cap: Float) throws {
      try Check.softCap(x, cap: cap)
      try launch(
        "soft_cap", Self.program, groups: blocks(rows: 1, columns: x.count),
        [.rows(x), .size(x.count), .float(cap)])
    }

    public func dropout(
      _ x: Tensor, rate: Float, seed: UInt64, stream: UInt32, into out: Tensor
    ) throws {
      try Check.dropout(x, rate: rate, into: out)
      try launch(
        "dropout", ProgramKey(family: "dropout"), groups: blocks(rows: 1, columns: x.count),
        [
          .tensor(x), .tensor(out), .size(x.count), .float(rate), .float(1 / (1 - rate)),
          .word(UInt32(truncatingIfNeeded: seed)), .word(UInt32(truncatingIfNeeded: seed >> 32)),
          .word(stream), .word(Philox.Domain.dropout.rawValue),
        ])
    }

    // MARK: Feed-forward

    private func program(_ activation: Activation) -> ProgramKey {
      let number =
        switch activation {
        case .silu: 0
        case .geluTanh: 1
        case .gelu: 2
        }
      return ProgramKey(family: "activation", defines: ["ACTIVATION": number])
    }

    public func gatedUnit(_ gateUp: Tensor, activation: Activation, into out: Tensor) throws {
      let (n, f) = try Check.gatedUnit("gatedUnit", gateUp, out: out)
      try launch(
        "gated_unit", program(activation), groups: blocks(rows: n, columns: f),
        [.rows(gateUp), .rows(out), .size(f)])
    }

    public func gatedUnitBackward(
      _ dOut: Tensor, gateUp: Tensor, activation: Activation, into dGateUp: Tensor
    ) throws {
      let (n, f) = try Check.gatedUnitBackward(dOut, gateUp: gateUp, into: dGateUp)
      try launch(
        "gated_unit_backward", program(activation), groups: blocks(rows: n, columns: f),
        [.rows(dOut), .rows(gateUp), .rows(dGateUp), .size(f)])
    }

    public func activate(_ x: Tensor, _ activation: Activation, into out: Tensor) throws {
      try Check.activate(x, into: out)
      try launch(
        "activate", program(activation), groups: blocks(rows: 1, columns: x.count),
        [.rows(x), .rows(out), .size(x.count)])
    }

    public func activateBackward(
      _ dOut: Tensor, x: Tensor, _ activation: Activation, into dX: Tensor
    ) throws {
      try Check.activateBackward(dOut, x: x, into: dX)
      try launch(
        "activate_backward", program(activation), groups: blocks(rows: 1, columns: x.count),
        [.rows(dOut), .rows(x), .rows(dX), .size(x.count)])
    }
  }
#endif
