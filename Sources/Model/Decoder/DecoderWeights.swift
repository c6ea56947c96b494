/// The weights of a decoder by their part in it: what the layout places, what the forward pass reads,
/// and what adapters attach to.
struct DecoderWeights: Sendable {
  let embedding: ParameterLayout.Weight
  /// (maxPositions, C), where positions are learned.
  let positions: ParameterLayout.Weight?
  /// Nil where the head is the embedding, and where texts are scored.
  let head: ParameterLayout.Weight?
  /// Where texts are scored: (n, C).
  let score: ParameterLayout.Weight?
  let blocks: [BlockWeights]
  let finalNorm: NormWeights

  init(_ shape: DecoderShape) {
    let names = shape.naming.names
    let (v, c) = (shape.vocabulary, shape.width)
    embedding = .init(names.embedding, [v, c])
    positions =
      shape.positions == .learned ? .init(names.positions, [shape.maxPositions, c]) : nil
    let scores = shape.scoreOutputs
    head = shape.tiedHead || scores > 0 ? nil : .init("lm_head.weight", [v, c])
    score = scores > 0 ? .init(Self.scoreName, [scores, c]) : nil
    finalNorm = NormWeights(names.finalNorm, shape)
    blocks = (0..<shape.layers).map {
      switch shape.naming {
      case .llama: BlockWeights(llama: shape, prefix: "model.layers.\($0).")
      case .gpt2: BlockWeights(gpt2: shape, prefix: "transformer.h.\($0).")
      }
    }
  }

  /// As Hugging Face's sequence classifiers name it in every family.
  static let scoreName = "score.weight"

  /// Nil where texts are scored.
  var projection: String? { score == nil ? head?.name ?? embedding.name : nil }

  var matrices: [ParameterLayout.Group] {
    [[embedding]] + [positions, head].compactMap { $0 }.map { [$0] }
      + blocks.flatMap(\.linears).map(\.weights) + [score].compactMap { $0 }.map { [$0] }
  }

  var vectors: [ParameterLayout.Group] {
    blocks.flatMap { $0.norms.flatMap(\.groups) + $0.linears.compactMap(\.biases) }
      + finalNorm.groups
  }
}

/// One residual block.
struct BlockWeights: Sendable {
  var attentionNorm: NormWeights
  var queryKeyValue: LinearWeights
  /// Of the heads, (D) each.
  var queryNorm: NormWeights?
  var keyNorm: NormWeights?
  var attentionOutput: LinearWeights
  /// Behind the branch, where branches are normed.
  var attentionBranchNorm: NormWeights?
  var feedForwardNorm: NormWeights
  /// Gate and up, or up alone.
  var up: LinearWeights
  var down: LinearWeights
  var feedForwardBranchNorm: NormWeights?

  var linears: [LinearWeights] { [queryKeyValue, attentionOutput, up, down] }
  var norms: [NormWeights] {
    [
      attentionNorm, queryNorm, keyNorm, attentionBranchNorm, feedForwardNorm,
      feedForwardBranchNorm,
    ].compactMap { $0 }
  }

