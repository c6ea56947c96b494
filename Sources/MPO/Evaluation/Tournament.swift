/// All pairs of policies before one judge: win rates with intervals, the game between the policies,
/// ratings, length-controlled win rates.
///
/// It knows texts only. Policies are worked through in the order of their names, and the judge is asked
/// with the earlier name first, so the results depend neither on the order given nor, pair by pair, on
/// which others take part. A policy does not meet itself: the diagonal is 1/2.
public struct Tournament {
  public let judge: any PreferenceSource
  /// As the judge gets them, N.
  public let prompts: [String]
  public let policies: [PolicySamples]
  /// Of the bootstrap.
  public var seed: UInt64 = 0
  /// Resamples of every interval. Default: 2,000.
  public var resamples = 2000
  /// Prompts shown side by side in the report, each with the first response of every policy.
  public var shown = 0
  /// Measures the mean of the policies' class shares, as the average iterate of a run.
  public var averages = false

  /// - Throws: `EvaluationError` for no policies, two of one name, or responses that do not fit: N lists
  ///   of K >= 1 of every policy.
  public init(
    judge: any PreferenceSource, prompts: [String], policies: [PolicySamples]
  ) throws {
    guard let first = policies.first else {
      throw EvaluationError.policies("no policies to evaluate")
    }
    guard !prompts.isEmpty else {
      throw EvaluationError.policies("no prompts to evaluate policies on")
    }
    var names: Set<String> = []
    let k = first.responses.first?.count ?? 0
    for policy in policies {
      guard names.insert(policy.name).inserted else {
        throw EvaluationError.policies("two policies are named '\(policy.name)'")
      }
      guard policy.responses.count == prompts.count else {
        throw EvaluationError.responses(
          policy: policy.name,
          "responses to \(policy.responses.count) prompts, expected \(prompts.count)")
      }
      for (n, list) in policy.responses.enumerated() where list.count != k || k == 0 {
        throw EvaluationError.responses(
          policy: policy.name,
          "\(list.count) responses to prompt \(n + 1), expected \(max(1, k)) as for the others")
      }
    }
    self.judge = judge
    self.prompts = prompts
    self.policies = policies
  }

  /// What the judge will be asked.
  public var cost: EvaluationCost {
    EvaluationCost(
      judge: judge, policies: policies.count, prompts: prompts.count, responses: responses)
  }

  /// K
  private var responses: Int { policies.first?.responses.first?.count ?? 0 }

  /// - Parameters:
  ///   - progress: after every answer of the judge, with the pairs of responses that have met.
  ///   - stopRequested: asked at the same times.
  /// - Throws: what the judge throws; `EvaluationError.judge` for an average without classes;
  ///   `EvaluationError.stopped`.
  public func play(
    progress: (Int) -> Void = { _ in }, stopRequested: () -> Bool = { false }
  ) throws -> TournamentReport {
    let order = policies.indices.sorted { policies[$0].name < policies[$1].name }
    let sorted = order.map { policies[$0] }
    let classes = try ClassTable(judge, sorted)
    let rewards = try RewardTable(judge, prompts, sorted)
    guard !averages || classes != nil else {
      throw EvaluationError.judge(
        "averaged shares need a judge with classes (type categories); this one is \(judge.name)")
    }
    var meetings = Meetings(self, sorted, classes, rewards)
    for a in sorted.indices {
      for b in sorted.indices where b > a {
        try meetings.play(a, b, progress: progress, stopRequested: stopRequested)
      }
    }
    return try TournamentReport(self, sorted, order: order, classes: classes, meetings: meetings)
  }

  var resampling: Resampling {
    Resampling(
      units: unit == .prompts ? prompts.count : responses, resamples: resamples, seed: seed)
  }

  /// With one prompt its responses are resampled.
  var unit: ResampledUnit { prompts.count > 1 ? .prompts : .responses }
}

/// Every response's reward, asked for once however many pairs it meets in, for a judge by rewards.
struct RewardTable {
  private let temperature: Double
  /// (n, N, K)
  private let rewards: [[[Double]]]

  /// Nil for another judge.
  /// - Throws: `PreferenceError`.
  init?(_ judge: any PreferenceSource, _ prompts: [String], _ policies: [PolicySamples]) throws {
    guard policies.count > 1, let judge = judge as? any RewardSource else { return nil }
    temperature = judge.temperature
    rewards = try policies.map { policy in
      try judge.rewards(prompts: prompts, responses: policy.responses)
    }
  }

  /// P(response i of a over response j of b) to prompt n.
  func preference(_ n: Int, _ a: Int, _ i: Int, over b: Int, _ j: Int) -> Float {
    Float(bradleyTerry((rewards[a][n][i] - rewards[b][n][j]) / temperature))
  }
}

/// Every policy's responses by class, once, for a judge that has classes.
struct ClassTable {
  let game: PreferenceGame
  /// (n, N, K)
  let classes: [[[Int]]]

  /// Nil for another judge.
  /// - Throws: `PreferenceError.unclassified`.
  init?(_ judge: any PreferenceSource, _ policies: [PolicySamples]) throws {
    guard let judge = judge as? CategoryJudge else { return nil }
    game = judge.game
    classes = try policies.map { try $0.responses.map { try $0.map(judge.classify) } }
  }

  /// Class shares over all prompts, and the duality gap of playing them.
  func shares(_ policy: Int) -> ClassShares { named(game.shares(classes[policy].flatMap { $0 })) }

  /// The mean of all policies' shares: what their uniform mixture plays.
  var averageShares: ClassShares {
    let each = classes.map { game.shares($0.flatMap { $0 }) }
    return named(
      game.names.indices.map { c in each.reduce(0) { $0 + $1[c] } / Double(max(1, each.count)) })
  }

  private func named(_ shares: [Double]) -> ClassShares {
    ClassShares(
      shares: Array(zip(game.names, shares)).map { (name: $0, share: $1) },
      gap: game.dualityGap(shares))
  }
}
