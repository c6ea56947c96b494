#if canImport(CLKernels)
  /// Finds out whether a device has a matrix unit by multiplying with it.
  enum FragmentProbe {
    /// What became of a probe.
    struct Verdict {
      /// Nil when the fragment compiles and its products equal the host's, else what went wrong.
      var failure: String?
      /// The same whenever it is asked: not so when memory was short or the device failed.
      var isFinal = true
    }

    /// Runs in a context of its own, which a fault does not outlive. The operands are integers, so
    /// the sums are exact in any order; those in f32 are off by less than half a bf16 step, down as
    /// well as up, so that anything but rounding to nearest shows.
    static func verdict(
      on fragment: FragmentSource, device: OpenCLDevice, configuration: OpenCLConfiguration
    ) -> Verdict {
      do {
        let backend = try OpenCLBackend(
          device: device, configuration: configuration, fragments: [fragment], candidates: [])
        let candidate = TensorMatmul(.small, fragment)
        // Between them every load of both operands, both kinds and an edge in each direction.
        for (ta, tb, a, b) in [
          (false, false, MatmulShape.Operand.bf16, MatmulShape.Operand.bf16),
          (true, true, .rounded, .rounded), (false, true, .bf16, .rounded),
        ] {
          let shape = MatmulShape(m: 72, n: 88, k: 104, ta: ta, tb: tb, a: a, b: b)
          guard try isExact(candidate, shape, backend) else {
            return Verdict(failure: "wrong result of \(shape.layout) \(a) x \(b)")
          }
        }
        return Verdict()
      } catch {
        let lines = "\(error)".split(separator: "\n")
        let telling = lines.first { $0.contains("error") } ?? lines.first
        let isFinal = if case BackendError.build = error { true } else { false }
        return Verdict(
          failure: telling.map { String($0.prefix(160)) } ?? "no result", isFinal: isFinal)
      }
    }

    private static func isExact(
      _ candidate: TensorMatmul, _ shape: MatmulShape, _ backend: OpenCLBackend
    ) throws -> Bool {
      let a = integers(shape.m * shape.k, 7)
      let b = integers(shape.k * shape.n, 5)
      let c = try backend.empty([shape.m, shape.n])
      let product = MatmulProduct(
        a: try upload(
          a, shape.ta ? [shape.k, shape.m] : [shape.m, shape.k], shape.a, backend),
        b: try upload(
          b, shape.tb ? [shape.n, shape.k] : [shape.k, shape.n], shape.b, backend),
        c: c, shape: shape, accumulate: false, scale: 1)
      try candidate.run(product, on: backend)
      let got = try backend.floats(c)
      for i in 0..<shape.m {
        for j in 0..<shape.n {
          var sum: Float = 0
          for k in 0..<shape.k {
            sum +=
              a[shape.ta ? k * shape.m + i : i * shape.k + k]
              * b[shape.tb ? j * shape.k + k : k * shape.n + j]
          }
          guard got[i * shape.n + j] == sum else { return false }
        }
      }
      return true
    }

    /// From -8 to 8 without 0.
    private static func integers(_ count: Int, _ step: Int) -> [Float] {
      (0..<count).map { i in
        let x = i * step % 61 % 16
        return Float(x < 8 ? x - 8 : x - 7)
      }
    }

    private static func upload(
      _ x: [Float], _ dimensions: [Int], _ operand: MatmulShape.Operand, _ backend: OpenCLBackend
    ) throws -> Tensor {
      guard operand == .rounded else { return try backend.bfloat16(backend.tensor(x, dimensions)) }
      return try backend.tensor(
        x.enumerated().map { $1 + ($0 % 2 == 0 ? 0x1p-12 : -0x1p-12) }, dimensions)
    }
  }
#endif
