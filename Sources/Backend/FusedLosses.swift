// The fused losses from hidden states. Chunks of rows are projected, reduced and turned into
// gradients before the next chunk is touched, so that no more than `chunkRows` rows of logits per
// policy exist at any time: memory grows with chunk * V and never with N * V.

/// Hidden states after the last norm (N, C), and the output projection (V, C), of one policy.
public struct ProjectedPolicy {
  public var hidden: Tensor
  public var weight: Tensor
  public init(hidden: Tensor, weight: Tensor) {
    self.hidden = hidden
    self.weight = weight
  }
}

/// Where gradients of a loss from hidden states go. `dHidden` (N, C) is overwritten, `dWeight`
/// (V, C) accumulates; nil when the projection is frozen.
public struct ProjectionGradients {
  public var dHidden: Tensor
  public var dWeight: Tensor?
  public init(dHidden: Tensor, dWeight: Tensor?) {
    self.dHidden = dHidden
    self.dWeight = dWeight
  }
}

extension ComputeBackend {
  /// Rows of logits in flight: about 16 MiB for each of the policies, at least 16 rows.
  public func logitChunkRows(vocabulary: Int) -> Int {
    max(16, (16 << 20) / (4 * max(vocabulary, 1)))
  }

  /// The fused magnetic loss (`MagneticLossSettings` has the formula):
  /// `sum_n weights[n] * loss[n]` from hidden states of policy, generating policy and magnet.
  /// targets, advantages, weights: (N). Returns the components (MagneticComponent.count, N).
  /// With `gradients`, fills d/d(policy hidden) and adds d/d(policy weight).
  public func magneticLoss(
    policy: ProjectedPolicy, old: ProjectedPolicy, magnet: ProjectedPolicy, targets: Tensor,
    advantages: Tensor, weights: Tensor, settings: MagneticLossSettings,
    gradients: ProjectionGradients?, chunkRows: Int? = nil
  ) throws -> Tensor {
    let n = policy.hidden.rows
    let v = policy.weight.rows
    try checkProjection("magneticLoss", [policy, old, magnet], rows: n, vocabulary: v)
    let components = try empty([MagneticComponent.count, n])
    let chunk = max(1, min(n, chunkRows ?? logitChunkRows(vocabulary: v)))
    let logits = try (0..<3).map { _ in try empty([chunk, v]) }
    for start in stride(from: 0, to: n, by: chunk) {
      let rows = start..<min(start + chunk, n)
      let z = logits.map { $0.rows(0..<rows.count) }
      for (p, out) in zip([policy, old, magnet], z) {
        try matmul(p.hidden.rows(rows), p.weight, transposeB: true, into: out)
      }
      try magneticLossRows(
        policy: z[0], old: z[1], magnet: z[2], targets: targets.elements(rows),
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
    let chunk = max(1, min(n, chunkRows ?? logitChunkRows(vocabulary: v)))
    let logits = try empty([chunk, v])
    for start in stride(from: 0, to: n, by: chunk) {
      let rows = start..<min(start + chunk, n)
      let z = logits.rows(0..<rows.count)
      try matmul(policy.hidden.rows(rows), policy.weight, transposeB: true, into: z)
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
    let chunk = max(1, min(n, chunkRows ?? logitChunkRows(vocabulary: v)))
    let logits = try (0..<3).map { _ in try empty([chunk, v]) }
    for start in stride(from: 0, to: n, by: chunk) {
      let rows = start..<min(start + chunk, n)
      let z = logits.map { $0.rows(0..<rows.count) }
      for (p, out) in zip([policy, old, magnet], z) {
        try matmul(p.hidden.rows(rows), p.weight, transposeB: true, into: out)
      }
      try logRatio(
        policy: z[0], old: z[1], magnet: z[2], targets: targets.elements(rows),
        transform: transform, into: out.columns(rows))
    }
    return out
  }

  private func projectGradient(
    _ dLogits: Tensor, _ policy: ProjectedPolicy, _ rows: Range<Int>,
    _ gradients: ProjectionGradients
  ) throws {
    try matmul(dLogits, policy.weight, into: gradients.dHidden.rows(rows))
    if let dWeight = gradients.dWeight {
      try matmul(
        dLogits, policy.hidden.rows(rows), transposeA: true, into: dWeight, accumulate: true)
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
