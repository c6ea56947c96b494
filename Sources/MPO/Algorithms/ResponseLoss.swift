/// The responses to one prompt as a loss on whole responses sees them. K responses; all
/// log-probabilities are of whole responses, in nats.
public struct ResponseGroup: Sendable, Equatable {
  /// log pi(y), (K): the policy that is trained.
  public var policy: [Double]
  /// log pi_k(y), (K): the policy that generated, or stood at the beginning of the step.
  public var old: [Double]
  /// log mu(y), (K): the reference.
  public var reference: [Double]
  /// P(y_i > y_j), (K, K) row-major.
  public var preferences: [Double]
  /// Tokens, (K).
  public var lengths: [Int]
  /// P(y_i > the opponent), (K), where the opponent is not the policy; nil in self-play.
  public var winRates: [Double]?
  /// Scalar rewards, (K), of a judge that has them.
  public var rewards: [Double]?

  /// - Precondition: the arrays have K elements, preferences K * K.
  public init(
    policy: [Double], old: [Double], reference: [Double], preferences: [Double],
    lengths: [Int]? = nil, winRates: [Double]? = nil, rewards: [Double]? = nil
  ) {
    let k = policy.count
    precondition(old.count == k && reference.count == k && preferences.count == k * k)
    precondition([lengths?.count, winRates?.count, rewards?.count].allSatisfy { $0 ?? k == k })
    self.policy = policy
    self.old = old
    self.reference = reference
    self.preferences = preferences
    self.lengths = lengths ?? Array(repeating: 1, count: k)
    self.winRates = winRates
    self.rewards = rewards
  }

  public var count: Int { policy.count }

  /// P(y_i > y_j).
  public func preference(_ i: Int, _ j: Int) -> Double { preferences[i * count + j] }

  /// Mean preference of each response over its opponents; 1/2 for one without any.
  public var meanPreferences: [Double] {
    if let winRates { return winRates }
    guard count > 1 else { return Array(repeating: 0.5, count: count) }
    return (0..<count).map { i in
      let sum = (0..<count).reduce(0.0) { $1 == i ? $0 : $0 + preference(i, $1) }
      return sum / Double(count - 1)
    }
  }
}

/// A loss of one prompt's responses and its derivative with respect to `log pi(y_i)`, (K).
public struct ResponseLossValue: Sendable, Equatable {
  public var loss: Double
  public var gradient: [Double]
  public init(loss: Double, gradient: [Double]) {
    self.loss = loss
    self.gradient = gradient
  }
}

/// A loss that knows whole responses only. The learner gets log-probabilities from the model, asks for
/// the derivative, and carries it on into the weights; nothing else is needed of an algorithm.
public protocol ResponseLoss: Sendable {
  /// The implicit reward of a response is this times `log pi/mu`, for metrics. 1 where a source names
  /// none.
  var rewardScale: Double { get }
  /// Loss and derivative for the responses to one prompt.
  func value(_ group: ResponseGroup) -> ResponseLossValue
}

/// Differences between a pair's first and second response.
public struct PairRatios: Sendable, Equatable {
  /// log pi(y) - log pi(y')
  public var policy: Double
  /// log pi_k(y) - log pi_k(y')
  public var old: Double
  /// log mu(y) - log mu(y')
  public var reference: Double
  /// P(y > y')
  public var preference: Double
  /// h(y, y')
  public var margin: Double { policy - reference }

  public init(policy: Double, old: Double, reference: Double, preference: Double) {
    self.policy = policy
    self.old = old
    self.reference = reference
    self.preference = preference
  }
}

/// A loss of pairs: the mean over all K (K - 1) / 2 pairs of a prompt's responses.
///
/// A source that has K = 2 and draws which of the two is preferred has this loss' expectation over that
/// draw: with the preference itself as label the estimate has less variance and the same gradient on
/// average. A judge whose answers are 0 and 1 gives plain labels.
public protocol PairLoss: ResponseLoss {
  /// Loss of one pair, and its derivative with respect to `log pi(y) - log pi(y')`.
  func pair(_ ratios: PairRatios) -> (loss: Double, slope: Double)
}

extension PairLoss {
  public func value(_ group: ResponseGroup) -> ResponseLossValue { meanOverPairs(group) }

  func meanOverPairs(_ group: ResponseGroup) -> ResponseLossValue {
    let k = group.count
    var value = ResponseLossValue(loss: 0, gradient: Array(repeating: 0, count: k))
    guard k > 1 else { return value }
    let share = 1 / Double(k * (k - 1) / 2)
    for i in 0..<k {
      for j in (i + 1)..<k {
        let (loss, slope) = pair(
          PairRatios(
            policy: group.policy[i] - group.policy[j], old: group.old[i] - group.old[j],
            reference: group.reference[i] - group.reference[j],
            preference: group.preference(i, j)))
        value.loss += share * loss
        value.gradient[i] += share * slope
        value.gradient[j] -= share * slope
      }
    }
    return value
  }
}
