import MPOBackend
import MPOModel

// The least that a decoder's phases must compute and move, in f32. V vocabulary, C width; a
// multiply-add is two FLOPs; attention is causal; softmax, norms and the like are left out, so a
// share of the limit is never flattered. Bytes: weights once for each pass that needs them all, the
// KV cache once for each new token.
extension DecoderShape {
  private var blockFLOPs: Double { 2 * Double(multiplyAddsPerToken - vocabulary * width) }
  private var headFLOPs: Double { 2 * Double(vocabulary) * Double(width) }
  private var weightBytes: Double { 4 * Double(ParameterLayout(self).parameterCount) }
  /// Keys and values of one position.
  private var cacheBytes: Double { 4 * 2 * Double(layers * keyValueHeads * headWidth) }
  /// Scores and mix of one query against `keys` keys.
  private func attentionFLOPs(_ keys: Int) -> Double {
    4 * Double(layers * heads * headWidth) * Double(keys)
  }

  /// Blocks over sequences of `length` tokens, attention included.
  private func blocks(_ sequences: Int, _ length: Int) -> Double {
    let attention = (1...max(1, length)).reduce(0.0) { $0 + attentionFLOPs($1) }
    return Double(sequences) * (Double(length) * blockFLOPs + attention)
  }

  /// Prefill of every prompt once, then one pass a new token of the rows.
  func generationCost(prompts: Int, samples: Int, length: Int, new: Int) -> Cost {
    let rows = Double(prompts * samples)
    var cost = Cost(
      flops: blocks(prompts, length) + Double(prompts) * headFLOPs, bytes: weightBytes)
    for step in 1..<max(1, new) {
      let keys = length + step
      cost.flops += rows * (blockFLOPs + headFLOPs + attentionFLOPs(keys))
      cost.bytes += weightBytes + rows * Double(keys) * cacheBytes
    }
    return cost
  }

  /// Log-probabilities of `new` tokens after `length`: the last token is predicted, not read.
  func forwardCost(rows: Int, length: Int, new: Int) -> Cost {
    Cost(
      flops: blocks(rows, length + new - 1) + Double(rows * new) * headFLOPs, bytes: weightBytes)
  }

  /// Forward, twice that backward, and AdamW: weights read twice, gradients written, then AdamW
  /// reads four arrays and writes three.
  func trainCost(rows: Int, length: Int, new: Int) -> Cost {
    Cost(
      flops: 3 * forwardCost(rows: rows, length: length, new: new).flops, bytes: 10 * weightBytes)
  }

  /// Generation, the magnet's forward and one train step.
  func iterationCost(prompts: Int, samples: Int, length: Int, new: Int) -> Cost {
    let rows = prompts * samples
    return generationCost(prompts: prompts, samples: samples, length: length, new: new)
      + forwardCost(rows: rows, length: length, new: new)
      + trainCost(rows: rows, length: length, new: new)
  }
}
