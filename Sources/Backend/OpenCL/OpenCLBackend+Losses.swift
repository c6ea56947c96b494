#if canImport(CLKernels)
  extension OpenCLBackend {
    private static let family = ProgramKey(family: "softmax")
    private static let magnetic = ProgramKey(family: "magnetic_loss")

    public func softmax(_ logits: Tensor, scale: Float, into out: Tensor) throws {
      let (n, v) = try Check.softmax(logits, into: out)
      try launch(
        "softmax", Self.family, groups: [n],
        [.rows(logits), .rows(out), .size(v), .float(scale), reduction])
    }

    public func gatherLogProb(
      _ logits: Tensor, targets: Tensor, transform: LogitTransform, into out: Tensor
    ) throws {
      let (n, v) = try Check.gatherLogProb(
        logits, targets: targets, transform: transform, into: out)
      try launch(
        "gather_log_prob", Self.family, groups: [n],
        [
          .rows(logits), .tensor(targets), .tensor(out), .size(v), .float(transform.softcap),
          .float(transform.scale), reduction,
        ])
    }

    public func logRatio(
      policy: Tensor, old: Tensor, magnet: Tensor, targets: Tensor, transform: LogitTransform,
      into out: Tensor
    ) throws {
      let (n, v) = try Check.logRatio(
        policy: policy, old: old, magnet: magnet, targets: targets, transform: transform, into: out)
      try launch(
        "log_ratio", Self.family, groups: [n],
        [
          .rows(policy), .rows(old), .rows(magnet), .tensor(targets), .rows(out), .size(v),
          .float(transform.softcap), .float(transform.scale), reduction,
        ])
    }

    public func magneticLossRows(
      policy: Tensor, old: Tensor, magnet: Tensor, targets: Tensor, advantages: Tensor,
      weights: Tensor, settings: MagneticLossSettings, components: Tensor, gradient: Bool
    ) throws {
      let (n, v) = try Check.magneticLossRows(
        policy: policy, old: old, magnet: magnet, targets: targets, advantages: advantages,
        weights: weights, settings: settings, components: components, gradient: gradient)
      try launch(
        "magnetic_loss", Self.magnetic, groups: [n],
        [
          .rows(policy), .rows(old), .rows(magnet), .tensor(targets), .tensor(advantages),
          .tensor(weights), .rows(components), .size(v), .float(settings.alpha),
          .float(1 / settings.eta), .float(settings.clip), .float(settings.transform.softcap),
          .float(settings.transform.scale), .flag(gradient), reduction,
        ])
    }

    public func crossEntropyRows(
      _ logits: Tensor, targets: Tensor, weights: Tensor, transform: LogitTransform, nll: Tensor,
      gradient: Bool
    ) throws {
      let (n, v) = try Check.crossEntropyRows(
        logits, targets: targets, weights: weights, transform: transform, nll: nll)
      try launch(
        "cross_entropy", ProgramKey(family: "cross_entropy"), groups: [n],
        [
          .rows(logits), .tensor(targets), .tensor(weights), .tensor(nll), .size(v),
          .float(transform.softcap), .float(transform.scale), .flag(gradient), reduction,
        ])
    }

    public func advantageWithKLToGo(
      advantages: Tensor, klMagnet: Tensor, klOld: Tensor, sequences: Tensor, alpha: Float,
      eta: Float, into out: Tensor
    ) throws {
      let (n, s) = try Check.advantageWithKLToGo(
        advantages: advantages, klMagnet: klMagnet, klOld: klOld, sequences: sequences, eta: eta,
        into: out)
      guard n > 0 else { return }
      try launch(
        "kl_to_go", Self.magnetic, groups: [s],
        [
          .tensor(advantages), .tensor(klMagnet), .tensor(klOld), .tensor(sequences), .tensor(out),
          .float(alpha), .float(1 / eta), reduction,
        ])
    }

    public func sample(
      _ logits: Tensor, rows: Tensor, settings: SamplingSettings, seed: UInt64, stream: UInt32,
      index: UInt32, into tokens: Tensor, logProbs: Tensor
    ) throws {
      let (b, v) = try Check.sample(
        logits, rows: rows, settings: settings, into: tokens, logProbs: logProbs)
      let greedy = settings.temperature == 0
      // Probabilities are kept for the threshold searches, which read them some sixty times.
      let probabilities = try scratch(greedy ? 1 : b * v)
      try launch(
        "sample", ProgramKey(family: "sampling"), groups: [b],
        [
          .rows(logits), .tensor(rows), .tensor(tokens), .tensor(logProbs),
          .tensor(probabilities), .size(v), .float(greedy ? 1 : 1 / settings.temperature),
          .size(settings.topK), .float(settings.topP), .float(settings.minP), .flag(greedy),
          .word(UInt32(truncatingIfNeeded: seed)), .word(UInt32(truncatingIfNeeded: seed >> 32)),
          .word(stream), .word(index), reduction,
        ])
    }
  }
#endif
