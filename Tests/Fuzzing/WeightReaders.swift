import Foundation
import MPOModel

extension FuzzReader {
  /// A weight file: opened, and every tensor read in every way.
  static let safetensors = FuzzReader(
    name: "safetensors", share: 25, mutator: SafetensorsMutator.mutate,
    file: "t.safetensors",
    read: { folder in
      let path = "\(folder)/t.safetensors"
      let file = try SafetensorsFile(path: path)
      let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
      for (name, entry) in file.tensors {
        try require(
          entry.range.upperBound <= size && entry.range.count == entry.count * entry.dtype.size,
          "tensor '\(name)' lies outside the file")
        try file.withBytes(name) { bytes in
          try require(bytes.count == entry.range.count, "bytes of '\(name)'")
        }
        var bytes = [UInt8](repeating: 0, count: entry.range.count)
        try bytes.withUnsafeMutableBytes { try file.readBytes(name, into: $0) }
        if entry.dtype.isFloatingPoint {
          try require(try file.floats(name).count == entry.count, "floats of '\(name)'")
          try require(try file.doubles(name).count == entry.count, "doubles of '\(name)'")
        } else {
          try require(try file.integers(name).count == entry.count, "integers of '\(name)'")
        }
      }
      // What was taken is written and read back the same.
      let copy = "\(folder)/copy.safetensors"
      let names = file.tensors.keys.sorted()
      guard names.count < 64 else { return }
      try SafetensorsWriter.write(
        tensors: names.map { try SafetensorsTensor(copying: $0, from: file) },
        metadata: file.metadata, to: copy)
      let back = try SafetensorsFile(path: copy)
      try require(back.metadata == file.metadata, "metadata changed by writing")
      try require(
        back.tensors.mapValues(\.shape) == file.tensors.mapValues(\.shape)
          && back.tensors.mapValues(\.dtype) == file.tensors.mapValues(\.dtype),
        "tensors changed by writing")
    })

  /// The index of shards, beside two sound ones; sound files that it must not lead to lie outside
  /// the folder and below it.
  static let shardIndex = FuzzReader(
    name: "shard-index", share: 10, mutator: JSONMutator.mutate,
    prepare: { folder in
      let model = "\(folder)/model"
      try FileManager.default.createDirectory(
        atPath: "\(model)/inner", withIntermediateDirectories: true)
      let tensors = ["a", "b", "c", "d"].map {
        SafetensorsTensor(name: $0, shape: [2, 2], values: [1, 2, 3, 4])
      }
      let one = "\(model)/model-00001-of-00002.safetensors"
      let two = "\(model)/model-00002-of-00002.safetensors"
      try SafetensorsWriter.write(tensors: Array(tensors[..<2]), to: one)
      try SafetensorsWriter.write(tensors: Array(tensors[2...]), to: two)
      try SafetensorsWriter.write(tensors: tensors, to: "\(folder)/outside.safetensors")
      try SafetensorsWriter.write(tensors: tensors, to: "\(model)/inner/inner.safetensors")
    }, file: "model/model.safetensors.index.json",
    read: { folder in
      let weights = try ModelWeights(folder: "\(folder)/model")
      for name in weights.tensors.keys {
        let path = try weights.file(of: name).path
        try require(
          path == "\(folder)/model/model-00001-of-00002.safetensors"
            || path == "\(folder)/model/model-00002-of-00002.safetensors",
          "the index led to \(path)")
        try require(try weights.floats(name) == [1, 2, 3, 4], "values of '\(name)'")
      }
    })
}
