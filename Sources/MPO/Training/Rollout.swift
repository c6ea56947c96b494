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
  /// Which prompt of the rollout it answers: rows of one group are compared with each other.
  public var group: Int
  /// `log pi_k(y_t)` as it was drawn, one for each token; empty where nobody kept them, and then they
  /// are computed when an algorithm needs them.
  public var logProbs: [Float]
  /// Tokens that the policy reads to predict the response.
  var inputs: Int { max(0, prompt.count + response.count - 1) }

  public init(
    prompt: [Int32], response: [Int32], advantage: Float, weight: Float = 1, group: Int = 0,
    logProbs: [Float] = []
  ) {
    self.prompt = prompt
    self.response = response
    self.advantage = advantage
    self.weight = weight
    self.group = group
    self.logProbs = logProbs
  }
}

/// A judged rollout: the responses to N prompts, one prompt's behind another's, and what is known of
/// each prompt's.
public struct Rollout: Sendable, Equatable {
  /// K rows for each group, in order; `RolloutRow.group` says which.
  public var rows: [RolloutRow]
  public var groups: [Group]

  /// The judgement of one prompt's K responses.
  public struct Group: Sendable, Equatable {
    /// P(y_i > y_j), (K, K) row-major.
    public var preferences: [Double]
    /// P(y_i > opponent), (K), where the opponent is not the policy.
    public var winRates: [Double]?
    /// (K), of a judge that has them.
    public var rewards: [Double]?

    public init(preferences: [Double], winRates: [Double]? = nil, rewards: [Double]? = nil) {
      self.preferences = preferences
      self.winRates = winRates
      self.rewards = rewards
    }
  }

  public init(rows: [RolloutRow], groups: [Group]) {
    self.rows = rows
    self.groups = groups
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
  var advantages: Tensor
  let weights: Tensor
  /// First token of every response among the M, and M last.
  let responses: Tensor
  let tokens: Int
  /// Responses.
  var rowCount: Int { starts.count - 1 }
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
