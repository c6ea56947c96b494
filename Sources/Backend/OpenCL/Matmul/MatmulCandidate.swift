#if canImport(CLKernels)
  /// One way to compute a product: a kernel with its tile sizes.
  package protocol MatmulCandidate: Sendable {
    /// Identifies it in tuning files and tables.
    var name: String { get }
    /// Whether this device can compute such a product in this way; nothing about speed.
    func takes(_ shape: MatmulShape, on backend: OpenCLBackend) -> Bool
    /// Puts the product on the queue.
    func run(_ p: MatmulProduct, on backend: OpenCLBackend) throws
  }

  /// Everything that tuning tries, in an order in which fast ones tend to come first.
  func builtInCandidates(for fragments: [FragmentSource]) -> [any MatmulCandidate] {
    let tensor = fragments.flatMap { fragment in
      TensorMatmul.Tile.all.flatMap { tile in
        [false, true].map { TensorMatmul(tile, fragment, roundsFirst: $0) }
      }
    }
    let tiled = [
      TiledMatmul(side: 16, rows: 2, columns: 2), TiledMatmul(side: 16, rows: 1, columns: 1),
      TiledMatmul(side: 16, rows: 2, columns: 1), TiledMatmul(side: 16, rows: 1, columns: 2),
      TiledMatmul(side: 16, rows: 2, columns: 2, depth: 8),
      TiledMatmul(side: 8, rows: 2, columns: 2), TiledMatmul(side: 8, rows: 1, columns: 1),
    ]
    let vector = [VectorMatmul(rows: 8), VectorMatmul(rows: 12)]
    return vector + tensor + tiled + [SkinnyMatmul(), CLBlastMatmul()] as [any MatmulCandidate]
  }
#endif
