#if canImport(CLKernels)
  extension OpenCLBackend {
    public func matmul(
      _ a: Tensor, transposed ta: Bool, _ b: Tensor, transposed tb: Bool, into c: Tensor,
      accumulate: Bool, scale: Float, precision: ProductPrecision
    ) throws {
      let (m, n, k) = try Check.matmul(a, transposed: ta, b, transposed: tb, into: c)
      guard m > 0, n > 0 else { return }
      guard k > 0 else { return accumulate ? () : try fill(c, bits: 0) }
      let shape = MatmulShape(
        m: m, n: n, k: k, ta: ta, tb: tb, a: .init(a.type, precision), b: .init(b.type, precision))
      let product = MatmulProduct(
        a: a, b: b, c: c, shape: shape, accumulate: accumulate, scale: scale)
      let candidate = try candidate(for: shape)
      do {
        try candidate.run(product, on: self)
      } catch let error as BackendError where configuration.matmul == .automatic {
        // A kernel that the driver would not build or launch. The last launch of a candidate is the
        // one that writes c, so c is as it was.
        switch error {
        case .build, .device:
          guard let other = planner.choose(shape, insteadOf: candidate, on: self) else {
            throw error
          }
          try other.run(product, on: self)
        default: throw error
        }
      }
    }

    /// What the configuration, or else the planner, says.
    private func candidate(for shape: MatmulShape) throws -> any MatmulCandidate {
      let skinny = SkinnyMatmul()
      switch configuration.matmul {
      case .automatic: return planner.choose(shape, on: self)
      case .clblast: return CLBlastMatmul()
      case .tensor where shape.isBFloat16:
        guard let tensor = planner.tensorRule(shape, on: self) else {
          throw BackendError.argument(
            op: "matmul",
            "\(device.description.name) has no matrix unit that the probes accept: "
              + planner.refusals(on: self).joined(separator: "; ") + "; use .automatic")
        }
        return tensor
      case _ where skinny.takes(shape, on: self): return skinny
      case .vector: return VectorMatmul(rows: 8)
      case .tiled, .tensor: return TiledMatmul.rule(shape, on: self)
      }
    }
  }
#endif
