#if canImport(CLKernels)
  /// The device's matrix unit on products of bf16 (kernels/matmul_tensor.cl).
  struct TensorMatmul: MatmulCandidate {
    /// Sizes of a work-group's tile and of its pipeline.
    struct Tile: Hashable, Sendable {
      let m: Int, n: Int, k: Int
      let warpsM: Int, warpsN: Int
      let stages: Int

      /// Such as `128x128x32-2x4-3`: rows, columns and depth, warps, buffers.
      var name: String { "\(m)x\(n)x\(k)-\(warpsM)x\(warpsN)-\(stages)" }
      /// Bytes of local memory.
      var bytes: Int { 2 * stages * (m + n) * k }

      /// All within 48 KiB, with at most 4 x 4 fragments a warp.
      static let all =
        rules + [
          Tile(m: 128, n: 128, k: 32, warpsM: 2, warpsN: 4, stages: 3),
          Tile(m: 128, n: 128, k: 32, warpsM: 2, warpsN: 2, stages: 3),
          Tile(m: 64, n: 64, k: 64, warpsM: 2, warpsN: 2, stages: 3),
          Tile(m: 128, n: 256, k: 32, warpsM: 2, warpsN: 4, stages: 2),
          Tile(m: 256, n: 128, k: 32, warpsM: 4, warpsN: 2, stages: 2),
        ]
      /// What is chosen from without tuning, large ones first, the second for warps of 64. They
      /// leave local memory to spare: a driver that keeps some for itself refuses the others, which
      /// tuning survives.
      static let rules = [
        Tile(m: 128, n: 128, k: 32, warpsM: 2, warpsN: 4, stages: 2),
        Tile(m: 128, n: 128, k: 32, warpsM: 2, warpsN: 2, stages: 2),
        Tile(m: 128, n: 64, k: 32, warpsM: 4, warpsN: 2, stages: 3), small,
      ]
      static let small = Tile(m: 64, n: 64, k: 32, warpsM: 2, warpsN: 2, stages: 4)
    }

    let tile: Tile
    let fragment: FragmentSource
    /// Whether f32 operands are rounded into memory first, which pays where many tiles read them.
    let roundsFirst: Bool

    init(_ tile: Tile, _ fragment: FragmentSource, roundsFirst: Bool = false) {
      self.tile = tile
      self.fragment = fragment
      self.roundsFirst = roundsFirst
    }

    var name: String {
      "\(fragment.name)-\(tile.name)\(roundsFirst ? "-first" : "")"
    }
    private var items: Int { tile.warpsM * tile.warpsN * fragment.lanes }
    private var localBytes: Int { tile.bytes + items * fragment.spare }

    func takes(_ shape: MatmulShape, on backend: OpenCLBackend) -> Bool {
      shape.isBFloat16 && items <= backend.largestWorkGroup
        && localBytes <= backend.device.localMemory
        && (!roundsFirst || shape.a == .rounded || shape.b == .rounded)
        && backend.planner.isUsable(fragment, on: backend)
    }

    func run(_ p: MatmulProduct, on backend: OpenCLBackend) throws {
      var p = p
      if roundsFirst {
        (p.a, p.b) = (try backend.rounded(p.a, p.shape.a), try backend.rounded(p.b, p.shape.b))
        (p.shape.a, p.shape.b) = (.bf16, .bf16)
      }
      let s = p.shape
      let slices = self.slices(s, on: backend)
      let depth = ceilDivide(ceilDivide(s.k, slices), tile.k) * tile.k
      guard slices > 1 else { return try launch(p, slices: 1, depth: s.k, on: backend) }
      let partial = try backend.empty([slices * s.m, s.n])
      var part = p
      (part.c, part.scale, part.accumulate) = (partial, 1, false)
      try launch(part, slices: slices, depth: depth, on: backend)
      try backend.launch(
        "matmul_reduce", ProgramKey(family: "matmul_reduce"),
        groups: backend.blocks(rows: s.m, columns: s.n),
        [
          .tensor(partial), .rows(p.c), .size(s.m), .size(s.n), .size(slices), .float(p.scale),
          .flag(p.accumulate),
        ])
    }

    /// Slices of the depth: as many as give every compute unit a tile, none shallower than 8 steps.
    private func slices(_ s: MatmulShape, on backend: OpenCLBackend) -> Int {
      let tiles = ceilDivide(s.m, tile.m) * ceilDivide(s.n, tile.n)
      let wanted = backend.device.description.computeUnits / tiles
      let slices = max(1, min(wanted, s.k / (8 * tile.k), 16))
      // No slice may be empty after its depth was rounded up.
      return ceilDivide(s.k, ceilDivide(ceilDivide(s.k, slices), tile.k) * tile.k)
    }

    private func launch(
      _ p: MatmulProduct, slices: Int, depth: Int, on backend: OpenCLBackend
    ) throws {
      let program = ProgramKey(
        family: "matmul_tensor", preludes: ["operands"] + fragment.preludes.map(\.name),
        defines: p.shape.defines.merging([
          "BM": tile.m, "BN": tile.n, "BK": tile.k, "WARPS_M": tile.warpsM,
          "WARPS_N": tile.warpsN, "STAGES": tile.stages, "FRAGMENT_LANES": fragment.lanes,
        ]) { $1 })
      try backend.launch(
        "matmul_tensor", program,
        groups: [ceilDivide(p.shape.m, tile.m) * ceilDivide(p.shape.n, tile.n), slices],
        items: items,
        [.rows(p.a), .rows(p.b)] + p.tail + [
          .size(depth), .size(slices > 1 ? p.shape.m * p.shape.n : 0), .local(localBytes),
        ])
    }

    /// Untuned: the first tile that gives every compute unit one, else the smallest.
    static func rule(
      _ shape: MatmulShape, _ fragment: FragmentSource, without refused: Set<String>,
      on backend: OpenCLBackend
    ) -> TensorMatmul? {
      let units = backend.device.description.computeUnits
      let ordered = Tile.rules.map { TensorMatmul($0, fragment) }
      let fitting = ordered.filter {
        !refused.contains($0.name) && $0.takes(shape, on: backend)
      }
      let filling = fitting.first {
        ceilDivide(shape.m, $0.tile.m) * ceilDivide(shape.n, $0.tile.n) >= units
      }
      return filling ?? fitting.last
    }
  }
#endif
