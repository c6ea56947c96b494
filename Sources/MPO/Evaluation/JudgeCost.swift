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
  /// Questions to a judge that costs; nil for another.
  public let questions: Int?

  /// - Parameters:
  ///   - prompts: N
  ///   - responses: K of each policy to each prompt
  public init(judge: any PreferenceSource, policies: Int, prompts: Int, responses: Int) {
    pairings = policies * (policies - 1) / 2
    let metered = judge as? any MeteredSource
    let inPairs = metered?.asksByPair ?? false
    let size = inPairs ? 1 : PairTally.block
    var met = 0
    var asked = 0
    for start in stride(from: 0, to: responses, by: size) {
      let part = min(size, responses - start)
      met += part * part
      asked += metered?.questions(first: part, second: part) ?? 0
    }
    comparisons = pairings * prompts * met
    questions = metered == nil ? nil : pairings * prompts * asked
  }

  /// `3 pairs of policies, 768 pairs of responses; 192 questions to the judge`.
  public var summary: String {
    let asked = questions.map { "; \($0) questions to the judge" } ?? ""
    return "\(pairings) pairs of policies, \(comparisons) pairs of responses\(asked)"
  }
}
