/// Where every weight of a decoder stands in one flat array. Matrices come first and norms last,
/// so that weight decay is one range; q, k, v and gate, up are neighbours, so that each group is
/// also one matrix and one product. Groups start at multiples of 16 elements; the gaps are zero.
public struct ParameterLayout: Sendable, Equatable {
  public struct Entry: Sendable, Equatable {
    /// The Hugging Face name.
    public var name: String
    public var shape: [Int]
    public var offset: Int
    public var count: Int { shape.reduce(1, *) }
  }

  public let shape: DecoderShape
  public let entries: [Entry]
  /// Elements of the flat array, gaps included.
  public let count: Int
  /// Elements before the first norm: what weight decay applies to.
  public let matrixCount: Int
  /// Name to index in `entries`.
  public let index: [String: Int]

  public init(_ shape: DecoderShape) {
    let (c, d) = (shape.width, shape.headWidth)
    var entries: [Entry] = []
    var offset = 0
    func group(_ members: [(String, [Int])]) {
      offset = (offset + 15) / 16 * 16
      for (name, dims) in members {
        entries.append(Entry(name: name, shape: dims, offset: offset))
        offset += dims.reduce(1, *)
      }
    }
    group([("model.embed_tokens.weight", [shape.vocabulary, c])])
    if !shape.tiedHead { group([("lm_head.weight", [shape.vocabulary, c])]) }
    for l in 0..<shape.layers {
      let p = "model.layers.\(l)."
      group([
        (p + "self_attn.q_proj.weight", [shape.heads * d, c]),
        (p + "self_attn.k_proj.weight", [shape.keyValueHeads * d, c]),
        (p + "self_attn.v_proj.weight", [shape.keyValueHeads * d, c]),
      ])
      group([(p + "self_attn.o_proj.weight", [c, shape.heads * d])])
      group([
        (p + "mlp.gate_proj.weight", [shape.feedForward, c]),
        (p + "mlp.up_proj.weight", [shape.feedForward, c]),
      ])
      group([(p + "mlp.down_proj.weight", [c, shape.feedForward])])
    }
    offset = (offset + 15) / 16 * 16
    matrixCount = offset
    for l in 0..<shape.layers {
      group([("model.layers.\(l).input_layernorm.weight", [c])])
      group([("model.layers.\(l).post_attention_layernorm.weight", [c])])
    }
    group([("model.norm.weight", [c])])
    self.shape = shape
    self.entries = entries
    count = (offset + 15) / 16 * 16
    index = Dictionary(
      entries.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Weights without the gaps.
  public var parameterCount: Int { entries.reduce(0) { $0 + $1.count } }
}
