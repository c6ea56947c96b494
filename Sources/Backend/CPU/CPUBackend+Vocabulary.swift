import CPUKernels

extension CPUBackend {
  public func softmax(_ logits: Tensor, scale: Float, into out: Tensor) throws {
    let (n, v) = try Check.softmax(logits, into: out)
    mpo_softmax(pool, try floats(logits, "softmax"), scale, try floats(out, "softmax"), n, v)
  }

  public func gatherLogProb(
    _ logits: Tensor, targets: Tensor, transform: LogitTransform, into out: Tensor
  ) throws {
    let op = "gatherLogProb"
    let (n, v) = try Check.gatherLogProb(
      logits, targets: targets, transform: transform, into: out)
    let status = mpo_gather_log_prob(
      pool, try floats(logits, op), try ints(targets, op), transform.c, try floats(out, op), n, v)
    try check(status, op)
  }

  public func logRatio(
    policy: Tensor, old: Tensor, magnet: Tensor, targets: Tensor, transform: LogitTransform,
    into out: Tensor
  ) throws {
    let op = "logRatio"
    let (n, v) = try Check.logRatio(
      policy: policy, old: old, magnet: magnet, targets: targets, transform: transform, into: out)
    let status = mpo_log_ratio(
      pool, try floats(policy, op), try floats(old, op), try floats(magnet, op),
      try ints(targets, op), transform.c, try floats(out, op), out.rowStride, n, v)
    try check(status, op)
  }

  public func magneticLossRows(
    policy: Tensor, old: Tensor, magnet: Tensor, targets: Tensor, advantages: Tensor,
    weights: Tensor, settings: MagneticLossSettings, components: Tensor, gradient: Bool
  ) throws {
    let op = "magneticLossRows"
    let (n, v) = try Check.magneticLossRows(
      policy: policy, old: old, magnet: magnet, targets: targets, advantages: advantages,
      weights: weights, settings: settings, components: components, gradient: gradient)
    let status = mpo_magnetic_loss(
      pool, try floats(policy, op), try floats(old, op), try floats(magnet, op),
      try ints(targets, op), try floats(advantages, op), try floats(weights, op),
      mpo_loss_settings(
        alpha: settings.alpha, eta: settings.eta, clip: settings.clip,
        transform: settings.transform.c),
      try floats(components, op), components.rowStride, gradient ? 1 : 0, n, v)
    try check(status, op)
  }

  public func crossEntropyRows(
    _ logits: Tensor, targets: Tensor, weights: Tensor, transform: LogitTransform, nll: Tensor,
    gradient: Bool
  ) throws {
    let op = "crossEntropyRows"
    let (n, v) = try Check.crossEntropyRows(
      logits, targets: targets, weights: weights, transform: transform, nll: nll)
    let status = mpo_cross_entropy(
      pool, try floats(logits, op), try ints(targets, op), try floats(weights, op), transform.c,
      try floats(nll, op), gradient ? 1 : 0, n, v)
    try check(status, op)
  }

  public func advantageWithKLToGo(
    advantages: Tensor, klMagnet: Tensor, klOld: Tensor, sequences: Tensor, alpha: Float,
    eta: Float, into out: Tensor
  ) throws {
    let op = "advantageWithKLToGo"
    let (_, s) = try Check.advantageWithKLToGo(
      advantages: advantages, klMagnet: klMagnet, klOld: klOld, sequences: sequences, eta: eta,
      into: out)
    mpo_kl_to_go(
      pool, try floats(advantages, op), try floats(klMagnet, op), try floats(klOld, op),
      try ints(sequences, op), alpha, eta, try floats(out, op), s)
  }

  public func sample(
    _ logits: Tensor, rows: Tensor, settings: SamplingSettings, seed: UInt64, stream: UInt32,
    index: UInt32, into tokens: Tensor, logProbs: Tensor
  ) throws {
    let op = "sample"
    let (b, v) = try Check.sample(
      logits, rows: rows, settings: settings, into: tokens, logProbs: logProbs)
    let status = mpo_sample(
      pool, try floats(logits, op), try ints(rows, op),
      mpo_sampling_settings(
        temperature: settings.temperature, top_p: settings.topP, min_p: settings.minP,
        top_k: settings.topK, seed: seed, stream: stream, index: index),
      try ints(tokens, op), try floats(logProbs, op), b, v)
    try check(status, op)
  }
}

extension LogitTransform {
  fileprivate var c: mpo_transform { mpo_transform(softcap: softcap, scale: scale) }
}
