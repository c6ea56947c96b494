import Foundation
import MPOBackend

/// A Llama-family decoder: embedding, `layers` blocks of (norm, attention, residual, norm, SwiGLU,
/// residual), final norm. It holds no weights: the same decoder runs policy and magnet.
///
/// N tokens, C width, V vocabulary, H query heads, G key/value heads, D head width, F feed-forward.
public final class Decoder {
  public let shape: DecoderShape
  public let backend: any ComputeBackend
  let rotary: RotaryTable

  public init(_ shape: DecoderShape, on backend: any ComputeBackend) throws {
    self.shape = shape
    self.backend = backend
    let half = shape.headWidth / 2
    var cosine: [Float] = []
    var sine: [Float] = []
    cosine.reserveCapacity(shape.maxPositions * half)
    sine.reserveCapacity(shape.maxPositions * half)
    let frequencies = (0..<half).map {
      pow(shape.rotaryBase, -2 * Double($0) / Double(shape.headWidth))
    }
    for position in 0..<shape.maxPositions {
      for f in frequencies {
        cosine.append(Float(cos(Double(position) * f)))
        sine.append(Float(sin(Double(position) * f)))
      }
    }
    rotary = RotaryTable(
      cosine: try backend.tensor(cosine, [shape.maxPositions, half]),
      sine: try backend.tensor(sine, [shape.maxPositions, half]))
  }

  /// Hidden states after the last norm (N, C) of packed sequences.
  /// `checkpointing` keeps one (N, C) value per block and recomputes the rest in the backward pass.
  public func hidden(
    _ batch: PackedBatch, _ parameters: TrainableParameters, tape: Tape, checkpointing: Bool = false
  ) throws -> Variable {
    try hidden(
      ids: batch.ids, positions: batch.positions, parameters, tape: tape,
      checkpointing: checkpointing
    ) { [shape] tape, qkv, _ in
      try tape.attention(qkv, sequences: batch.sequences, shape: shape.attention)
    }
  }

  /// The same with the caller's attention: (tape, rotated qkv, layer) to (N, H*D). Generation puts
  /// the KV cache here.
  func hidden(
    ids: Tensor, positions: Tensor, _ parameters: TrainableParameters, tape: Tape,
    checkpointing: Bool, attend: @escaping (Tape, Variable, Int) throws -> Variable
  ) throws -> Variable {
    var x = try tape.embedding(ids, parameters.parameter("model.embed_tokens.weight"))
    for layer in 0..<shape.layers {
      let block: (Tape, Variable) throws -> Variable = { [self] tape, x in
        try self.block(layer, x, positions, parameters, tape: tape, attend: attend)
      }
      x = checkpointing ? try tape.checkpoint(x, block) : try block(tape, x)
    }
    return try tape.rmsNorm(
      x, parameters.parameter("model.norm.weight"), epsilon: shape.normEpsilon)
  }

  private func block(
    _ layer: Int, _ x: Variable, _ positions: Tensor, _ parameters: TrainableParameters, tape: Tape,
    attend: (Tape, Variable, Int) throws -> Variable
  ) throws -> Variable {
    let p = "model.layers.\(layer)."
    let normed = try tape.rmsNorm(
      x, parameters.parameter(p + "input_layernorm.weight"), epsilon: shape.normEpsilon)
    let qkv = try tape.linear(normed, parameters.parameter(p + "self_attn.q_proj.weight", 3))
    let rotated = try tape.rotary(
      qkv, heads: shape.heads + shape.keyValueHeads, headWidth: shape.headWidth,
      positions: positions, table: rotary)
    let attended = try attend(tape, rotated, layer)
    let x = try tape.add(
      x, tape.linear(attended, parameters.parameter(p + "self_attn.o_proj.weight")))
    let normed2 = try tape.rmsNorm(
      x, parameters.parameter(p + "post_attention_layernorm.weight"), epsilon: shape.normEpsilon)
    let gateUp = try tape.linear(normed2, parameters.parameter(p + "mlp.gate_proj.weight", 2))
    return try tape.add(
      x, tape.linear(tape.swiGLU(gateUp), parameters.parameter(p + "mlp.down_proj.weight")))
  }

  /// Logits (rows, V) of hidden states (rows, C).
  public func logits(_ hidden: Tensor, _ parameters: ParameterSet) throws -> Tensor {
    let out = try backend.empty([hidden.rows, shape.vocabulary])
    try backend.matmul(hidden, parameters.outputProjection(), transposeB: true, into: out)
    return out
  }
}
