#if canImport(CLKernels)
  /// Tiles in local memory, sums in registers (kernels/matmul_tiled.cl): for GPUs.
  struct TiledMatmul: MatmulCandidate {
    /// Work-items along each side of a work-group.
    let side: Int
    /// Groups of 4 rows and of 4 columns of a work-item.
    let rows: Int
    let columns: Int
    /// Depth of a tile.
    var depth = 16

    var name: String { "tiled-\(4 * side * rows)x\(4 * side * columns)x\(depth)-\(side * side)" }

    func takes(_ shape: MatmulShape, on backend: OpenCLBackend) -> Bool {
      // The driver takes some local memory for itself.
      side * side <= backend.largestWorkGroup
        && localBytes(rows) + localBytes(columns) + 256 <= backend.device.localMemory
    }

    private func localBytes(_ groups: Int) -> Int { 4 * depth * (4 * side * groups + 4) }

    func run(_ p: MatmulProduct, on backend: OpenCLBackend) throws {
      let program = ProgramKey(
        family: "matmul_tiled", preludes: ["operands"],
        defines: p.shape.defines.merging(
          ["TX": side, "TY": side, "GM": rows, "GN": columns, "BK": depth]) { $1 })
      try backend.launch(
        "matmul_tiled", program,
        groups: [
          ceilDivide(p.shape.n, 4 * side * columns), ceilDivide(p.shape.m, 4 * side * rows),
        ], items: side * side,
        [.rows(p.a), .rows(p.b)] + p.tail + [.local(localBytes(columns))])
    }

    /// Untuned: large tiles when they still fill the device, for twice the products per load.
    static func rule(_ shape: MatmulShape, on backend: OpenCLBackend) -> TiledMatmul {
      let largest = backend.largestWorkGroup
      let side = largest >= 256 ? 16 : largest >= 64 ? 8 : largest >= 4 ? 2 : 1
      let large = ceilDivide(shape.m, 8 * side) * ceilDivide(shape.n, 8 * side)
      let fills = large >= 2 * backend.device.description.computeUnits
      let each = fills && min(shape.m, shape.n) >= 8 * side ? 2 : 1
      return TiledMatmul(side: side, rows: each, columns: each)
    }
  }
#endif
