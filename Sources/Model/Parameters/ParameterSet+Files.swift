import MPOBackend

extension ParameterSet {
  /// Reads the weights of a model folder.
  /// - Throws: `ModelError` naming a missing tensor, a wrong shape, or a tensor that this decoder
  ///   has no place for (nothing is ignored but what has no meaning: a tied head's copy and
  ///   stored rotary frequencies).
  public static func load(
    _ weights: ModelWeights, layout: ParameterLayout, on backend: any ComputeBackend
  ) throws -> ParameterSet {
    for entry in layout.entries where weights.tensors[entry.name] == nil {
      throw ModelError.missing(
        path: weights.folder,
        "no tensor '\(entry.name)', which config.json says this model has")
    }
    try checkExtras(weights, layout)
    let set = try zeros(layout, on: backend)
    try set.fill(from: { try weights.file(of: $0) }, on: backend)
    return set
  }

  /// Overwrites every weight by the tensor of its name; `file` says which file holds it. Shapes and
  /// types are checked first, so a set is filled whole or not touched.
  public func fill(
    from file: (_ name: String) throws -> SafetensorsFile, on backend: any ComputeBackend
  ) throws {
    let files = try layout.entries.map { try file($0.name) }
    for (entry, file) in zip(layout.entries, files) { try Self.check(file, entry) }
    for (entry, file) in zip(layout.entries, files) {
      try read(entry, on: backend) { try file.readFloats(entry.name, from: $0, into: $1) }
    }
    try refreshProducts(on: backend)
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
    try read(
      ParameterLayout.Entry(name: name, shape: [layout.count], offset: 0), on: backend
    ) { try file.readFloats(name, from: $0, into: $1) }
    try refreshProducts(on: backend)
  }

  /// The weights as named tensors for a model folder, read from the device a piece at a time.
  public func namedTensors(dtype: SafetensorsType, on backend: any ComputeBackend)
    -> [SafetensorsTensor]
  {
    layout.entries.map { entry in
      tensorForFile(self.tensor(entry), name: entry.name, dtype: dtype, on: backend)
    }
  }

  /// The whole flat array as one f32 tensor (optimizer moments).
  public func flatTensor(name: String, on backend: any ComputeBackend) -> SafetensorsTensor {
    tensorForFile(flat, name: name, dtype: .f32, on: backend)
  }

  private func tensorForFile(
    _ tensor: Tensor, name: String, dtype: SafetensorsType, on backend: any ComputeBackend
  ) -> SafetensorsTensor {
    let whole = tensor.reshaped([tensor.count])
    return SafetensorsTensor(name: name, dtype: dtype, shape: tensor.shape) { start, out in
      try backend.download(
        whole.elements(start..<(start + out.count)), to: UnsafeMutableRawBufferPointer(out))
    }
  }

  /// Uploads one entry in pieces of at most 4 MiB, so that no second copy of a weight is held.
  private func read(
    _ entry: ParameterLayout.Entry, on backend: any ComputeBackend,
    _ fill: (Int, UnsafeMutableBufferPointer<Float>) throws -> Void
  ) throws {
    let target = tensor(entry).reshaped([entry.count])
    var piece = [Float](repeating: 0, count: min(entry.count, 1 << 20))
    for start in stride(from: 0, to: entry.count, by: 1 << 20) {
      let size = min(piece.count, entry.count - start)
      try piece.withUnsafeMutableBufferPointer { buffer in
        let part = UnsafeMutableBufferPointer(rebasing: buffer[0..<size])
        try fill(start, part)
        try backend.upload(
          UnsafeRawBufferPointer(part), to: target.elements(start..<(start + size)))
      }
    }
  }

  private static func check(_ file: SafetensorsFile, _ entry: ParameterLayout.Entry) throws {
    let found = try file.entry(entry.name)
    guard found.shape == entry.shape else {
      throw ModelError.format(
        path: file.path,
        "tensor '\(entry.name)': config.json gives shape \(entry.shape), the file has "
          + "\(found.shape)")
    }
    guard found.dtype.isFloatingPoint else {
      throw ModelError.unsupported(
        path: file.path,
        "tensor '\(entry.name)': expected F32, F16 or BF16, found \(found.dtype.rawValue)")
    }
  }

  private static func checkExtras(_ weights: ModelWeights, _ layout: ParameterLayout) throws {
    for name in weights.tensors.keys.sorted() where layout.index[name] == nil {
      if name.hasSuffix("rotary_emb.inv_freq") { continue }
      // A tied head may be stored beside the embedding that it copies.
      if name == "lm_head.weight" { continue }
      throw ModelError.unsupported(
        path: weights.folder,
        "tensor '\(name)' has no place in a \(layout.layers)-layer Llama decoder; is "
          + "config.json that of these weights?")
    }
  }
}
