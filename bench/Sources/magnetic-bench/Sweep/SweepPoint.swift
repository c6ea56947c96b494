/// One size of one sweep.
struct SweepPoint: Codable {
  /// rows, length, vocabulary, samples, loss-rows or loss-vocabulary.
  var sweep: String
  /// What grows.
  var x: Int
  /// Medians in seconds, by phase.
  var seconds: [String: Double]
  /// Every counted repeat.
  var repeats: [String: [Double]]
  /// Tokens of one iteration, or rows of the loss.
  var tokens: Int
  /// MiB in tensors at the highest.
  var peakMiB: Double
  /// Of these beyond the states (weights, gradients, two moments, magnet); for the loss beyond
  /// inputs and the two gradients.
  var beyondMiB: Double
  /// For the loss: three arrays (N, V) of logits in f32, which a plain program would hold at least.
  var logitsMiB: Double?
}

/// A sweep: what grows and what is fixed.
struct SweepPlan {
  var name: String
  var title: String
  var fixed: String
  var xLabel: String
  var sizes: [Int]

  var isLoss: Bool { name.hasPrefix("loss") }

  /// `largest` cuts every sweep at that many times its first size.
  static func all(largest: Int) -> [SweepPlan] {
    let doubling = { (first: Int, last: Int) in
      Array(sequence(first: first) { $0 * 2 <= last && $0 * 2 <= first * largest ? $0 * 2 : nil })
    }
    return [
      SweepPlan(
        name: "rows", title: "rows in the batch", fixed: "32 + 32 tokens a row, vocabulary 8192",
        xLabel: "rows", sizes: doubling(1, 64)),
      SweepPlan(
        name: "length", title: "length of a sequence",
        fixed: "4 rows, half prompt and half response, vocabulary 8192", xLabel: "tokens a row",
        sizes: doubling(64, 2048)),
      SweepPlan(
        name: "vocabulary", title: "size of the vocabulary", fixed: "8 rows of 16 + 16 tokens",
        xLabel: "vocabulary", sizes: doubling(32_768, 262_144)),
      SweepPlan(
        name: "samples", title: "responses K to each prompt",
        fixed: "4 prompts of 256 tokens, responses of 32, vocabulary 8192",
        xLabel: "responses to each prompt", sizes: doubling(1, 16)),
      SweepPlan(
        name: "loss-rows", title: "tokens N in the loss",
        fixed: "the fused loss alone, C = 128, V = 32768", xLabel: "tokens N",
        sizes: doubling(256, 4096)),
      SweepPlan(
        name: "loss-vocabulary", title: "vocabulary V in the loss",
        fixed: "the fused loss alone, N = 1024, C = 128", xLabel: "vocabulary V",
        sizes: doubling(32_768, 262_144)),
    ]
  }
}
