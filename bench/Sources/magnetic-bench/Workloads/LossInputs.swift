import MPOBackend

/// Random inputs of the fused magnetic loss: N tokens, C width, V vocabulary, three policies that
/// share nothing.
struct LossInputs {
  let policies: [ProjectedPolicy]
  let targets: Tensor
  let advantages: Tensor
  let weights: Tensor
  /// dHidden (N, C) and dWeight (V, C).
  let gradients: ProjectionGradients

  /// With `.bf16` the projections are bf16.
  init(
    _ n: Int, _ c: Int, _ v: Int, _ precision: ProductPrecision = .f32,
    on backend: any ComputeBackend
  ) throws {
    var random = PhiloxGenerator(seed: 3, domain: .test)
    // A prime number of values, repeated: random enough, and quick to make.
    let values = (0..<1_000_003).map { _ in (random.uniform() - 0.5) * 0.1 }
    var next = 0
    func tensor(_ shape: [Int]) throws -> Tensor {
      let count = shape.reduce(1, *)
      let t = try backend.tensor((0..<count).map { values[(next + $0) % values.count] }, shape)
      next += count
      return t
    }
    policies = try (0..<3).map { i in
      let (hidden, weight) = (try tensor([n, c]), try tensor([v, c]))
      // As in training: the policy's own projection may be stored in f32 alone.
      let isHalf = precision == .bf16 && (i > 0 || backend.prefersHalfWeights)
      return ProjectedPolicy(
        hidden: hidden, weight: isHalf ? try backend.bfloat16(weight) : weight,
        precision: precision)
    }
    targets = try backend.indices((0..<n).map { _ in Int32(random.next() % UInt64(v)) })
    advantages = try backend.tensor((0..<n).map { $0 % 2 == 0 ? 0.25 : -0.25 })
    weights = try backend.tensor([Float](repeating: 1 / Float(n), count: n))
    gradients = ProjectionGradients(
      dHidden: try backend.zeros([n, c]), dWeight: try backend.zeros([v, c]))
  }

  /// Forward and backward.
  func loss(on backend: any ComputeBackend, chunkRows: Int? = nil) throws {
    _ = try backend.magneticLoss(
      policy: policies[0], old: policies[1], magnet: policies[2], targets: targets,
      advantages: advantages, weights: weights, settings: MagneticLossSettings(alpha: 0.1, eta: 1),
      gradients: gradients, chunkRows: chunkRows)
  }

  /// Three projections forward, and two products of the backward pass; inputs are read once and the
  /// gradients written once.
  static func cost(_ n: Int, _ c: Int, _ v: Int, _ precision: ProductPrecision) -> Cost {
    let weightSize = precision == .bf16 ? 2.0 : 4
    return Cost(
      flops: 10 * Double(n) * Double(c) * Double(v),
      bytes: Double(c) * (4 * 4 * Double(n) + (3 * weightSize + 4) * Double(v)))
  }
}
