import Foundation

/// All tensors of a model folder, whether in one `model.safetensors` or in shards that
/// `model.safetensors.index.json` lists. Where both exist the single file is read, as Hugging
/// Face does.
public final class ModelWeights: Sendable {
  public static let singleName = "model.safetensors"
  public static let indexName = "model.safetensors.index.json"

  public let folder: String
  /// Name to entry, over all shards.
  public let tensors: [String: SafetensorsEntry]
  /// The first shard's texts.
  public let metadata: [String: String]
  /// The files' names, in their order; one for a folder that is not sharded.
  public let shards: [String]
  private let files: [SafetensorsFile]
  private let owner: [String: Int]

  /// Opens every shard and checks that the index tells the truth.
  public init(folder: String) throws {
    self.folder = folder
    let single = "\(folder)/\(Self.singleName)"
    let index = "\(folder)/\(Self.indexName)"
    let manager = FileManager.default
    if manager.fileExists(atPath: single) {
      let file = try SafetensorsFile(path: single)
      files = [file]
      shards = [Self.singleName]
      tensors = file.tensors
      metadata = file.metadata
      owner = file.tensors.mapValues { _ in 0 }
      return
    }
    guard manager.fileExists(atPath: index) else {
      let legacy = manager.fileExists(atPath: "\(folder)/pytorch_model.bin")
      throw ModelError.file(
        path: folder,
        "no weights: expected \(Self.singleName) or \(Self.indexName)"
          + (legacy ? "; pytorch_model.bin is not read, convert it to safetensors" : ""))
    }
    let map = try Self.weightMap(index)
    let names = Set(map.map(\.shard)).sorted()
    let files = try names.map { try SafetensorsFile(path: "\(folder)/\($0)") }
    var owner: [String: Int] = [:]
    var tensors: [String: SafetensorsEntry] = [:]
    let order = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    for (name, shard) in map {
      guard let place = order[shard], let entry = files[place].tensors[name] else {
        throw ModelError.missing(
          path: index, "says that tensor '\(name)' is in \(shard), which does not have it")
      }
      owner[name] = place
      tensors[name] = entry
    }
    self.files = files
    shards = names
    self.owner = owner
    self.tensors = tensors
    metadata = files.first?.metadata ?? [:]
  }

  /// Name and shard, each shard a plain file name in the same folder.
  private static func weightMap(_ path: String) throws -> [(name: String, shard: String)] {
    guard let map = try JSONValue(file: path).object?["weight_map"]?.object else {
      throw ModelError.format(path: path, "expected an object 'weight_map' of tensor to file name")
    }
    return try map.members.map { member in
      guard let shard = member.value.string else {
        throw ModelError.format(
          path: path, "weight_map.\(member.name): expected a file name, found \(member.value.kind)")
      }
      guard shard.hasSuffix(".safetensors"), !shard.hasPrefix("."),
        !shard.contains(where: { "/\\:\0".contains($0) }), !shard.contains("..")
      else {
        throw ModelError.format(
          path: path,
          "weight_map.\(member.name): expected the name of a .safetensors file in the same folder,"
            + " found \"\(shard)\"")
      }
      return (member.name, shard)
    }
  }

  /// The file that holds the tensor; throws `ModelError.missing`.
  public func file(of name: String) throws -> SafetensorsFile {
    guard let place = owner[name] else {
      throw ModelError.missing(path: folder, "no tensor '\(name)' among the \(tensors.count)")
    }
    return files[place]
  }

  /// Whether the folder has an index, be it over one file.
  public var isSharded: Bool { shards != [Self.singleName] }
  /// The index in `shards` of the file that holds the tensor, nil when there is none.
  func shard(of name: String) -> Int? { owner[name] }
  /// Bytes of data of the largest shard.
  var largestShard: Int {
    var sizes = [Int](repeating: 0, count: shards.count)
    for (name, place) in owner { sizes[place] += tensors[name]?.range.count ?? 0 }
    return sizes.max() ?? 0
  }

  /// The tensor's entry; throws `ModelError.missing`.
  public func entry(_ name: String) throws -> SafetensorsEntry { try file(of: name).entry(name) }
  /// See `SafetensorsFile.floats`.
  public func floats(_ name: String) throws -> [Float] { try file(of: name).floats(name) }
  /// See `SafetensorsFile.doubles`.
  public func doubles(_ name: String) throws -> [Double] { try file(of: name).doubles(name) }
  /// See `SafetensorsFile.integers`.
  public func integers(_ name: String) throws -> [Int64] { try file(of: name).integers(name) }
  /// See `SafetensorsFile.readFloats`.
  public func readFloats(
    _ name: String, from start: Int = 0, into out: UnsafeMutableBufferPointer<Float>
  ) throws {
    try file(of: name).readFloats(name, from: start, into: out)
  }
  /// See `SafetensorsFile.readBytes`.
  public func readBytes(
    _ name: String, from start: Int = 0, into out: UnsafeMutableRawBufferPointer
  ) throws {
    try file(of: name).readBytes(name, from: start, into: out)
  }
}
