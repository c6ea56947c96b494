import MPOBackend
import MPOModel

/// One response of a rollout: what was asked, what was drawn, and how much better than even it did.
public struct RolloutRow: Sendable, Equatable, Codable {
  public var prompt: [Int32]
  public var response: [Int32]
  /// `r - 1/2`, r the mean win rate against the other responses to the prompt.
  public var advantage: Float
  /// Weight >= 0 in the loss's mean, 1 for a sampled response. Rows of all n responses of a game
  /// with weight pi_k(y) make the expectation over responses exact.
  public var weight: Float

  public init(prompt: [Int32], response: [Int32], advantage: Float, weight: Float = 1) {
    self.prompt = prompt
    self.response = response
    self.advantage = advantage
    self.weight = weight
  }
}

/// Some rows of a rollout on the device. M response tokens, N input tokens (the prompt and
/// all of the response but its last token), C width.
struct MicroBatch {
  let inputs: PackedBatch
  /// Row of the packed input whose hidden state predicts response token m, (M).
  let predictors: Tensor
  /// Response tokens, (M).
  let targets: Tensor
  let advantages: Tensor
  let weights: Tensor
  /// First token of every response among the M, and M last.
  let responses: Tensor
  let tokens: Int
  /// Host copy of `responses`.
  let starts: [Int]
  /// Each token's row weight on the host, for metrics: `weights` is `scale` times these.
  let rowWeights: [Float]
  let scale: Float

  init(
    _ rows: ArraySlice<RolloutRow>, scale: Float, network: any PolicyNetwork
  ) throws {
    let backend = network.backend
    inputs = try network.pack(rows.map { $0.prompt + $0.response.dropLast() })
    var predictors: [Int] = []
    var targets: [Int32] = []
    var advantages: [Float] = []
    var rowWeights: [Float] = []
    var responses = [0]
    for (i, row) in rows.enumerated() {
      let first = inputs.starts[i] + row.prompt.count - 1
      predictors += first..<(first + row.response.count)
      targets += row.response
      advantages += Array(repeating: row.advantage, count: row.response.count)
      rowWeights += Array(repeating: row.weight, count: row.response.count)
      responses.append(targets.count)
    }
    tokens = targets.count
    starts = responses
    self.scale = scale
    self.rowWeights = rowWeights
    self.predictors = try backend.indices(predictors)
    self.targets = try backend.indices(targets)
    self.advantages = try backend.tensor(advantages)
    self.weights = try backend.tensor(rowWeights.map { $0 * scale })
    self.responses = try backend.indices(responses)
  }
}
