/// How the judgement of a response becomes the advantages of its tokens. `lambda_t` is
/// `log pi_k(y_t) - log mu(y_t)`, taken as the response was drawn; it does not change with the inner
/// steps.
public enum AdvantageEstimator: Sendable, Equatable {
  /// A at every token, `A = r - 1/2`: MPO.
  case response
  /// The same less later KLs, `A - sum_{u > t} (alpha KL_u(pi || mu) + KL_u(pi || pi_k) / eta)`, with
  /// the loss' own weights: the score-function term of the KL of whole responses.
  case klToGo
  /// MPO-RT: reward `r` at the last token and `-alpha lambda_t` at each, summed from t on,
  /// `A - alpha (L_t - b_t)`, `L_t = sum_{u >= t} lambda_u`; the baseline b_t is the mean of L_t over
  /// the prompt's other responses that reach t (0 without any).
  case rewardTransformed(alpha: Double)
  /// A less `beta` times the log-ratios that the penalty counts: Nash-MD.
  case penalized(beta: Double, penalty: PenaltyReduction)

  /// Whether it needs log-probabilities under policy and reference before the first inner step.
  var needsLogRatios: Bool {
    switch self {
    case .response, .klToGo: return false
    case .rewardTransformed, .penalized: return true
    }
  }

  /// Advantages of one prompt's responses.
  /// - Parameters:
  ///   - advantages: A, (K).
  ///   - logRatios: lambda, K lists of as many values as the response has tokens.
  /// - Returns: K lists of as many values. `klToGo` is added on the device, in the loss.
  public func tokens(advantages: [Double], logRatios: [[Double]]) -> [[Double]] {
    switch self {
    case .response, .klToGo:
      return zip(advantages, logRatios).map { Array(repeating: $0, count: $1.count) }
    case .rewardTransformed(let alpha):
      let toGo = logRatios.map(Self.sumsFromEach)
      return toGo.indices.map { i in
        toGo[i].indices.map { t in
          let others = toGo.indices.filter { $0 != i && toGo[$0].count > t }.map { toGo[$0][t] }
          let baseline = others.isEmpty ? 0 : others.reduce(0, +) / Double(others.count)
          return advantages[i] - alpha * (toGo[i][t] - baseline)
        }
      }
    case .penalized(let beta, let penalty):
      return zip(advantages, logRatios).map { advantage, ratios in
        penalty.reduce(ratios).map { advantage - beta * $0 }
      }
    }
  }

  static func sumsFromEach(_ values: [Double]) -> [Double] {
    var sums = values
    for t in sums.indices.dropLast().reversed() { sums[t] += sums[t + 1] }
    return sums
  }
}

/// Which tokens' log-ratios are taken off the advantage of token t.
public enum PenaltyReduction: String, Sendable, CaseIterable {
  /// All of the response's: the gradient of its KL as the papers write it. Unbiased.
  case sequence
  /// Those from t on: the same gradient on average with less variance, for a token does not change
  /// what came before it.
  case toGo = "to-go"
  /// Its own: TRL's Nash-MD. Leaves out what a token does to later ones.
  case token

  func reduce(_ ratios: [Double]) -> [Double] {
    switch self {
    case .sequence: return Array(repeating: ratios.reduce(0, +), count: ratios.count)
    case .toGo: return AdvantageEstimator.sumsFromEach(ratios)
    case .token: return ratios
    }
  }
}
