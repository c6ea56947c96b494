import ArgumentParser
import MPOModel

/// Model shapes that the notes speak of, with random weights.
enum BenchShape: String, CaseIterable, ExpressibleByArgument {
  /// 15 M parameters: 288 wide, 6 layers, 6 heads, 768 feed-forward, 32000 vocabulary, tied.
  case small = "S"
  /// 135 M parameters: 576 wide, 30 layers, 9 heads and 3 key/value heads, 1536, 49152, tied.
  case medium = "M"
  /// A few thousand parameters, to try the command.
  case tiny

  func decoder(positions: Int) -> DecoderShape {
    func shape(_ c: Int, _ l: Int, _ h: Int, _ g: Int, _ f: Int, _ v: Int) -> DecoderShape {
      DecoderShape(
        vocabulary: v, width: c, layers: l, heads: h, keyValueHeads: g, headWidth: c / h,
        feedForward: f, normEpsilon: 1e-5, rotaryBase: 10_000, maxPositions: positions,
        tiedHead: true)
    }
    switch self {
    case .small: return shape(288, 6, 6, 6, 768, 32000)
    case .medium: return shape(576, 30, 9, 3, 1536, 49152)
    case .tiny: return shape(32, 2, 4, 2, 64, 512)
    }
  }
}