  init(llama shape: DecoderShape, prefix p: String) {
    let (c, d, f) = (shape.width, shape.headWidth, shape.feedForward)
    let (attention, mlp) = (p + "self_attn.", p + "mlp.")
    attentionNorm = NormWeights(p + "input_layernorm", shape)
    queryKeyValue = LinearWeights(
      [
        (attention + "q_proj", shape.heads * d), (attention + "k_proj", shape.keyValueHeads * d),
        (attention + "v_proj", shape.keyValueHeads * d),
      ], columns: c, bias: shape.biases.contains(.queryKeyValue))
    if shape.normsHeads {
      queryNorm = NormWeights(attention + "q_norm", shape, width: d)
      keyNorm = NormWeights(attention + "k_norm", shape, width: d)
    }
    attentionOutput = LinearWeights(
      [(attention + "o_proj", c)], columns: shape.heads * d,
      bias: shape.biases.contains(.attentionOutput), endsBranch: true)
    let hasBias = shape.biases.contains(.feedForward)
    let ups = (shape.isGated ? [mlp + "gate_proj"] : []) + [mlp + "up_proj"]
    up = LinearWeights(ups.map { ($0, f) }, columns: c, bias: hasBias)
    down = LinearWeights([(mlp + "down_proj", c)], columns: f, bias: hasBias, endsBranch: true)
    if shape.normsBranches {
      attentionBranchNorm = NormWeights(p + "post_attention_layernorm", shape)
      feedForwardNorm = NormWeights(p + "pre_feedforward_layernorm", shape)
      feedForwardBranchNorm = NormWeights(p + "post_feedforward_layernorm", shape)
    } else {
      feedForwardNorm = NormWeights(p + "post_attention_layernorm", shape)
    }
  }

  init(gpt2 shape: DecoderShape, prefix p: String) {
    let (c, f) = (shape.width, shape.feedForward)
    attentionNorm = NormWeights(p + "ln_1", shape)
    queryKeyValue = LinearWeights(
      [(p + "attn.c_attn", shape.packedWidth)], columns: c, bias: true, isTransposed: true)
    attentionOutput = LinearWeights(
      [(p + "attn.c_proj", c)], columns: c, bias: true, endsBranch: true, isTransposed: true)
    feedForwardNorm = NormWeights(p + "ln_2", shape)
    up = LinearWeights([(p + "mlp.c_fc", f)], columns: c, bias: true, isTransposed: true)
    down = LinearWeights(
      [(p + "mlp.c_proj", c)], columns: f, bias: true, endsBranch: true, isTransposed: true)
  }
}

/// Linear layers that read the same input and are one product.
struct LinearWeights: Sendable {
  /// Path and rows (output width) of each.
  let modules: [(name: String, rows: Int)]
  /// Input width.
  let columns: Int
  let hasBias: Bool
  /// The last of a residual branch.
  let endsBranch: Bool
  let isTransposed: Bool

  init(
    _ modules: [(name: String, rows: Int)], columns: Int, bias: Bool, endsBranch: Bool = false,
    isTransposed: Bool = false
  ) {
    self.modules = modules
    self.columns = columns
    hasBias = bias
    self.endsBranch = endsBranch
    self.isTransposed = isTransposed
  }

  var weights: ParameterLayout.Group {
    modules.map {
      .init(
        $0.name + ".weight", [$0.rows, columns], start: endsBranch ? .residual : .normal,
        isTransposed: isTransposed)
    }
  }
  var biases: ParameterLayout.Group? {
    hasBias ? modules.map { .init($0.name + ".bias", [$0.rows], start: .constant(0)) } : nil
  }
}

struct NormWeights: Sendable {
  let name: String
  let width: Int
  let hasBias: Bool
  /// The weight that scales by 1.
  let identity: Float

  /// A norm over the residual stream, or over `width`.
  init(_ name: String, _ shape: DecoderShape, width: Int? = nil) {
    self.name = name
    self.width = width ?? shape.width
    switch shape.norm {
    case .rms(let settings): (hasBias, identity) = (false, 1 - settings.weightOffset)
    case .layer: (hasBias, identity) = (true, 1)
    }
  }

  var groups: [ParameterLayout.Group] {
    [[.init(name + ".weight", [width], start: .constant(identity))]]
      + (hasBias ? [[.init(name + ".bias", [width], start: .constant(0))]] : [])
  }
}

extension WeightNaming {
  /// Names outside the blocks.
  fileprivate var names: (embedding: String, positions: String, finalNorm: String) {
    switch self {
    case .llama: ("model.embed_tokens.weight", "model.embed_positions.weight", "model.norm")
    case .gpt2: ("transformer.wte.weight", "transformer.wpe.weight", "transformer.ln_f")
    }
  }
}
