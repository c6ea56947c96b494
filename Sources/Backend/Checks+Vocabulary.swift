/// What runs over the vocabulary: softmax, losses, sampling.
extension Check {
  static func softmax(_ logits: Tensor, into out: Tensor) throws -> (n: Int, v: Int) {
    try tensor("softmax", "logits", logits)
    try matrix("softmax", "out", out, logits.rows, logits.columns)
    return (logits.rows, logits.columns)
  }

  /// Logits (N, V) with V >= 1 unless there are no rows, their targets (N) and the transform.
  static func targets(
    _ op: String, _ logits: Tensor, _ targets: Tensor, _ transform: LogitTransform
  ) throws -> (n: Int, v: Int) {
    try tensor(op, "logits", logits)
    try require(
      op, logits.rows == 0 || logits.columns > 0, "logits: expected V >= 1, found \(logits.shape)")
    try vector(op, "targets", targets, logits.rows, type: .i32)
    try require(
      op, transform.softcap >= 0 && transform.softcap.isFinite && transform.scale.isFinite,
      "expected a finite softcap >= 0 and scale, found \(transform.softcap), \(transform.scale)")
    return (logits.rows, logits.columns)
  }

  static func gatherLogProb(
    _ logits: Tensor, targets: Tensor, transform: LogitTransform, into out: Tensor
  ) throws -> (n: Int, v: Int) {
    let sizes = try Check.targets("gatherLogProb", logits, targets, transform)
    try vector("gatherLogProb", "out", out, sizes.n)
    return sizes
  }

  static func logRatio(
    policy: Tensor, old: Tensor, magnet: Tensor, targets: Tensor, transform: LogitTransform,
    into out: Tensor
  ) throws -> (n: Int, v: Int) {
    let sizes = try Check.targets("logRatio", policy, targets, transform)
    try matrix("logRatio", "old", old, sizes.n, sizes.v)
    try matrix("logRatio", "magnet", magnet, sizes.n, sizes.v)
    try matrix("logRatio", "out", out, 2, sizes.n, strided: true)
    return sizes
  }

  static func magneticLossRows(
    policy: Tensor, old: Tensor, magnet: Tensor, targets: Tensor, advantages: Tensor,
    weights: Tensor, settings: MagneticLossSettings, components: Tensor, gradient: Bool
  ) throws -> (n: Int, v: Int) {
    let op = "magneticLossRows"
    let sizes = try Check.targets(op, policy, targets, settings.transform)
    for (name, t) in [("old", old), ("magnet", magnet)] {
      try matrix(op, name, t, sizes.n, sizes.v)
      let same = name == "old" && t.storage === policy.storage && t.offset == policy.offset
      try require(
        op, !gradient || same || !overlap(policy, t),
        "policy is overwritten and overlaps \(name)")
    }
    try vector(op, "advantages", advantages, sizes.n)
    try vector(op, "weights", weights, sizes.n)
    try matrix(op, "components", components, MagneticComponent.count, sizes.n, strided: true)
    try require(
      op, settings.eta > 0 && settings.alpha.isFinite && settings.clip >= 0,
      "expected eta > 0, a finite alpha and clip >= 0, found \(settings.eta), \(settings.alpha), "
        + "\(settings.clip)")
    return sizes
  }

  /// Two contiguous views share an element.
  static func overlap(_ a: Tensor, _ b: Tensor) -> Bool {
    a.storage === b.storage && a.offset < b.offset + b.count && b.offset < a.offset + a.count
  }

  static func crossEntropyRows(
    _ logits: Tensor, targets: Tensor, weights: Tensor, transform: LogitTransform, nll: Tensor
  ) throws -> (n: Int, v: Int) {
    let sizes = try Check.targets("crossEntropyRows", logits, targets, transform)
    try vector("crossEntropyRows", "weights", weights, sizes.n)
    try vector("crossEntropyRows", "nll", nll, sizes.n)
    return sizes
  }

  static func advantageWithKLToGo(
    advantages: Tensor, klMagnet: Tensor, klOld: Tensor, sequences: Tensor, eta: Float,
    into out: Tensor
  ) throws -> (n: Int, s: Int) {
    let op = "advantageWithKLToGo"
    let n = advantages.count
    for (name, t) in [
      ("advantages", advantages), ("klMagnet", klMagnet), ("klOld", klOld), ("out", out),
    ] {
      try vector(op, name, t, n)
    }
    try vector(op, "sequences", sequences, sequences.count, type: .i32)
    try require(
      op, sequences.count >= 1, "sequences: expected S + 1 elements, found \(sequences.shape)")
    try require(op, eta > 0, "eta: expected above 0, found \(eta)")
    return (n, sequences.count - 1)
  }

  static func sample(
    _ logits: Tensor, rows: Tensor, settings: SamplingSettings, into tokens: Tensor,
    logProbs: Tensor
  ) throws -> (b: Int, v: Int) {
    let op = "sample"
    try tensor(op, "logits", logits)
    try require(
      op, logits.rows == 0 || logits.columns > 0, "logits: expected V >= 1, found \(logits.shape)")
    try vector(op, "rows", rows, logits.rows, type: .i32)
    try vector(op, "tokens", tokens, logits.rows, type: .i32)
    try vector(op, "logProbs", logProbs, logits.rows)
    try require(
      op,
      settings.temperature >= 0 && settings.temperature.isFinite && settings.topK >= 0
        && settings.topP > 0 && settings.topP <= 1 && settings.minP >= 0 && settings.minP <= 1,
      "expected temperature >= 0, topK >= 0, topP in (0, 1] and minP in 0...1, found \(settings)")
    return (logits.rows, logits.columns)
  }
}
