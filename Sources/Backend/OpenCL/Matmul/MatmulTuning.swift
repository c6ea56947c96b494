#if canImport(CLKernels)
  /// What was found out about a device's products.
  package struct MatmulTuning: Codable, Equatable {
    /// The fastest candidate on one shape.
    package struct Pick: Codable, Equatable {
      package var shape: MatmulShape
      package var candidate: String
      /// 10^9 operations a second, 2 m n k for a product.
      package var gigaflops: Double
      package init(shape: MatmulShape, candidate: String, gigaflops: Double) {
        self.shape = shape
        self.candidate = candidate
        self.gigaflops = gigaflops
      }
    }

    /// By the name of the fragment source: empty when its probe succeeded, else why not.
    package var fragments: [String: String] = [:]
    package var picks: [Pick] = []

    package init() {}

    /// Candidates of the picks that the same programs serve, nearest shape first.
    func names(nearestTo shape: MatmulShape) -> [String] {
      picks.compactMap { pick in shape.distance(to: pick.shape).map { ($0, pick.candidate) } }
        .sorted { $0.0 < $1.0 }.map(\.1)
    }
  }
#endif
