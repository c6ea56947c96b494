import MPOBackend

/// One decoder as data: sizes, constants and the choices in which families differ. Everything that
/// the mathematics depends on is here; `Config/Families` fills it from a `config.json`.
public struct DecoderShape: Sendable, Equatable {
  /// V
  public var vocabulary: Int
  /// C
  public var width: Int
  /// H
  public var heads: Int
  /// G, a divisor of H.
  public var keyValueHeads: Int
  /// D, even.
  public var headWidth: Int
  /// F
  public var feedForward: Int
  /// Longest sequence.
  public var maxPositions: Int
  public var blocks: [BlockShape]
  public var norm: NormShape
  /// Attention and feed-forward are followed by a norm of their own before they join the residual
  /// (Gemma 2 and 3).
  public var normsBranches = false
  /// Queries and keys are normed head by head before their rotation (Qwen 3, Gemma 3).
  public var normsHeads = false
  public var activation = Activation.silu
  /// `activation(gate) * up` with two matrices; otherwise `activation(up)`.
  public var isGated = true
  public var biases: Biases = []
  public var positions: Positions
  /// Multiplies q.k before the softmax.
  public var attentionScale: Float
  /// Soft caps of attention scores and of final logits; 0 is none.
  public var attentionSoftcap: Float = 0
  public var logitSoftcap: Float = 0
  /// Multiplies embeddings.
  public var embeddingScale: Float = 1
  /// The output projection is the embedding table.
  public var tiedHead: Bool
  /// Rows of `score.weight` (n, C), which scores a text from its last hidden state and stands in place
  /// of the output projection; 0 is a language model.
  public var scoreOutputs = 0
  public var naming = WeightNaming.llama

  /// Residual blocks.
  public var layers: Int { blocks.count }

  /// A Llama: RMS norms, SwiGLU, rotary positions, no biases.
  public init(
    vocabulary: Int, width: Int, layers: Int, heads: Int, keyValueHeads: Int, headWidth: Int,
    feedForward: Int, normEpsilon: Float, rotaryBase: Double, maxPositions: Int, tiedHead: Bool
  ) {
    self.vocabulary = vocabulary
    self.width = width
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headWidth = headWidth
    self.feedForward = feedForward
    self.maxPositions = maxPositions
    self.tiedHead = tiedHead
    blocks = Array(repeating: BlockShape(), count: layers)
    norm = .rms(RMSNormSettings(epsilon: normEpsilon))
    positions = .rotary([RotaryScheme(theta: rotaryBase)])
    attentionScale = Float(1 / Double(headWidth).squareRoot())
  }

  /// Heads of a layer's attention, with its window.
  public func attention(layer: Int) -> AttentionShape {
    AttentionShape(
      heads: heads, keyValueHeads: keyValueHeads, headWidth: headWidth, scale: attentionScale,
      window: blocks[layer].window, softcap: attentionSoftcap)
  }

  /// Width of a packed [q | k | v] row.
  public var packedWidth: Int { (heads + 2 * keyValueHeads) * headWidth }
  /// Width of the attention's output, H * D.
  public var attentionWidth: Int { heads * headWidth }

  /// Multiply-adds of one token's forward pass through the matrices, attention apart; twice that is
  /// the FLOPs, three times the forward is forward plus backward.
  public var multiplyAddsPerToken: Int {
    layers
      * (packedWidth * width + attentionWidth * width + (isGated ? 3 : 2) * feedForward * width)
      + vocabulary * width
  }
}

/// What may differ from block to block.
public struct BlockShape: Sendable, Equatable {
  /// Tokens that one attends to, itself included; 0 is all before it.
  public var window = 0
  /// Which of the rotary schemes; nil rotates nothing.
  public var rotary: Int? = 0
  public init(window: Int = 0, rotary: Int? = 0) {
    self.window = window
    self.rotary = rotary
  }
}

public enum NormShape: Sendable, Equatable {
  /// `x / rms(x) * (offset + w)`
  case rms(RMSNormSettings)
  /// `(x - mean) / deviation * w + b`
  case layer(epsilon: Float)
}

public enum Positions: Sendable, Equatable {
  /// Rotations of queries and keys; blocks choose among the schemes.
  case rotary([RotaryScheme])
  /// A table (maxPositions, C) added to the embeddings.
  case learned
}

/// Which linear layers add a bias.
public struct Biases: OptionSet, Sendable {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }
  public static let queryKeyValue = Biases(rawValue: 1)
  public static let attentionOutput = Biases(rawValue: 2)
  public static let feedForward = Biases(rawValue: 4)
}

/// The names that a family of models gives its weights.
public enum WeightNaming: Sendable, Equatable {
  /// `model.layers.0.self_attn.q_proj.weight`, as Llama and most after it.
  case llama
  /// `transformer.h.0.attn.c_attn.weight`, matrices stored (in, out).
  case gpt2
}
