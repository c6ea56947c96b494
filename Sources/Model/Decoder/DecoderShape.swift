import MPOBackend

/// The sizes and constants of one decoder: everything that the mathematics depends on.
public struct DecoderShape: Sendable, Equatable {
  public var vocabulary: Int
  public var width: Int
  public var layers: Int
  public var heads: Int
  public var keyValueHeads: Int
  public var headWidth: Int
  public var feedForward: Int
  public var normEpsilon: Float
  public var rotaryBase: Double
  public var maxPositions: Int
  /// The output projection is the embedding table.
  public var tiedHead: Bool

  public init(
    vocabulary: Int, width: Int, layers: Int, heads: Int, keyValueHeads: Int, headWidth: Int,
    feedForward: Int, normEpsilon: Float, rotaryBase: Double, maxPositions: Int, tiedHead: Bool
  ) {
    self.vocabulary = vocabulary
    self.width = width
    self.layers = layers
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headWidth = headWidth
    self.feedForward = feedForward
    self.normEpsilon = normEpsilon
    self.rotaryBase = rotaryBase
    self.maxPositions = maxPositions
    self.tiedHead = tiedHead
  }

  public var attention: AttentionShape {
    AttentionShape(
      heads: heads, keyValueHeads: keyValueHeads, headWidth: headWidth,
      scale: Float(1 / Double(headWidth).squareRoot()))
  }

  /// Multiply-adds of one token's forward pass through the matrices, attention apart; twice that is
  /// the FLOPs, three times the forward is forward plus backward.
  public var multiplyAddsPerToken: Int {
    let a = attention
    return layers
      * (a.packedWidth * width + a.outputWidth * width + 3 * feedForward * width)
      + vocabulary * width
  }
}
