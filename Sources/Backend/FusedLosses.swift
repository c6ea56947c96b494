// The fused losses from hidden states. Chunks of rows are projected, reduced and turned into
// gradients before the next chunk is touched, so that no more than `chunkRows` rows of logits per
// policy exist at any time: memory grows with chunk * V and never with N * V.

/// Hidden states after the last norm (N, C), and the output projection (V, C), f32 or bf16, of one
/// policy. Sums, logits and gradients are f32.
public struct ProjectedPolicy {
  public var hidden: Tensor
  public var weight: Tensor
  /// Of the products with the projection, forward and adjoint.
  public var precision: ProductPrecision
  /// - precision: nil takes that of the projection's type: bf16 operands with a bf16 projection.
  ///   `.f32` with a bf16 projection keeps hidden states and gradients as they are (a frozen
  ///   projection that is only stored in bf16).
  public init(hidden: Tensor, weight: Tensor, precision: ProductPrecision? = nil) {
    self.hidden = hidden
    self.weight = weight
    self.precision = precision ?? (weight.type == .bf16 ? .bf16 : .f32)
  }
}

/// Where gradients of a loss from hidden states go. `dHidden` (N, C) is overwritten, `dWeight`
/// (V, C) accumulates; nil when the projection is frozen: it is neither computed nor held.
public struct ProjectionGradients {
  public var dHidden: Tensor
  public var dWeight: Tensor?
  public init(dHidden: Tensor, dWeight: Tensor?) {
    self.dHidden = dHidden
    self.dWeight = dWeight
  }
}

extension ComputeBackend {
  /// Rows of logits in flight, of `rows` in all: as many as take 144 MiB for all policies together (on a
  /// GPU, whose products want more rows, 256 MiB) and no more than a quarter of the device's memory,
  /// which is the largest buffer that some have; at least 16. In chunks of one size: each reads every
  /// projection once.
  public func logitChunkRows(_ rows: Int, vocabulary: Int, policies: Int = 3) -> Int {
    let description = description
    let memory = description.memory > 0 ? description.memory / 4 : .max
    let bytes = min(memory, description.kind == .openCLGPU ? 256 << 20 : 144 << 20)
    let fitting = bytes / (4 * max(vocabulary, 1) * policies)
    // Whole tiles of matrix units.
    let most = fitting >= 32 ? fitting / 32 * 32 : max(16, fitting)
    guard rows > most else { return max(1, rows) }
    let chunks = (rows + most - 1) / most
    let even = (rows + chunks - 1) / chunks
    return min(most, (even + 31) / 32 * 32)
  }

  /// The fused magnetic loss (`MagneticLossSettings` has the formula):
  /// `sum_n weights[n] * loss[n]` from hidden states of policy, generating policy and magnet. A nil
  /// `old` says that the policy has not moved since it generated: ratio 1, KL(pi || pi_old) = 0, and
  /// a product with the vocabulary less.
  /// targets, advantages, weights: (N). Returns the components (MagneticComponent.count, N).
  /// With `gradients`, fills d/d(policy hidden) and adds d/d(policy weight).
  public func magneticLoss(
    policy: ProjectedPolicy, old: ProjectedPolicy?, magnet: ProjectedPolicy, targets: Tensor,
    advantages: Tensor, weights: Tensor, settings: MagneticLossSettings,
    gradients: ProjectionGradients?, chunkRows: Int? = nil
  ) throws -> Tensor {
    let n = policy.hidden.rows
    let v = policy.weight.rows
    let policies = [policy, magnet] + (old.map { [$0] } ?? [])
    try checkProjection("magneticLoss", policies, rows: n, vocabulary: v)
    let components = try empty([MagneticComponent.count, n])
    let chunk = max(
      1, min(n, chunkRows ?? logitChunkRows(n, vocabulary: v, policies: policies.count)))
    let logits = try chunks(policies.count, chunk, v)
    for start in stride(from: 0, to: n, by: chunk) {
      let rows = start..<min(start + chunk, n)
      let z = logits.map { $0.rows(0..<rows.count) }
      for (p, out) in zip(policies, z) { try project(p, rows, into: out) }
      try magneticLossRows(
        policy: z[0], old: old == nil ? z[0] : z[2], magnet: z[1], targets: targets.elements(rows),
        advantages: advantages.elements(rows), weights: weights.elements(rows),
        settings: settings, components: components.columns(rows), gradient: gradients != nil)
      if let gradients {
        try projectGradient(z[0], policy, rows, gradients)
      }
    }
    return components
  }

