import MPOBackend

/// Operations that memory bounds. Bytes are the fewest that the operation could move: each input
/// read once, each output written once.
extension KernelCase {
  static let elementwise: [KernelCase] = [
    elements("copy", arrays: 2) { b, x in try b.copy(x[0], to: x[1]) },
    elements("add", arrays: 3) { b, x in try b.add(x[0], x[1], into: x[2]) },
    elements("interpolate", arrays: 3) { b, x in
      try b.interpolate(x[1], towards: x[0], by: 0.01)
    },
    KernelCase(name: "adamW") { b, scale in
      let n = scale.pick(999, 1 << 23, 1 << 26)
      let d = KernelData(backend: b)
      let (p, g) = (try d.normals([n]), try d.normals([n], seed: 2))
      let (m, v) = (try b.zeros([n]), try b.zeros([n]))
      let norm = try b.tensor([1])
      return PreparedKernel(
        shape: "(\(n))", bytes: 7 * 4 * Double(n),
        run: {
          try b.adamW(
            parameters: p, gradients: g, firstMoment: m, secondMoment: v, gradNorm: norm,
            settings: AdamWSettings(learningRate: 1e-5, step: 3, maxGradNorm: 1))
        }, results: [p, m, v])
    },
    KernelCase(name: "norm") { b, scale in
      let n = scale.pick(999, 1 << 24, 1 << 26)
      let x = try KernelData(backend: b).normals([n])
      let out = try b.empty([1])
      return PreparedKernel(
        shape: "(\(n))", bytes: 4 * Double(n), run: { try b.norm(x, into: out) }, results: [out])
    },
  ]

  /// An operation on `arrays` arrays of one size, each moved once.
  private static func elements(
    _ name: String, arrays: Int,
    _ run: @escaping @Sendable (any ComputeBackend, [Tensor]) throws -> Void
  ) -> KernelCase {
    KernelCase(name: name) { b, scale in
      let n = scale.pick(999, 1 << 24, 1 << 26)
      let d = KernelData(backend: b)
      let x = try (0..<3).map { try d.normals([n], seed: UInt64($0)) }
      return PreparedKernel(
        shape: "(\(n))", bytes: 4 * Double(arrays * n), run: { try run(b, x) }, results: x)
    }
  }

  static let rows: [KernelCase] = [
    KernelCase(name: "embedding") { b, scale in
      let (n, c) = (scale.pick(9, 8192, 65_536), scale.pick(37, 576, 1024))
      let d = KernelData(backend: b)
      let (ids, table) = (try d.indices(n, below: n), try d.normals([n, c]))
      let out = try b.empty([n, c])
      return PreparedKernel(
        shape: "(\(n), \(c))", bytes: 8 * Double(n * c),
        run: { try b.embedding(ids, table: table, into: out) }, results: [out])
    },
    KernelCase(name: "rmsNorm") { b, scale in
      let (n, c) = (scale.pick(9, 8192, 65_536), scale.pick(37, 576, 1024))
      let d = KernelData(backend: b)
      let (x, w) = (try d.normals([n, c]), try d.normals([c], seed: 2))
      let (out, r) = (try b.empty([n, c]), try b.empty([n]))
      return PreparedKernel(
        shape: "(\(n), \(c))", bytes: 8 * Double(n * c),
        run: {
          try b.rmsNorm(x, weight: w, settings: .init(epsilon: 1e-5), into: out, inverseRMS: r)
        },
        results: [out, r])
    },
    KernelCase(name: "rmsNormBackward") { b, scale in
      let (n, c) = (scale.pick(9, 8192, 65_536), scale.pick(37, 576, 1024))
      let d = KernelData(backend: b)
      let (x, dOut) = (try d.normals([n, c]), try d.normals([n, c], seed: 3))
      let w = try d.normals([c], seed: 2)
      let r = try d.normals([n], seed: 4)
      let (dX, dW) = (try b.empty([n, c]), try b.zeros([c]))
      return PreparedKernel(
        shape: "(\(n), \(c))", bytes: 12 * Double(n * c),
        run: {
          try b.rmsNormBackward(
            dOut, x: x, weight: w, settings: .init(epsilon: 1e-5), inverseRMS: r, into: dX,
            accumulate: false, dWeight: dW)
        }, results: [dX, dW])
    },
    KernelCase(name: "rotary") { b, scale in
      let (n, heads, width) = (scale.pick(9, 8192, 65_536), scale.pick(3, 9, 16), 64)
      let d = KernelData(backend: b)
      let x = try d.normals([n, heads * width])
      let positions = try d.indices(n, below: 128)
      let (cosine, sine) = (try d.normals([128, width / 2]), try d.normals([128, width / 2]))
      try b.fill(sine, with: 0.6)
      try b.fill(cosine, with: 0.8)  // a rotation: repeated runs keep the size of x
      return PreparedKernel(
        shape: "(\(n), \(heads)x\(width))", bytes: 8 * Double(n * heads * width),
        run: {
          try b.rotary(
            x, heads: heads, headWidth: width, positions: positions, cosine: cosine, sine: sine,
            inverse: false)
        }, results: [x])
    },
    KernelCase(name: "gatedUnit") { b, scale in
      let (n, f) = (scale.pick(9, 4096, 16_384), scale.pick(37, 1536, 4096))
      let x = try KernelData(backend: b).normals([n, 2 * f])
      let out = try b.empty([n, f])
      return PreparedKernel(
        shape: "(\(n), 2x\(f))", bytes: 12 * Double(n * f),
        run: { try b.gatedUnit(x, activation: .silu, into: out) }, results: [out])
    },
    KernelCase(name: "gatedUnitBackward") { b, scale in
      let (n, f) = (scale.pick(9, 4096, 16_384), scale.pick(37, 1536, 4096))
      let d = KernelData(backend: b)
      let (x, dOut) = (try d.normals([n, 2 * f]), try d.normals([n, f], seed: 2))
      let dX = try b.empty([n, 2 * f])
      return PreparedKernel(
        shape: "(\(n), 2x\(f))", bytes: 20 * Double(n * f),
        run: { try b.gatedUnitBackward(dOut, gateUp: x, activation: .silu, into: dX) },
        results: [dX])
    },
  ]
}
