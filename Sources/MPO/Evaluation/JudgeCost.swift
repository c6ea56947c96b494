/// A judge whose answers cost time or money: a program, a service.
public protocol MeteredSource: PreferenceSource {
  /// Questions asked to compare K responses with L to one prompt.
  func questions(first: Int, second: Int) -> Int
  /// Responses to each prompt unless the user asks for another number.
  var affordableResponses: Int { get }
  /// One question is one pair, so that K x K pairs cost K times K: an evaluation then asks of
  /// response i only against response i of the other policy.
  var asksByPair: Bool { get }
}

extension MeteredSource {
  public var asksByPair: Bool { false }
}

/// One line to the program holds all responses to a prompt, so a question is a prompt (two with
/// `both_orders`); a program that asks a model for each of their pairs has (K + L)^2 of them.
extension CommandJudge: MeteredSource {
  public func questions(first: Int, second: Int) -> Int { settings.bothOrders ? 2 : 1 }
  public var affordableResponses: Int { 4 }
}

/// Rewards: a line to the program for each prompt and policy.
extension CommandReward: MeteredSource {
  public func questions(first: Int, second: Int) -> Int { 1 }
  public var affordableResponses: Int { 8 }
}

/// Every pair in both orders. What the cache answers costs nothing, equal texts are not asked about.
extension HTTPJudge: MeteredSource {
  public func questions(first: Int, second: Int) -> Int { 2 * first * second }
  public var affordableResponses: Int { 1 }
  public var asksByPair: Bool { true }
}

extension PreferenceSource {
  /// Whether response i meets only response i.
  var meetsInPairs: Bool { (self as? any MeteredSource)?.asksByPair ?? false }
}

/// What an evaluation will ask of its judge.
public struct EvaluationCost: Sendable, Equatable {
  /// Pairs of policies.
  public let pairings: Int
  /// Pairs of responses that meet.
  public let comparisons: Int
  /// Questions to a judge that costs, at most; nil for another.
  public let questions: Int?

  /// - Parameters:
  ///   - prompts: N
  ///   - responses: K of each policy to each prompt
  public init(judge: any PreferenceSource, policies: Int, prompts: Int, responses: Int) {
    let pairings = policies * (policies - 1) / 2
    self.pairings = pairings
    let metered = judge as? any MeteredSource
    let isReward = judge is any RewardSource
    let inPairs = !isReward && metered?.asksByPair ?? false
    let blocks = inPairs ? [Int](repeating: 1, count: responses) : Self.blocks(responses)
    comparisons = pairings * prompts * blocks.reduce(0) { $0 + $1 * $1 }
    questions = metered.map { metered in
      // Rewards are asked for once for each response.
      isReward
        ? (policies > 1 ? policies * prompts * metered.questions(first: responses, second: 0) : 0)
        : pairings * prompts * blocks.reduce(0) { $0 + metered.questions(first: $1, second: $1) }
    }
  }

  /// The sizes of the blocks in which K responses meet.
  private static func blocks(_ responses: Int) -> [Int] {
    stride(from: 0, to: responses, by: PairTally.block).map {
      min(PairTally.block, responses - $0)
    }
  }

  /// `3 pairs of policies, 768 pairs of responses; 192 questions to the judge`; empty for one policy.
  public var summary: String {
    guard pairings > 0 else { return "" }
    let asked = questions.map { "; \(Self.count($0, "question")) to the judge" } ?? ""
    return "\(Self.count(pairings, "pair")) of policies, "
      + "\(Self.count(comparisons, "pair")) of responses\(asked)"
  }

  /// `1 pair`, `2 pairs`.
  package static func count(_ number: Int, _ word: String) -> String {
    "\(number) \(word)\(number == 1 ? "" : "s")"
  }
}
