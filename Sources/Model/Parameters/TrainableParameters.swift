import MPOBackend

/// The weights that a forward pass reads and, when it trains, the gradients that it fills.
public struct TrainableParameters {
  public var values: ParameterSet
  /// Nil for a forward pass without gradients.
  public var gradients: ParameterSet?
  /// Dropout of adapters' inputs; nil is none.
  public var dropout: AdapterDropout?
  public init(
    values: ParameterSet, gradients: ParameterSet? = nil, dropout: AdapterDropout? = nil
  ) {
    self.values = values
    self.gradients = gradients
    self.dropout = dropout
  }

  /// `count` stacked entries from `name` on, with their gradient; under adapters the base's, frozen.
  package func parameter(_ name: String, _ count: Int = 1) throws -> Parameter {
    let source = values.adapted?.base ?? values
    return Parameter(
      value: try source.stacked(name, count),
      gradient: values.adapted == nil ? try gradients?.stacked(name, count) : nil,
      product: try source.stacked(name, count, forProducts: true), precision: source.precision)
  }

  func parameter(_ weight: ParameterLayout.Weight) throws -> Parameter {
    try parameter(weight.name)
  }

  func linear(_ weights: LinearWeights) throws -> LinearParameters {
    let count = weights.modules.count
    return LinearParameters(
      weight: try parameter(weights.modules[0].name + ".weight", count),
      bias: weights.hasBias ? try parameter(weights.modules[0].name + ".bias", count) : nil,
      adapters: try adapters(weights))
  }

  func norm(_ weights: NormWeights, _ shape: NormShape) throws -> NormParameters {
    NormParameters(
      weight: try parameter(weights.name + ".weight"),
      bias: weights.hasBias ? try parameter(weights.name + ".bias") : nil, shape: shape)
  }

  /// The adapters of those modules of the group that have one.
  private func adapters(_ weights: LinearWeights) throws -> LinearParameters.Adapters? {
    guard let lora = values.adapted?.lora else { return nil }
    var (column, rank) = (0, 0)
    var parts: [LinearParameters.Adapters.Part] = []
    var first: String?
    for module in weights.modules {
      defer { column += module.rows }
      let a = AdapterNames.a(module.name)
      guard let entry = values.layout.index[a].map({ values.layout.entries[$0] }) else { continue }
      first = first ?? a
      parts.append(
        .init(
          columns: column..<(column + module.rows), ranks: rank..<(rank + entry.shape[0]),
          b: try own(AdapterNames.b(module.name)),
          scale: Float(lora.scale(of: module.name, rank: entry.shape[0]))))
      rank += entry.shape[0]
    }
    guard let first else { return nil }
    return .init(
      a: try own(first, parts.count), parts: parts,
      dropout: dropout.flatMap { $0.draw(stream: values.layout.index[first] ?? 0) })
  }

  /// The head that scores texts (n, C); under adapters their own copy, which is trained with them.
  package func score() throws -> Parameter {
    try values.adapted == nil ? parameter(DecoderWeights.scoreName) : own(AdapterNames.score)
  }

  /// Entries of this set, and not of its base.
  private func own(_ name: String, _ count: Int = 1) throws -> Parameter {
    Parameter(
      value: try values.stacked(name, count), gradient: try gradients?.stacked(name, count))
  }
}

/// Dropout of a training step: each adapter draws from a stream of its own, the same when a
/// checkpointed block runs again.
public struct AdapterDropout: Sendable, Equatable {
  /// In 0..<1.
  public var rate: Float
  public var seed: UInt64
  /// Counts forward passes that shall draw other numbers.
  public var step: UInt64
  public init(rate: Float, seed: UInt64, step: UInt64) {
    self.rate = rate
    self.seed = seed
    self.step = step
  }

  func draw(stream: Int) -> LinearParameters.Dropout? {
    guard rate > 0 else { return nil }
    return .init(
      rate: rate, seed: seed &+ step &* 0x9E37_79B9_7F4A_7C15,
      stream: UInt32(truncatingIfNeeded: stream))
  }
}
