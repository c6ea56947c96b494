/// Weights that leave as they came.
extension ModelWeights {
  /// Writes the tensors into an existing folder in the form in which `source` was stored: every
  /// tensor in its type there, in the file of that name, under the same metadata. `source` may be
  /// the same folder.
  ///
  /// - Parameters:
  ///   - dtype: the type of all floating-point tensors; nil keeps each tensor's type in `source`,
  ///     and that of its own where `source` does not have it.
  ///   - maxShardBytes: cuts anew; nil keeps each tensor in its file. Where that is not possible (a
  ///     type or a tensor that `source` does not have), the largest shard of `source` is the limit,
  ///     `defaultShardBytes` where it was one file.
  ///   - duplicates: name of a copy to name of the tensor: a tied head that is stored beside the
  ///     embedding. Written, with the new values, where `source` has that copy.
  ///
  /// What `source` has besides (buffers that no parameter stands for) is copied byte for byte.
  /// - Throws: `ModelError`; before anything is written where names repeat or values do not fit.
  public static func write(
    tensors: [SafetensorsTensor], to folder: String, like source: ModelWeights,
    dtype: SafetensorsType? = nil, maxShardBytes: Int? = nil, duplicates: [String: String] = [:]
  ) throws {
    let tensors = try source.completed(tensors, dtype: dtype, duplicates: duplicates)
    let unchanged = tensors.allSatisfy { tensor in
      source.tensors[tensor.name].map { $0.dtype == tensor.dtype && $0.shape == tensor.shape }
        ?? false
    }
    guard maxShardBytes == nil, source.isSharded, unchanged else {
      return try write(
        tensors: tensors, to: folder,
        maxShardBytes: maxShardBytes
          ?? (source.isSharded ? max(1, source.largestShard) : defaultShardBytes),
        metadata: source.metadata)
    }
    var shards = source.shards.map { (name: $0, tensors: [SafetensorsTensor]()) }
    for tensor in tensors {
      if let place = source.shard(of: tensor.name) { shards[place].tensors.append(tensor) }
    }
    try write(
      shards.filter { !$0.tensors.isEmpty }, indexed: true, to: folder, metadata: source.metadata)
  }

  /// The tensors in their types here, with the copies and whatever else is stored here.
  private func completed(
    _ tensors: [SafetensorsTensor], dtype: SafetensorsType?, duplicates: [String: String]
  ) throws -> [SafetensorsTensor] {
    func typed(_ tensor: SafetensorsTensor, named name: String) -> SafetensorsTensor {
      guard tensor.dtype.isFloatingPoint else { return tensor.stored(named: name) }
      let kept = self.tensors[name].flatMap { $0.dtype.isFloatingPoint ? $0.dtype : nil }
      return tensor.stored(as: dtype ?? kept ?? tensor.dtype, named: name)
    }
    var result = tensors.map { typed($0, named: $0.name) }
    let given = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for (name, entry) in self.tensors.sorted(by: { $0.key < $1.key }) where given[name] == nil {
      if let original = duplicates[name] {
        guard let tensor = given[original], tensor.shape == entry.shape else {
          throw ModelError.argument(
            "'\(name)' is to be a copy of '\(original)', which is not among the tensors to be"
              + " written or has another shape than \(entry.shape)")
        }
        result.append(typed(tensor, named: name))
      } else {
        result.append(try SafetensorsTensor(copying: name, from: file(of: name)))
      }
    }
    return result
  }
}
