import MPOBackend

/// How weights are kept on the device.
public enum WeightStorage: Sendable, Equatable {
  /// f32, to be trained.
  case trained
  /// Matrices in bf16, for reading only.
  case frozenBFloat16
}

extension ParameterSet {
  /// Reads the weights of a model folder. Those named in `fresh` are not looked for: they start at
  /// random, from its seed.
  /// - Throws: `ModelError` naming a missing tensor, a wrong shape, or a tensor that this decoder
  ///   has no place for (nothing is ignored but what has no meaning, see `StoredNames`).
  public static func load(
    _ weights: ModelWeights, layout: ParameterLayout, storage: WeightStorage = .trained,
    fresh: (names: Set<String>, seed: UInt64) = ([], 0), on backend: any ComputeBackend
  ) throws -> ParameterSet {
    let names = StoredNames.find(weights, layout)
    for entry in layout.entries
    where weights.tensors[names.stored(entry.name)] == nil && !fresh.names.contains(entry.name) {
      throw ModelError.missing(
        path: weights.folder,
        "no tensor '\(names.stored(entry.name))', which config.json says this model has")
    }
    try checkExtras(weights, layout, names)
    let set: ParameterSet
    switch storage {
    case .trained: set = ParameterSet(layout: layout, flat: try backend.empty([layout.count]))
    case .frozenBFloat16:
      let matrices = try backend.empty([layout.matrixCount], .bf16)
      set = ParameterSet(
        layout: layout, frozenMatrices: matrices,
        vectors: try backend.empty([layout.count - layout.matrixCount]), precision: .f32)
    }
    try set.clearGaps(on: backend)
    if !fresh.names.isEmpty { try set.randomize(fresh.names, seed: fresh.seed, on: backend) }
    try set.fill(
      names: names, except: fresh.names, from: { try weights.file(of: $0) }, on: backend)
    return set
  }

  /// Zeros between groups of f32: reductions over the whole array read them.
  private func clearGaps(on backend: any ComputeBackend) throws {
    let ends = layout.entries.dropFirst().map(\.offset) + [layout.count]
    for (entry, end) in zip(layout.entries, ends) where entry.offset + entry.count < end {
      var gap = entry
      gap.offset += entry.count
      gap.shape = [end - gap.offset]
      let place = tensor(gap)
      if place.type == .f32 { try backend.fill(place, with: 0) }
    }
  }

  /// Overwrites every weight by the tensor of its name; `file` says which file holds it. Shapes and
  /// types are checked first, so a set is filled whole or not touched. Those in `except` stay.
  public func fill(
    names: StoredNames = .plain, except: Set<String> = [],
    from file: (_ name: String) throws -> SafetensorsFile, on backend: any ComputeBackend
  ) throws {
    let entries = layout.entries.filter { !except.contains($0.name) }
    let files = try entries.map { try file(names.stored($0.name)) }
    for (entry, file) in zip(entries, files) {
      try Self.check(file, entry, names.stored(entry.name))
    }
    for (entry, file) in zip(entries, files) {
      try WeightReader(file: file, name: names.stored(entry.name), backend: backend)
        .read(into: tensor(entry), isTransposed: entry.isTransposed)
    }
    try refreshProducts(on: backend)
  }

  /// The same from a folder that `LanguageModel.save` wrote: a model's, or an adapter's.
  public func fill(folder: String, on backend: any ComputeBackend) throws {
    if adapted != nil {
      let file = try SafetensorsFile(path: "\(folder)/\(AdapterConfiguration.weightsName)")
      return try fill(from: { _ in file }, on: backend)
    }
    let weights = try ModelWeights(folder: folder)
    try fill(
      names: StoredNames.find(weights, layout), from: { try weights.file(of: $0) }, on: backend)
  }

  /// Reads a flat array written by `flatTensor`.
  public func read(
    _ file: SafetensorsFile, name: String, on backend: any ComputeBackend
  ) throws {
    let entry = try file.entry(name)
    guard entry.shape == [layout.count] else {
      throw ModelError.format(
        path: file.path,
        "tensor '\(name)': expected shape [\(layout.count)], found \(entry.shape)")
    }
    try WeightReader(file: file, name: name, backend: backend).read(into: flat)
    try refreshProducts(on: backend)
  }

  /// The weights as named tensors for a model folder, read from the device a piece at a time.
  public func namedTensors(
    names: StoredNames = .plain, dtype: SafetensorsType, on backend: any ComputeBackend
  ) -> [SafetensorsTensor] {
    layout.entries.map { entry in
      let source = DeviceReader(
        tensor: tensor(entry), isTransposed: entry.isTransposed, backend: backend)
      return SafetensorsTensor(
        name: names.stored(entry.name), dtype: dtype, shape: entry.storedShape, read: source.read)
    }
  }

  /// The whole flat array as one f32 tensor (optimizer moments).
  public func flatTensor(name: String, on backend: any ComputeBackend) -> SafetensorsTensor {
    let source = DeviceReader(tensor: flat, isTransposed: false, backend: backend)
    return SafetensorsTensor(name: name, dtype: .f32, shape: flat.shape, read: source.read)
  }

  private static func check(
    _ file: SafetensorsFile, _ entry: ParameterLayout.Entry, _ name: String
  ) throws {
    let found = try file.entry(name)
    guard found.shape == entry.storedShape else {
      throw ModelError.format(
        path: file.path,
        "tensor '\(name)': config.json gives shape \(entry.storedShape), the file has "
          + "\(found.shape)")
    }
    guard found.dtype.isFloatingPoint else {
      throw ModelError.unsupported(
        path: file.path,
        "tensor '\(name)': expected F32, F16 or BF16, found \(found.dtype.rawValue)")
    }
  }

  private static func checkExtras(
    _ weights: ModelWeights, _ layout: ParameterLayout, _ names: StoredNames
  ) throws {
    let own = Set(layout.entries.map { names.stored($0.name) })
    for name in weights.tensors.keys.sorted()
    where !own.contains(name) && !names.isBesideTheDecoder(name) {
      throw ModelError.unsupported(
        path: weights.folder,
        "tensor '\(name)' has no place in this \(layout.layers)-layer decoder; is config.json that "
          + "of these weights?")
    }
  }
}
