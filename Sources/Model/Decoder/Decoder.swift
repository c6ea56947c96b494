import Foundation
import MPOBackend

/// A Llama-family decoder: embedding, `layers` blocks of (norm, attention, residual, norm, SwiGLU,
/// residual), final norm. It holds no weights: the same decoder runs policy and magnet.
///
/// N tokens, C width, V vocabulary, H query heads, G key/value heads, D head width, F feed-forward.
public final class Decoder {
  public let shape: DecoderShape
  public let backend: any ComputeBackend
  /// theta^(-2i/D), rounded to float32 as in every Hugging Face model.
  private let frequencies: [Float]
  private var rotary: RotaryTable?

  public init(_ shape: DecoderShape, on backend: any ComputeBackend) {
    self.shape = shape
    self.backend = backend
    frequencies = (0..<shape.headWidth / 2).map {
      1 / Float(pow(shape.rotaryBase, Double(2 * $0) / Double(shape.headWidth)))
    }
  }

  /// Cosines and sines of at least the first `positions` positions, kept; grows by doubling, so a
  /// long context costs nothing until it is used. The angle is the float32 product of position and
  /// frequency: models are trained with that rounding, which a more exact angle would not match
  /// at late positions.
  func rotaryTable(positions: Int) throws -> RotaryTable {
    if let rotary, rotary.cosine.rows >= positions { return rotary }
    var rows = 64
    while rows < positions { rows *= 2 }
    rows = max(positions, min(rows, shape.maxPositions))
    var cosine: [Float] = []
    var sine: [Float] = []
    cosine.reserveCapacity(rows * frequencies.count)
    sine.reserveCapacity(rows * frequencies.count)
    for position in 0..<rows {
      for f in frequencies {
        let angle = Double(Float(position) * f)
        cosine.append(Float(cos(angle)))
        sine.append(Float(sin(angle)))
      }
    }
    let table = RotaryTable(
      cosine: try backend.tensor(cosine, [rows, frequencies.count]),
      sine: try backend.tensor(sine, [rows, frequencies.count]))
    rotary = table
    return table
  }

  /// Hidden states after the last norm (N, C) of packed sequences.
  /// `checkpointing` keeps one (N, C) value per block and recomputes the rest in the backward pass.
  public func hidden(
    _ batch: PackedBatch, _ parameters: TrainableParameters, tape: Tape, checkpointing: Bool = false
  ) throws -> Variable {
    try hidden(
      Input(batch), parameters, tape: tape, checkpointing: checkpointing
    ) { [shape] tape, qkv, _ in
      try tape.attention(qkv, sequences: batch.sequences, shape: shape.attention)
    }
  }

  /// The same with the caller's attention: (tape, rotated qkv, layer) to (N, H*D). Generation puts
  /// the KV cache here.
  func hidden(
    _ input: Input, _ parameters: TrainableParameters, tape: Tape, checkpointing: Bool,
    attend: @escaping (Tape, Variable, Int) throws -> Variable
  ) throws -> Variable {
    let table = try rotaryTable(positions: input.positionCount)
    var x = try tape.embedding(input.ids, parameters.parameter("model.embed_tokens.weight"))
    for layer in 0..<shape.layers {
      let block: (Tape, Variable) throws -> Variable = { [self] tape, x in
        try self.block(layer, x, input, table, parameters, tape: tape, attend: attend)
      }
      x = checkpointing ? try tape.checkpoint(x, block) : try block(tape, x)
    }
    return try tape.rmsNorm(
      x, parameters.parameter("model.norm.weight"), epsilon: shape.normEpsilon)
  }

  private func block(
    _ layer: Int, _ x: Variable, _ input: Input, _ table: RotaryTable,
    _ parameters: TrainableParameters, tape: Tape,
    attend: (Tape, Variable, Int) throws -> Variable
  ) throws -> Variable {
    let p = "model.layers.\(layer)."
    let normed = try tape.rmsNorm(
      x, parameters.parameter(p + "input_layernorm.weight"), epsilon: shape.normEpsilon)
    let qkv = try tape.linear(normed, parameters.parameter(p + "self_attn.q_proj.weight", 3))
    let rotated = try tape.rotary(
      qkv, heads: shape.heads + shape.keyValueHeads, headWidth: shape.headWidth,
      positions: input.positions, table: table)
    let attended = try attend(tape, rotated, layer)
    let (x, normed2) = try tape.residualNorm(
      x, adding: attended, times: parameters.parameter(p + "self_attn.o_proj.weight"),
      norm: parameters.parameter(p + "post_attention_layernorm.weight"),
      epsilon: shape.normEpsilon)
    let gateUp = try tape.linear(normed2, parameters.parameter(p + "mlp.gate_proj.weight", 2))
    return try tape.residual(
      x, adding: tape.swiGLU(gateUp), times: parameters.parameter(p + "mlp.down_proj.weight"))
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
