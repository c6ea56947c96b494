import MPOBackend

/// Where each packed sequence starts: (S + 1) on the device, and the longest length.
public struct PackedSequences {
  public var starts: Tensor
  public var longest: Int
}

/// Token sequences one behind the other, with no padding.
public struct PackedBatch {
  /// (N) i32.
  public let ids: Tensor
  /// Position within its sequence, (N) i32.
  public let positions: Tensor
  public let sequences: PackedSequences
  /// First row of each sequence, and N last.
  public let starts: [Int]
  public var tokens: Int { starts.last ?? 0 }

  /// Throws when a sequence is longer than the model's positions or an id is outside its
  /// vocabulary.
  public init(_ rows: [[Int32]], shape: DecoderShape, on backend: any ComputeBackend) throws {
    try self.init(
      rows, vocabulary: shape.vocabulary, maxPositions: shape.maxPositions, on: backend)
  }

  /// The same for ids below `vocabulary` in sequences of at most `maxPositions`.
  public init(
    _ rows: [[Int32]], vocabulary: Int, maxPositions: Int, on backend: any ComputeBackend
  ) throws {
    var ids: [Int32] = []
    var positions: [Int32] = []
    var starts = [0]
    for (i, row) in rows.enumerated() {
      guard row.count <= maxPositions else {
        throw BackendError.argument(
          op: "batch",
          "sequence \(i) has \(row.count) tokens, the model's positions end at "
            + "\(maxPositions); shorten the prompt or max_new_tokens")
      }
      if let bad = row.first(where: { $0 < 0 || Int($0) >= vocabulary }) {
        throw BackendError.argument(
          op: "batch",
          "sequence \(i) holds token id \(bad), expected 0..<\(vocabulary)")
      }
      ids += row
      positions += (0..<Int32(row.count))
      starts.append(ids.count)
    }
    self.ids = try backend.indices(ids)
    self.positions = try backend.indices(positions)
    self.starts = starts
    sequences = PackedSequences(
      starts: try backend.indices(starts), longest: rows.map(\.count).max() ?? 0)
  }
}