  /// Cross-entropy from hidden states in chunks: returns nll (N) and, with `gradients`, those of
  /// `sum_n weights[n] * nll[n]`.
  public func crossEntropy(
    _ policy: ProjectedPolicy, targets: Tensor, weights: Tensor,
    transform: LogitTransform = .init(), gradients: ProjectionGradients?, chunkRows: Int? = nil
  ) throws -> Tensor {
    let n = policy.hidden.rows
    let v = policy.weight.rows
    try checkProjection("crossEntropy", [policy], rows: n, vocabulary: v)
    let nll = try empty([n])
    let chunk = max(1, min(n, chunkRows ?? logitChunkRows(n, vocabulary: v, policies: 1)))
    let logits = try empty([chunk, v])
    for start in stride(from: 0, to: n, by: chunk) {
      let rows = start..<min(start + chunk, n)
      let z = logits.rows(0..<rows.count)
      try project(policy, rows, into: z)
      try crossEntropyRows(
        z, targets: targets.elements(rows), weights: weights.elements(rows), transform: transform,
        nll: nll.elements(rows), gradient: gradients != nil)
      if let gradients {
        try projectGradient(z, policy, rows, gradients)
      }
    }
    return nll
  }

  /// The log-ratios (2, N) of `logRatio` from hidden states, in chunks.
  public func logRatio(
    policy: ProjectedPolicy, old: ProjectedPolicy, magnet: ProjectedPolicy, targets: Tensor,
    transform: LogitTransform = .init(), chunkRows: Int? = nil
  ) throws -> Tensor {
    let n = policy.hidden.rows
    let v = policy.weight.rows
    try checkProjection("logRatio", [policy, old, magnet], rows: n, vocabulary: v)
    let out = try empty([2, n])
    let chunk = max(1, min(n, chunkRows ?? logitChunkRows(n, vocabulary: v)))
    let logits = try chunks(3, chunk, v)
    for start in stride(from: 0, to: n, by: chunk) {
      let rows = start..<min(start + chunk, n)
      let z = logits.map { $0.rows(0..<rows.count) }
      for (p, out) in zip([policy, old, magnet], z) { try project(p, rows, into: out) }
      try logRatio(
        policy: z[0], old: z[1], magnet: z[2], targets: targets.elements(rows),
        transform: transform, into: out.columns(rows))
    }
    return out
  }

  /// Logits of `policies`, (rows, V) each, in one block of memory: about the same for all losses, so that
  /// they take turns with it.
  private func chunks(_ policies: Int, _ rows: Int, _ vocabulary: Int) throws -> [Tensor] {
    let all = try empty([policies * rows, vocabulary])
    return (0..<policies).map { all.rows(($0 * rows)..<(($0 + 1) * rows)) }
  }

  /// Logits of some rows.
  private func project(_ p: ProjectedPolicy, _ rows: Range<Int>, into out: Tensor) throws {
    try matmul(
      p.hidden.rows(rows), p.weight, transposeB: true, into: out, precision: p.precision)
  }

  private func projectGradient(
    _ dLogits: Tensor, _ policy: ProjectedPolicy, _ rows: Range<Int>,
    _ gradients: ProjectionGradients
  ) throws {
    let precision = policy.precision
    try matmul(
      dLogits, policy.weight, into: gradients.dHidden.rows(rows), precision: precision)
    if let dWeight = gradients.dWeight {
      try matmul(
        dLogits, policy.hidden.rows(rows), transposeA: true, into: dWeight, accumulate: true,
        precision: precision)
    }
  }

  private func checkProjection(
    _ op: String, _ policies: [ProjectedPolicy], rows: Int, vocabulary: Int
  ) throws {
    for p in policies {
      guard p.hidden.rows == rows, p.weight.rows == vocabulary, p.hidden.columns == p.weight.columns
      else {
        throw BackendError.argument(
          op: op,
          "expected hidden (\(rows), C) and weight (\(vocabulary), C), found \(p.hidden.shape) "
            + "and \(p.weight.shape)")
      }
    }
  }
}
