import Foundation

extension ModelWeights {
  /// Bytes of data in one file, as transformers 5 cuts them (`max_shard_size`, "50GB").
  public static let defaultShardBytes = 50_000_000_000

  /// Writes the tensors into an existing folder as Hugging Face does: one `model.safetensors`, or
  /// where they pass `maxShardBytes`, `model-00001-of-0000N.safetensors` ... and the index. A tensor
  /// is never split; one that is larger than the limit has a shard of its own.
  ///
  /// Each file appears whole or not at all; the index comes last, and weight files of an earlier
  /// save that do not belong to this one are removed after it.
  public static func write(
    tensors: [SafetensorsTensor], to folder: String, maxShardBytes: Int = defaultShardBytes,
    metadata: [String: String] = ["format": "pt"]
  ) throws {
    let shards = try cut(tensors, maxShardBytes: maxShardBytes)
    if shards.count == 1 {
      try write([(singleName, shards[0])], indexed: false, to: folder, metadata: metadata)
    } else {
      let names = shards.indices.map {
        "model-\(digits($0 + 1))-of-\(digits(shards.count)).safetensors"
      }
      try write(Array(zip(names, shards)), indexed: true, to: folder, metadata: metadata)
    }
  }

  /// The tensors in files of at most `maxShardBytes` each, in their order.
  private static func cut(
    _ tensors: [SafetensorsTensor], maxShardBytes: Int
  ) throws -> [[SafetensorsTensor]] {
    guard maxShardBytes > 0 else {
      throw ModelError.argument("maxShardBytes: expected more than 0, found \(maxShardBytes)")
    }
    var shards: [[SafetensorsTensor]] = [[]]
    var filled = 0
    for tensor in tensors {
      let size = try tensor.checkedByteCount()
      if filled > 0 && filled + size > maxShardBytes {
        shards.append([])
        filled = 0
      }
      shards[shards.count - 1].append(tensor)
      filled += size
    }
    return shards
  }

  /// Writes files of these names and, for `indexed`, the index; then removes other weight files.
  static func write(
    _ shards: [(name: String, tensors: [SafetensorsTensor])], indexed: Bool, to folder: String,
    metadata: [String: String]
  ) throws {
    var seen: Set<ByteText> = []
    for tensor in shards.flatMap(\.tensors)
    where !seen.insert(ByteText(text: tensor.name)).inserted {
      throw ModelError.argument("two tensors to be written are named '\(tensor.name)'")
    }
    let total = try shards.flatMap(\.tensors).reduce(0) { $0 + (try $1.checkedByteCount()) }
    for shard in shards {
      try SafetensorsWriter.write(
        tensors: shard.tensors, metadata: metadata, to: "\(folder)/\(shard.name)")
    }
    var written = shards.map(\.name)
    if indexed {
      try writeIndex(shards, total: total, to: folder)
      written.append(indexName)
    }
    try removeOthers(than: written, in: folder)
  }

  private static func writeIndex(
    _ shards: [(name: String, tensors: [SafetensorsTensor])], total: Int,
    to folder: String
  ) throws {
    var map = JSONObject()
    for shard in shards {
      map.members += shard.tensors.map { .init(name: $0.name, value: .string(shard.name)) }
    }
    let size = JSONObject([.init(name: "total_size", value: .integer(total))])
    let index = JSONObject([
      .init(name: "metadata", value: .object(size)), .init(name: "weight_map", value: .object(map)),
    ])
    let text = JSONValue.object(index).serialized(sorted: true) + "\n"
    try AtomicFile.write(text, to: "\(folder)/\(indexName)")
  }

  private static func digits(_ number: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, 5 - text.count)) + text
  }

  private static func removeOthers(than written: [String], in folder: String) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: folder)
    where !written.contains(name) {
      let shard =
        name.hasPrefix("model-") && name.hasSuffix(".safetensors")
        && name.contains("-of-")
      guard shard || name == singleName || name == indexName else { continue }
      guard unlink("\(folder)/\(name)") == 0 else {
        throw ModelError.file(
          path: "\(folder)/\(name)",
          "weights of an earlier save cannot be removed: \(systemMessage(errno)); remove them")
      }
    }
  }
}
