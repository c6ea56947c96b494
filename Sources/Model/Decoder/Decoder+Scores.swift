import MPOBackend

extension Decoder {
  /// Scores of whole texts (S, n): `score.weight` (n, C) times the hidden state, after the last norm, of
  /// one token of each sequence (`scoredToken`).
  /// - Throws: `BackendError.argument` for an empty sequence, an id outside the vocabulary or a sequence
  ///   past the model's positions.
  public func scores(
    _ sequences: [[Int32]], pad: Int32?, _ parameters: TrainableParameters, tape: Tape,
    checkpointing: Bool = false
  ) throws -> Variable {
    let last = try scoredStates(
      sequences, pad: pad, parameters, tape: tape, checkpointing: checkpointing)
    return try tape.linear(last, parameters.score())
  }

  /// What the scoring head reads: the final hidden state of each sequence's `scoredToken`, (B, C).
  public func scoredStates(
    _ sequences: [[Int32]], pad: Int32?, _ parameters: TrainableParameters, tape: Tape,
    checkpointing: Bool = false
  ) throws -> Variable {
    if let empty = sequences.firstIndex(where: \.isEmpty) {
      throw BackendError.argument(op: "scores", "sequence \(empty) is empty, expected tokens")
    }
    let batch = try PackedBatch(sequences, shape: shape, on: backend)
    let rows = zip(sequences, batch.starts).map { Self.scoredToken($0, pad: pad) + $1 }
    let hidden = try hidden(batch, parameters, tape: tape, checkpointing: checkpointing)
    return try tape.gatherRows(hidden, rows: backend.indices(rows))
  }

  /// The token whose hidden state scores a sequence: the last that is not `pad`, the first where all
  /// are. So transformers pools, which takes a text's end for padding where the two are one token.
  public static func scoredToken(_ sequence: [Int32], pad: Int32?) -> Int {
    sequence.lastIndex { $0 != pad } ?? 0
  }
}
