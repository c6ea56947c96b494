import MPOBackend

/// The weights of a policy or magnet, a gradient, or a moment of the optimizer: one flat array in the
/// layout's order. Three kinds:
///
/// - trained: f32; where products are bf16 and the backend wants their operands stored as such
///   (`ComputeBackend.prefersHalfWeights`), with a bf16 copy for them;
/// - frozen (`isFrozen`): matrices in bf16 alone, vectors in f32; not trained, but moved as a whole to
///   other weights (`move`) or filled from a file;
/// - adapters (`adapted`): f32 low-rank matrices over a base that all sets of a run share.
public struct ParameterSet {
  public let layout: ParameterLayout
  /// f32: what the optimizer updates. Of a frozen set the vectors only.
  public let flat: Tensor
  /// bf16: a copy of `flat` that matrix products read in its place, as it was at the last
  /// `refreshProducts`; of a frozen set the matrices. Without it products read `flat`.
  public let half: Tensor?
  /// The precision of matrix products.
  public let precision: ProductPrecision
  public let isFrozen: Bool
  /// The base that these adapters change.
  public let adapted: AdaptedBase?

  /// A trained set, or with a base its adapters, whose precision is the base's; of a set with a bf16
  /// copy it is bf16 unless said otherwise.
  public init(
    layout: ParameterLayout, flat: Tensor, half: Tensor? = nil, adapted: AdaptedBase? = nil,
    precision: ProductPrecision? = nil
  ) {
    self.layout = layout
    self.flat = flat
    self.half = half
    self.precision = adapted?.base.precision ?? precision ?? (half == nil ? .f32 : .bf16)
    isFrozen = false
    self.adapted = adapted
  }

  /// A frozen set. matrices: bf16 (layout.matrixCount), vectors: f32 (the rest).
  public init(
    layout: ParameterLayout, frozenMatrices matrices: Tensor, vectors: Tensor,
    precision: ProductPrecision
  ) {
    self.layout = layout
    flat = vectors
    half = matrices
    self.precision = precision
    isFrozen = true
    adapted = nil
  }

  /// Bytes of its arrays, a base's among them.
  public var bytes: Int {
    let own = flat.count * flat.type.size + (half.map { $0.count * $0.type.size } ?? 0)
    return own + (adapted?.base.bytes ?? 0)
  }

  /// The same weights for products in the given precision: with `.bf16` a trained set gets a copy of
  /// theirs where the backend prefers it. Of adapters it is the base's, which always gets the copy: it
  /// does not change, so one is good for all rollouts.
  public func computing(in precision: ProductPrecision, on backend: any ComputeBackend) throws
    -> ParameterSet
  {
    try computing(in: precision, copied: backend.prefersHalfWeights, on: backend)
  }

  private func computing(
    in precision: ProductPrecision, copied: Bool, on backend: any ComputeBackend
  ) throws -> ParameterSet {
    if let adapted {
      let base = try adapted.base.computing(in: precision, copied: true, on: backend)
      return ParameterSet(
        layout: layout, flat: flat, adapted: AdaptedBase(base: base, lora: adapted.lora))
    }
    if isFrozen, let half {
      return ParameterSet(
        layout: layout, frozenMatrices: half, vectors: flat, precision: precision)
    }
    switch precision {
    case .f32: return ParameterSet(layout: layout, flat: flat)
    case .bf16:
      let copy = try half ?? (copied ? backend.bfloat16(flat) : nil)
      return ParameterSet(layout: layout, flat: flat, half: copy, precision: .bf16)
    }
  }

  /// Brings the bf16 copy, if there is one, up to date: to be called after `flat` was written.
  public func refreshProducts(on backend: any ComputeBackend) throws {
    if !isFrozen, let half { try backend.convert(flat, into: half) }
  }

