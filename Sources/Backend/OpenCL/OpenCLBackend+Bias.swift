#if canImport(CLKernels)
  extension OpenCLBackend {
    private static let bias = ProgramKey(family: "bias")

    public func addRow(_ row: Tensor, to x: Tensor) throws {
      let (n, m) = try Check.addRow(row, to: x)
      try launch(
        "add_row", Self.bias, groups: blocks(rows: n, columns: m),
        [.tensor(row), .rows(x), .size(m)])
    }

    public func sumRows(_ x: Tensor, into out: Tensor) throws {
      let (n, m) = try Check.sumRows(x, into: out)
      try sumSlices(of: n, columns: m, into: out) { partial, slices in
        try launch(
          "sum_rows_partial", Self.bias, groups: slices.groups,
          [.rows(x), .tensor(partial), .size(n), .size(m), .size(slices.rows)])
      }
    }

    /// How sums over rows are cut: rows of a slice, and the groups of the kernel that sums a slice.
    struct Slices {
      let rows: Int
      let groups: [Int]
    }

    /// `out (columns) += ` the sums over `count` rows that `write` leaves of each slice of them in
    /// its argument (slices, columns): slices first, to have work for every compute unit.
    /// - items: work-items of a work-group of `write`'s kernel; nil takes the usual ones.
    func sumSlices(
      of count: Int, columns: Int, items: Int? = nil, into out: Tensor,
      _ write: (Tensor, Slices) throws -> Void
    ) throws {
      guard count > 0, columns > 0 else { return }
      let rows = max(32, ceilDivide(count, 64))
      let slices = ceilDivide(count, rows)
      let partial = try scratch(slices * columns)
      let groups = ceilDivide(columns, (items ?? workGroup) * vector)
      try write(partial, Slices(rows: rows, groups: [groups, slices]))
      try launch(
        "sum_slices", Self.bias, groups: [ceilDivide(columns, workGroup * vector)],
        [.tensor(partial), .size(slices), .tensor(out), .size(columns)])
    }
  }
#endif
