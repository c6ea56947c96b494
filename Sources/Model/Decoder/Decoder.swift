import MPOBackend

/// A decoder of any family: embedding, residual blocks of (norm, attention, norm, feed-forward), and a
/// last norm; `DecoderShape` says which. It holds no weights: the same decoder runs policy and
/// magnet.
///
/// N tokens, C width, V vocabulary, H query heads, G key/value heads, D head width, F feed-forward.
public final class Decoder {
  public let shape: DecoderShape
  public let backend: any ComputeBackend
  let weights: DecoderWeights
  private let rotary: RotaryTables

  public init(_ shape: DecoderShape, on backend: any ComputeBackend) {
    self.shape = shape
    self.backend = backend
    weights = DecoderWeights(shape)
    rotary = RotaryTables(shape, on: backend)
  }

  /// Hidden states after the last norm (N, C) of packed sequences.
  /// `checkpointing` keeps one (N, C) value per block and recomputes the rest in the backward pass.
  public func hidden(
    _ batch: PackedBatch, _ parameters: TrainableParameters, tape: Tape, checkpointing: Bool = false
  ) throws -> Variable {
    try hidden(
      Input(batch), parameters, tape: tape, checkpointing: checkpointing
    ) { [shape] tape, qkv, layer in
      try tape.attention(qkv, sequences: batch.sequences, shape: shape.attention(layer: layer))
    }
  }

  /// The same with the caller's attention: (tape, rotated qkv, layer) to (N, H*D). Generation puts
  /// the KV cache here.
  func hidden(
    _ input: Input, _ parameters: TrainableParameters, tape: Tape, checkpointing: Bool,
    attend: @escaping (Tape, Variable, Int) throws -> Variable
  ) throws -> Variable {
    let tables = try rotary.tables(positions: input.positionCount)
    var x = try tape.embedding(
      input.ids, parameters.parameter(weights.embedding), scale: shape.embeddingScale)
    if let positions = weights.positions {
      x = try tape.addEmbedding(input.positions, parameters.parameter(positions), to: x)
    }
    for layer in 0..<shape.layers {
      let rotation = shape.blocks[layer].rotary.map {
        Rotation(positions: input.positions, table: tables[$0])
      }
      let block: (Tape, Variable) throws -> Variable = { [self] tape, x in
        try self.block(layer, x, rotation, parameters, tape: tape, attend: attend)
      }
      x = checkpointing ? try tape.checkpoint(x, block) : try block(tape, x)
    }
    return try tape.norm(x, parameters.norm(weights.finalNorm, shape.norm))
  }

  private func block(
    _ layer: Int, _ x: Variable, _ rotation: Rotation?, _ parameters: TrainableParameters,
    tape: Tape, attend: (Tape, Variable, Int) throws -> Variable
  ) throws -> Variable {
    let w = weights.blocks[layer]
    let normed = try tape.norm(x, parameters.norm(w.attentionNorm, shape.norm))
    let qkv = try queryKeyValue(layer, normed, rotation, parameters, tape: tape)
    let attended = try attend(tape, qkv, layer)
    let (x, normed2) = try tape.residualNorm(
      x, adding: attended, times: parameters.linear(w.attentionOutput),
      branchNorm: w.attentionBranchNorm.map { try parameters.norm($0, shape.norm) },
      norm: parameters.norm(w.feedForwardNorm, shape.norm))
    let up = try tape.linear(normed2, parameters.linear(w.up))
    let active =
      shape.isGated
      ? try tape.gatedUnit(up, shape.activation) : try tape.activate(up, shape.activation)
    return try tape.residual(
      x, adding: active, times: parameters.linear(w.down),
      branchNorm: w.feedForwardBranchNorm.map { try parameters.norm($0, shape.norm) })
  }

  /// Packed queries, keys and values (N, (H + 2G) * D), normed by head and rotated where the family
  /// does so.
  private func queryKeyValue(
    _ layer: Int, _ x: Variable, _ rotation: Rotation?, _ parameters: TrainableParameters,
    tape: Tape
  ) throws -> Variable {
    let w = weights.blocks[layer]
    var qkv = try tape.linear(x, parameters.linear(w.queryKeyValue))
    if let query = w.queryNorm, let key = w.keyNorm {
      qkv = try tape.headNorm(
        qkv, query: parameters.norm(query, shape.norm), key: parameters.norm(key, shape.norm),
        shape: shape.attention(layer: layer))
    }
    guard let rotation else { return qkv }
    return try tape.rotary(
      qkv, heads: shape.heads + shape.keyValueHeads, headWidth: shape.headWidth,
      positions: rotation.positions, table: rotation.table)
  }

  private struct Rotation {
    var positions: Tensor
    var table: RotaryTable
  }

  /// What one forward pass reads.
  struct Input {
    var ids: Tensor
    var positions: Tensor
    /// One more than the largest position.
    var positionCount: Int
  }
}

extension Decoder.Input {
  init(_ batch: PackedBatch) {
    self.init(
      ids: batch.ids, positions: batch.positions, positionCount: batch.sequences.longest)
  }
}
