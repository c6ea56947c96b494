/// Where every weight of a network stands in one flat array. The embedding comes first, then the
/// other matrices, and norms last, so that weight decay is one range; q, k, v and gate, up are
/// neighbours, so that each group is also one matrix and one product. Groups start at multiples of
/// 16 elements; the gaps are zero.
public struct ParameterLayout: Sendable, Equatable {
  public struct Entry: Sendable, Equatable {
    public var name: String
    public var shape: [Int]
    public var offset: Int
    public var count: Int { shape.reduce(1, *) }
  }

  /// Weights that stand one behind the other and make one matrix: name and shape of each.
  public typealias Group = [(name: String, shape: [Int])]

  public let entries: [Entry]
  /// Elements of the flat array, gaps included.
  public let count: Int
  /// Elements before the first norm: what weight decay applies to.
  public let matrixCount: Int
  /// Elements of the first group, the embedding, its gap included.
  public let embeddingCount: Int
  /// Name of the output projection (V, C); the embedding's where the two are tied.
  public let projection: String
  /// Residual blocks; `ParameterSet.random` starts their last matrices smaller the more there are.
  public let layers: Int
  /// Name to index in `entries`.
  public let index: [String: Int]

  /// - Parameters:
  ///   - matrices: the embedding first.
  ///   - norms: what no weight decay applies to.
  public init(matrices: [Group], norms: [Group], projection: String, layers: Int) {
    var entries: [Entry] = []
    var ends: [Int] = []
    for members in matrices + norms {
      var offset = ends.last ?? 0
      for (name, shape) in members {
        entries.append(Entry(name: name, shape: shape, offset: offset))
        offset += shape.reduce(1, *)
      }
      ends.append((offset + 15) / 16 * 16)
    }
    self.entries = entries
    self.projection = projection
    self.layers = layers
    embeddingCount = ends.first ?? 0
    matrixCount = matrices.isEmpty ? 0 : ends[matrices.count - 1]
    count = ends.last ?? 0
    index = Dictionary(
      entries.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The weights of a decoder, under the names that Hugging Face gives them.
  public init(_ shape: DecoderShape) {
    let (c, d) = (shape.width, shape.headWidth)
    let embedding = "model.embed_tokens.weight"
    var matrices: [Group] = [[(embedding, [shape.vocabulary, c])]]
    if !shape.tiedHead { matrices.append([("lm_head.weight", [shape.vocabulary, c])]) }
    var norms: [Group] = []
    for l in 0..<shape.layers {
      let p = "model.layers.\(l)."
      matrices += [
        [
          (p + "self_attn.q_proj.weight", [shape.heads * d, c]),
          (p + "self_attn.k_proj.weight", [shape.keyValueHeads * d, c]),
          (p + "self_attn.v_proj.weight", [shape.keyValueHeads * d, c]),
        ],
        [(p + "self_attn.o_proj.weight", [c, shape.heads * d])],
        [
          (p + "mlp.gate_proj.weight", [shape.feedForward, c]),
          (p + "mlp.up_proj.weight", [shape.feedForward, c]),
        ],
        [(p + "mlp.down_proj.weight", [c, shape.feedForward])],
      ]
      norms += [
        [(p + "input_layernorm.weight", [c])], [(p + "post_attention_layernorm.weight", [c])],
      ]
    }
    self.init(
      matrices: matrices, norms: norms + [[("model.norm.weight", [c])]],
      projection: shape.tiedHead ? embedding : "lm_head.weight", layers: shape.layers)
  }

  /// Weights without the gaps.
  public var parameterCount: Int { entries.reduce(0) { $0 + $1.count } }
}
