import MPOBackend

/// One flat array in the layout's order: the weights of a policy or magnet, a gradient, or a moment
/// of the optimizer.
public struct ParameterSet {
  public let layout: ParameterLayout
  /// f32: what the optimizer updates.
  public let flat: Tensor
  /// A bf16 copy of `flat` that matrix products read in its place, as it was at the last
  /// `refreshProducts`; nil computes in f32.
  public let half: Tensor?

  public init(layout: ParameterLayout, flat: Tensor, half: Tensor? = nil) {
    self.layout = layout
    self.flat = flat
    self.half = half
  }

  /// The same weights for products in the given precision: with `.bf16` a copy of theirs is added.
  public func computing(in precision: ProductPrecision, on backend: any ComputeBackend) throws
    -> ParameterSet
  {
    switch precision {
    case .f32: ParameterSet(layout: layout, flat: flat)
    case .bf16:
      ParameterSet(layout: layout, flat: flat, half: try half ?? backend.bfloat16(flat))
    }
  }

  /// Brings the bf16 copy, if there is one, up to date: to be called after `flat` was written.
  public func refreshProducts(on backend: any ComputeBackend) throws {
    if let half { try backend.convert(flat, into: half) }
  }

  /// `self = other`, or a step towards it: `self = (1 - t) self + t other`.
  public func move(towards other: ParameterSet, by t: Float = 1, on backend: any ComputeBackend)
    throws
  {
    if t == 1 {
      try backend.copy(other.flat, to: flat)
    } else {
      try backend.interpolate(flat, towards: other.flat, by: t)
    }
    try refreshProducts(on: backend)
  }

  public static func zeros(_ layout: ParameterLayout, on backend: any ComputeBackend) throws
    -> ParameterSet
  {
    ParameterSet(layout: layout, flat: try backend.zeros([layout.count]))
  }

  /// A copy in memory of its own.
  public func copy(on backend: any ComputeBackend) throws -> ParameterSet {
    let other = try backend.empty([layout.count])
    try backend.copy(flat, to: other)
    return try ParameterSet(layout: layout, flat: other)
      .computing(in: half == nil ? .f32 : .bf16, on: backend)
  }

  /// `count` consecutive entries that start at `name` as one matrix of their stacked rows.
  func stacked(_ name: String, _ count: Int = 1, of source: Tensor? = nil) throws -> Tensor {
    let source = source ?? flat
    guard let first = layout.index[name] else {
      throw BackendError.argument(op: "parameters", "no weight is named \(name)")
    }
    let group = layout.entries[first..<(first + count)]
    let shape = group[first].shape
    let rows = group.reduce(0) { $0 + $1.count } / (shape.last ?? 1)
    return Tensor(
      storage: source.storage, offset: source.offset + group[first].offset,
      shape: shape.count == 1 ? shape : [rows, shape[1]])
  }

  public func tensor(_ entry: ParameterLayout.Entry) -> Tensor {
    Tensor(storage: flat.storage, offset: flat.offset + entry.offset, shape: entry.shape)
  }

  /// The output projection (V, C) as products read it: bf16 where the set has that copy.
  public func outputProjection() throws -> Tensor {
    try stacked(layout.projection, of: half)
  }

  /// Random weights as Llama is initialised: normal with deviation `deviation`, norms 1; numbers
  /// from Philox, so the same on every device. Residual projections are scaled by 1/sqrt(2 layers).
  public static func random(
    _ layout: ParameterLayout, seed: UInt64, deviation: Float = 0.02,
    on backend: any ComputeBackend
  ) throws -> ParameterSet {
    let set = try zeros(layout, on: backend)
    let residual = 1 / Float(2 * layout.layers).squareRoot()
    for (i, entry) in layout.entries.enumerated() {
      var values = [Float](repeating: 1, count: entry.count)
      if entry.shape.count == 2 {
        let isResidual = ["o_proj.weight", "down_proj.weight"].contains { entry.name.hasSuffix($0) }
        let scale = deviation * (isResidual ? residual : 1)
        var generator = PhiloxGenerator(
          seed: seed, domain: .initialization, stream: UInt32(truncatingIfNeeded: i))
        for k in values.indices { values[k] = generator.normal() * scale }
      }
      try values.withUnsafeBytes { try backend.upload($0, to: set.tensor(entry)) }
    }
    return set
  }
}

/// The weights that a forward pass reads and, when it trains, the gradients that it fills.
public struct TrainableParameters {
  public var values: ParameterSet
  /// Nil for a forward pass without gradients.
  public var gradients: ParameterSet?
  public init(values: ParameterSet, gradients: ParameterSet? = nil) {
    self.values = values
    self.gradients = gradients
  }

  /// `count` stacked entries from `name` on, with their gradient.
  package func parameter(_ name: String, _ count: Int = 1) throws -> Parameter {
    Parameter(
      value: try values.stacked(name, count), gradient: try gradients?.stacked(name, count),
      product: try values.stacked(name, count, of: values.half))
  }
}
