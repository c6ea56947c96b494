import MPOBackend
import MPOModel

/// The least that a decoder's phases must compute and move. A multiply-add is two FLOPs; attention
/// is causal; softmax, norms and the like are left out, so that a share of the limit is never
/// flattered. Bytes: weights once for each pass that needs them all, the KV cache (f32) once for
/// each new token.
struct DecoderCost {
  let shape: DecoderShape
  /// Bytes of a weight as products read it.
  let weightSize: Double

  init(_ shape: DecoderShape, _ precision: ProductPrecision) {
    self.shape = shape
    weightSize = precision == .bf16 ? 2 : 4
  }

  private var blockFLOPs: Double {
    2 * Double(shape.multiplyAddsPerToken - shape.vocabulary * shape.width)
  }
  private var headFLOPs: Double { 2 * Double(shape.vocabulary) * Double(shape.width) }
  private var parameters: Double { Double(ParameterLayout(shape).parameterCount) }
  /// Keys and values of one position.
  private var cacheBytes: Double {
    4 * 2 * Double(shape.layers * shape.keyValueHeads * shape.headWidth)
  }
  /// Scores and mix of one query against `keys` keys.
  private func attentionFLOPs(_ keys: Int) -> Double {
    4 * Double(shape.layers * shape.heads * shape.headWidth) * Double(keys)
  }

  /// Blocks over sequences of `length` tokens, attention included.
  func blocks(_ sequences: Int, _ length: Int) -> Double {
    let attention = (1...max(1, length)).reduce(0.0) { $0 + attentionFLOPs($1) }
    return Double(sequences) * (Double(length) * blockFLOPs + attention)
  }

  /// Prefill of every prompt once, then one pass a new token of the rows.
  func generation(prompts: Int, samples: Int, length: Int, new: Int) -> Cost {
    let rows = Double(prompts * samples)
    var cost = Cost(
      flops: blocks(prompts, length) + Double(prompts) * headFLOPs, bytes: weightSize * parameters)
    for step in 1..<max(1, new) {
      let keys = length + step
      cost.flops += rows * (blockFLOPs + headFLOPs + attentionFLOPs(keys))
      cost.bytes += weightSize * parameters + rows * Double(keys) * cacheBytes
    }
    return cost
  }

  /// Log-probabilities of `new` tokens after `length`: the last token is predicted, not read.
  func forward(rows: Int, length: Int, new: Int) -> Cost {
    Cost(
      flops: blocks(rows, length + new - 1) + Double(rows * new) * headFLOPs,
      bytes: weightSize * parameters)
  }

  /// Forward, twice that backward, and AdamW: weights read twice, gradients written, then AdamW
  /// reads four f32 arrays and writes three.
  func train(rows: Int, length: Int, new: Int) -> Cost {
    Cost(
      flops: 3 * forward(rows: rows, length: length, new: new).flops,
      bytes: (2 * weightSize + 8 * 4) * parameters)
  }

  /// Generation, the magnet's forward and one train step.
  func iteration(prompts: Int, samples: Int, length: Int, new: Int) -> Cost {
    let rows = prompts * samples
    return generation(prompts: prompts, samples: samples, length: length, new: new)
      + forward(rows: rows, length: length, new: new)
      + train(rows: rows, length: length, new: new)
  }
}
