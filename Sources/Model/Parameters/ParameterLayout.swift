/// Where every weight of a network stands in one flat array. The embedding comes first, then the
/// other matrices, and vectors (norms and biases) last, so that weight decay is one range; q, k, v
/// and gate, up are neighbours, so that each group is also one matrix and one product. Groups start
/// at multiples of 16 elements; the gaps are zero.
public struct ParameterLayout: Sendable, Equatable {
  public struct Entry: Sendable, Equatable {
    public var name: String
    public var shape: [Int]
    public var offset: Int
    public var start: Start
    /// Files hold the matrix (in, out), this array (out, in), as every product here reads it.
    public var isTransposed = false
    public var count: Int { shape.reduce(1, *) }
    /// The shape in a file.
    public var storedShape: [Int] { isTransposed ? shape.reversed() : shape }
  }

  /// What a weight is before training.
  public enum Start: Sendable, Equatable {
    /// Normal, with the deviation that `ParameterSet.random` is given.
    case normal
    /// The same, divided by sqrt(2 layers): the last matrix of a residual branch.
    case residual
    /// Uniform in +-bound.
    case uniform(bound: Float)
    case constant(Float)
  }

  /// A weight to be placed.
  public struct Weight: Sendable, Equatable {
    public var name: String
    public var shape: [Int]
    public var start: Start
    public var isTransposed: Bool
    public init(
      _ name: String, _ shape: [Int], start: Start = .normal, isTransposed: Bool = false
    ) {
      self.name = name
      self.shape = shape
      self.start = start
      self.isTransposed = isTransposed
    }
  }

  /// Weights that stand one behind the other and make one matrix.
  public typealias Group = [Weight]

  public let entries: [Entry]
  /// Elements of the flat array, gaps included.
  public let count: Int
  /// Elements before the first vector: what weight decay applies to.
  public let matrixCount: Int
  /// Elements of the first group, the embedding, its gap included; 0 where there is none.
  public let embeddingCount: Int
  /// Name of the output projection (V, C), the embedding's where the two are tied; nil where it is
  /// not among these weights.
  public let projection: String?
  /// Residual blocks; `ParameterSet.random` starts their last matrices smaller the more there are.
  public let layers: Int
  /// Name to index in `entries`.
  public let index: [String: Int]

  /// - Parameters:
  ///   - matrices: the embedding first, where there is a projection.
  ///   - vectors: what no weight decay applies to.
  public init(matrices: [Group], vectors: [Group], projection: String?, layers: Int) {
    var entries: [Entry] = []
    var ends: [Int] = []
    for members in matrices + vectors {
      var offset = ends.last ?? 0
      for weight in members {
        entries.append(
          Entry(
            name: weight.name, shape: weight.shape, offset: offset, start: weight.start,
            isTransposed: weight.isTransposed))
        offset += weight.shape.reduce(1, *)
      }
      ends.append((offset + 15) / 16 * 16)
    }
    self.entries = entries
    self.projection = projection
    self.layers = layers
    embeddingCount = projection == nil ? 0 : ends.first ?? 0
    matrixCount = matrices.isEmpty ? 0 : ends[matrices.count - 1]
    count = ends.last ?? 0
    index = Dictionary(
      entries.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The weights of a decoder, under the names of its family.
  public init(_ shape: DecoderShape) {
    let weights = DecoderWeights(shape)
    self.init(
      matrices: weights.matrices, vectors: weights.vectors, projection: weights.projection,
      layers: shape.layers)
  }

  /// Weights without the gaps.
  public var parameterCount: Int { entries.reduce(0) { $0 + $1.count } }
}
