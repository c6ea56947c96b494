import Foundation

extension ModelWeights {
  /// Writes the tensors into an existing folder as Hugging Face does: one `model.safetensors`, or
  /// where they pass `maxShardBytes`, `model-00001-of-0000N.safetensors` ... and the index. A tensor
  /// is never split; one that is larger than the limit has a shard of its own.
  ///
  /// Each file appears whole or not at all; the index comes last, and weight files of an earlier
  /// save that do not belong to this one are removed after it.
  public static func write(
    tensors: [SafetensorsTensor], to folder: String, maxShardBytes: Int = 5_000_000_000,
    metadata: [String: String] = ["format": "pt"]
  ) throws {
    guard maxShardBytes > 0 else {
      throw ModelError.argument("maxShardBytes: expected more than 0, found \(maxShardBytes)")
    }
    var shards: [[SafetensorsTensor]] = [[]]
    var filled = 0
    var total = 0
    var names: Set<ByteText> = []
    for tensor in tensors {
      guard names.insert(ByteText(text: tensor.name)).inserted else {
        throw ModelError.argument("two tensors to be written are named '\(tensor.name)'")
      }
      let size = try tensor.checkedByteCount()
      if filled > 0 && filled + size > maxShardBytes {
        shards.append([])
        filled = 0
      }
      shards[shards.count - 1].append(tensor)
      filled += size
      total += size
    }
    let written: [String]
    if shards.count == 1 {
      written = [singleName]
      try SafetensorsWriter.write(
        tensors: tensors, metadata: metadata, to: "\(folder)/\(singleName)")
    } else {
      written = try writeShards(shards, total: total, to: folder, metadata: metadata)
    }
    try removeOthers(than: written, in: folder)
  }

  private static func writeShards(
    _ shards: [[SafetensorsTensor]], total: Int, to folder: String, metadata: [String: String]
  ) throws -> [String] {
    var written: [String] = []
    var map = JSONObject()
    for (i, shard) in shards.enumerated() {
      let name = "model-\(digits(i + 1))-of-\(digits(shards.count)).safetensors"
      try SafetensorsWriter.write(tensors: shard, metadata: metadata, to: "\(folder)/\(name)")
      map.members += shard.map { JSONObject.Member(name: $0.name, value: .string(name)) }
      written.append(name)
    }
    let index = JSONObject([
      .init(
        name: "metadata", value: .object(.init([.init(name: "total_size", value: .integer(total))]))
      ),
      .init(name: "weight_map", value: .object(map)),
    ])
    let text = JSONValue.object(index).serialized(sorted: true) + "\n"
    try AtomicFile.write(text, to: "\(folder)/\(indexName)")
    return written + [indexName]
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
