import MPOBackend

extension ParameterLayout {
  /// The adapters of a decoder: for each group of layers that read the same input their A's one
  /// behind the other, one product, then each B. A starts uniform in +-1/sqrt(in) (PEFT's Kaiming
  /// with a = sqrt(5)), B at 0, so that the adapters change nothing at first.
  /// - Throws: `ModelError.argument` for a target that is no layer of this decoder.
  public init(adapters lora: LoRAConfiguration, of shape: DecoderShape) throws {
    let weights = DecoderWeights(shape)
    try lora.check(weights)
    var matrices: [Group] = []
    for (layer, block) in weights.blocks.enumerated() {
      for linear in block.linears {
        let modules = linear.modules.filter {
          lora.applies(to: $0.name, layer: layer, naming: shape.naming)
        }
        guard !modules.isEmpty else { continue }
        let bound = 1 / Float(linear.columns).squareRoot()
        matrices.append(
          modules.map {
            Weight(
              AdapterNames.a($0.name), [lora.rank(of: $0.name), linear.columns],
              start: .uniform(bound: bound))
          })
        matrices += modules.map {
          [
            Weight(
              AdapterNames.b($0.name), [$0.rows, lora.rank(of: $0.name)], start: .constant(0))
          ]
        }
      }
    }
    guard !matrices.isEmpty else {
      throw ModelError.argument(
        "lora_target_modules and the layers chosen leave no layer to adapt")
    }
    // A scoring head is new or far from what is to be scored: trained whole.
    if let score = weights.score { matrices.append([Weight(AdapterNames.score, score.shape)]) }
    self.init(matrices: matrices, vectors: [], projection: nil, layers: shape.layers)
  }
}

extension LoRAConfiguration {
  fileprivate func check(_ weights: DecoderWeights) throws {
    let modules = weights.blocks.flatMap { $0.linears.flatMap { $0.modules.map(\.name) } }
    if let layer = layers?.first(where: { $0 < 0 || $0 >= weights.blocks.count }) {
      throw ModelError.argument(
        "layers_to_transform: there is no layer \(layer), the model has \(weights.blocks.count)")
    }
    guard case .names(let names) = targets else { return }
    for name in names where !modules.contains(where: { Self.matches($0, name) }) {
      let known = Set(modules.compactMap { $0.split(separator: ".").last.map(String.init) })
      throw ModelError.argument(
        "lora_target_modules: no layer is named '\(name)'; this model has "
          + known.sorted().joined(separator: ", ") + ", or all-linear")
    }
  }
}

extension ParameterSet {
  /// Fresh adapters over a base: a policy equal to the base.
  public static func adapters(
    _ lora: LoRAConfiguration, over base: ParameterSet, shape: DecoderShape, seed: UInt64,
    on backend: any ComputeBackend
  ) throws -> ParameterSet {
    let layout = try ParameterLayout(adapters: lora, of: shape)
    let set = ParameterSet(
      layout: layout, flat: try backend.zeros([layout.count]),
      adapted: AdaptedBase(base: base, lora: lora))
    try set.randomize(seed: seed, on: backend)
    if shape.scoreOutputs > 0 {
      try base.copyScore(into: set.stacked(AdapterNames.score), on: backend)
    }
    return set
  }

  /// `W + scale * B A` for every adapted layer: a model of the base's size in f32.
  /// - Throws: `BackendError` where there is no room for it.
  public func merged(shape: DecoderShape, on backend: any ComputeBackend) throws -> ParameterSet {
    guard let adapted else { return self }
    let base = adapted.base
    let merged = try ParameterSet.zeros(base.layout, on: backend)
    if base.isFrozen, let half = base.half {
      let m = base.layout.matrixCount
      try backend.convert(half, into: merged.flat.elements(0..<m))
      try backend.copy(base.flat, to: merged.flat.elements(m..<base.layout.count))
    } else {
      try backend.copy(base.flat, to: merged.flat)
    }
    for linear in DecoderWeights(shape).blocks.flatMap(\.linears) {
      for module in linear.modules {
        let name = AdapterNames.a(module.name)
        guard layout.index[name] != nil else { continue }
        let a = try stacked(name)
        try backend.matmul(
          stacked(AdapterNames.b(module.name)), transposed: false, a, transposed: false,
          into: merged.stacked(module.name + ".weight"), accumulate: true,
          scale: Float(adapted.lora.scale(of: module.name, rank: a.rows)), precision: .f32)
      }
    }
    if shape.scoreOutputs > 0 {
      try backend.copy(
        stacked(AdapterNames.score), to: merged.stacked(DecoderWeights.scoreName))
    }
    return merged
  }

  /// Copies the scoring head of a base to f32.
  private func copyScore(into target: Tensor, on backend: any ComputeBackend) throws {
    let own = try stacked(DecoderWeights.scoreName)
    if own.type == .bf16 {
      try backend.convert(own, into: target)
    } else {
      try backend.copy(own, to: target)
    }
  }
}