  /// `self = other`, or a step towards it: `self = (1 - t) self + t other`. Of adapters, A and B move
  /// each for itself, so a step of less than 1 is not one of their product.
  /// - Throws: `BackendError.argument` for a step of less than 1 of a frozen set: steps below the
  ///   spacing of bf16 would be lost.
  public func move(towards other: ParameterSet, by t: Float = 1, on backend: any ComputeBackend)
    throws
  {
    if isFrozen, let half {
      guard t == 1, !other.isFrozen else {
        throw BackendError.argument(
          op: "move",
          "weights kept in bf16 move to trained weights as a whole; found a step of \(t)"
            + (other.isFrozen ? " to frozen weights" : ""))
      }
      try backend.convert(other.flat.elements(0..<layout.matrixCount), into: half)
      try backend.copy(other.flat.elements(layout.matrixCount..<layout.count), to: flat)
    } else if t == 1 {
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

  /// A copy to be read only, as a reference policy is: with bf16 products its matrices are kept in bf16
  /// alone, which is what products and embeddings read of a trained set, so that both give the same
  /// policy.
  public func reference(on backend: any ComputeBackend) throws -> ParameterSet {
    guard !isFrozen, adapted == nil, precision == .bf16 else { return try copy(on: backend) }
    let set = ParameterSet(
      layout: layout, frozenMatrices: try backend.empty([layout.matrixCount], .bf16),
      vectors: try backend.empty([layout.count - layout.matrixCount]), precision: precision)
    try set.move(towards: self, on: backend)
    return set
  }

  /// The same policy as decoding reads it fastest: every token reads all weights, so matrices are
  /// bf16 where products are. Where the set has no such copy one is made, in `workspace` if that is
  /// large enough; vectors are the set's own.
  func forDecoding(in workspace: Tensor?, on backend: any ComputeBackend) throws -> ParameterSet {
    guard decodingBytes > 0 else { return self }
    let matrices = 0..<layout.matrixCount
    var half: Tensor?
    if let workspace, workspace.isContiguous,
      workspace.count * workspace.type.size >= decodingBytes
    {
      let shared = try backend.shared(workspace.storage, as: .bf16)
      half = Tensor(
        storage: shared, offset: workspace.offset * workspace.type.size / 2, shape: [matrices.count]
      )
    }
    let copy = try half ?? backend.empty([matrices.count], .bf16)
    try backend.convert(flat.elements(matrices), into: copy)
    return ParameterSet(
      layout: layout, frozenMatrices: copy,
      vectors: flat.elements(matrices.upperBound..<layout.count), precision: precision)
  }

  /// Bytes of the matrices that `forDecoding` copies.
  public var decodingBytes: Int {
    let isCopied = half != nil || adapted != nil
    return isFrozen || isCopied || precision == .f32 ? 0 : 2 * layout.matrixCount
  }

  /// A copy in memory of its own; what is frozen is shared.
  public func copy(on backend: any ComputeBackend) throws -> ParameterSet {
    if isFrozen { return self }
    let other = try backend.empty([layout.count])
    try backend.copy(flat, to: other)
    return try ParameterSet(layout: layout, flat: other, adapted: adapted)
      .computing(in: precision, on: backend)
  }

  /// `count` consecutive entries that start at `name` as one matrix of their stacked rows; what
  /// products read where `forProducts`.
  func stacked(_ name: String, _ count: Int = 1, forProducts: Bool = false) throws -> Tensor {
    guard let first = layout.index[name] else {
      throw BackendError.argument(op: "parameters", "no weight is named \(name)")
    }
    let group = layout.entries[first..<(first + count)]
    let shape = group[first].shape
    let total = group.reduce(0) { $0 + $1.count }
    let (source, offset) = place(group[first].offset, forProducts: forProducts)
    return Tensor(
      storage: source.storage, offset: source.offset + offset,
      shape: shape.count == 1 ? [total] : [total / shape[1], shape[1]])
  }

  /// The array that holds element `offset` of the layout, and where.
  private func place(_ offset: Int, forProducts: Bool) -> (Tensor, Int) {
    guard let half else { return (flat, offset) }
    if !isFrozen { return (forProducts ? half : flat, offset) }
    return offset < layout.matrixCount ? (half, offset) : (flat, offset - layout.matrixCount)
  }

  /// A weight: f32, or bf16 where it is a matrix of a frozen set.
  public func tensor(_ entry: ParameterLayout.Entry) -> Tensor {
    let (source, offset) = place(entry.offset, forProducts: false)
    return Tensor(
      storage: source.storage, offset: source.offset + offset, shape: entry.shape)
  }

  /// The output projection (V, C) as products read it: bf16 where the set has that copy, f32 else; of
  /// adapters the base's.
  public func outputProjection() throws -> Tensor {
    if let adapted { return try adapted.base.outputProjection() }
    guard let projection = layout.projection else {
      throw BackendError.argument(op: "parameters", "these weights have no output projection")
    }
    return try stacked(projection, forProducts: true)
  }

  /// Where the output projection's gradient accumulates in a set of gradients; nil where it is frozen.
  public func projectionGradient() throws -> Tensor? {
    try layout.projection.map { try stacked($0) }
  }

  /// Random weights as Llama is initialised: normal with deviation `deviation`, norms 1; numbers
  /// from Philox, so the same on every device. Residual projections are scaled by 1/sqrt(2 layers).
  public static func random(
    _ layout: ParameterLayout, seed: UInt64, deviation: Float = 0.02,
    on backend: any ComputeBackend
  ) throws -> ParameterSet {
    let set = try zeros(layout, on: backend)
    try set.randomize(seed: seed, deviation: deviation, on: backend)
    return set
  }

  /// The random weights of all entries, or of those in `names`.
  func randomize(
    _ names: Set<String>? = nil, seed: UInt64, deviation: Float = 0.02,
    on backend: any ComputeBackend
  ) throws {
    let residual = 1 / Float(2 * layout.layers).squareRoot()
    for (i, entry) in layout.entries.enumerated() where names?.contains(entry.name) ?? true {
      var generator = PhiloxGenerator(
        seed: seed, domain: .initialization, stream: UInt32(truncatingIfNeeded: i))
      var values = [Float](repeating: 0, count: entry.count)
      for k in values.indices {
        switch entry.start {
        case .constant(let value): values[k] = value
        case .normal: values[k] = generator.normal() * deviation
        case .residual: values[k] = generator.normal() * (deviation * residual)
        case .uniform(let bound): values[k] = (2 * generator.uniform() - 1) * bound
        }
      }
      let place = tensor(entry)
      if place.type == .bf16 {
        try backend.convert(backend.tensor(values, place.shape), into: place)
      } else {
        try values.withUnsafeBytes { try backend.upload($0, to: place) }
      }
    }
  }
}
