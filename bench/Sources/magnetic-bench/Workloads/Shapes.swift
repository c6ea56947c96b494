import ArgumentParser
import MPOModel

/// Model shapes that the notes speak of, with random weights; `peers/peer.py` has the same.
enum BenchShape: String, CaseIterable, ExpressibleByArgument {
  /// 15 M parameters: 288 wide, 6 layers, 6 heads, 768 feed-forward, 32000 vocabulary, tied.
  case small = "S"
  /// 135 M parameters: 576 wide, 30 layers, 9 heads and 3 key/value heads, 1536, 49152, tied.
  case medium = "M"
  /// 1.7 M parameters, the decoder of `sweep`; no peer has it.
  case extraSmall = "XS"
  /// A few thousand parameters, to try the command.
  case tiny

  func decoder(positions: Int) -> DecoderShape {
    switch self {
    case .small:
      return .bench(288, layers: 6, heads: 6, groups: 6, 768, vocabulary: 32000, positions)
    case .medium:
      return .bench(576, layers: 30, heads: 9, groups: 3, 1536, vocabulary: 49152, positions)
    case .extraSmall:
      return .bench(128, layers: 4, heads: 4, groups: 2, 384, vocabulary: 8192, positions)
    case .tiny: return .bench(32, layers: 2, heads: 4, groups: 2, 64, vocabulary: 512, positions)
    }
  }
}

extension DecoderShape {
  /// Heads that fill the width, tied head.
  static func bench(
    _ width: Int, layers: Int, heads: Int, groups: Int, _ feedForward: Int, vocabulary: Int,
    _ positions: Int
  ) -> DecoderShape {
    DecoderShape(
      vocabulary: vocabulary, width: width, layers: layers, heads: heads, keyValueHeads: groups,
      headWidth: width / heads, feedForward: feedForward, normEpsilon: 1e-5, rotaryBase: 10_000,
      maxPositions: positions, tiedHead: true)
  }
}
