import Foundation
import MPO
import TestSupport
import Testing

/// Judges that cost: how much is asked, and that it is what was said before.
@Suite struct EvaluationCostTests {
  /// Asked a pair at a time, like a service.
  private final class PairJudge: MeteredSource {
    let name = "pairs"
    var asksByPair: Bool { true }
    var affordableResponses: Int { 1 }
    private(set) var asked = 0

    func questions(first: Int, second: Int) -> Int { 2 * first * second }

    func preferences(prompts: [String], responses: [[String]]) throws -> PreferenceTable {
      // Two responses, one pair, both orders.
      asked += 2 * prompts.count
      return try PreferenceTable(
        prompts: prompts.count, responses: 2,
        values: responses.flatMap { list -> [Float] in
          let p: Float = list[0] == list[1] ? 0.5 : (list[0] < list[1] ? 1 : 0)
          return [0.5, p, 1 - p, 0.5]
        })
    }
  }

  /// Response i meets response i: K questions, not K x K.
  @Test func pairs() throws {
    let judge = PairJudge()
    let policies = ["a", "b", "c"].enumerated().map { rank, name in
      Synthetic.policy(name, prompts: 40, responses: 3) { n, k in "\((n + k + rank) % 3)" }
    }
    let tournament = try Tournament(
      judge: judge, prompts: Synthetic.prompts(40), policies: policies)
    #expect(tournament.cost.comparisons == 3 * 40 * 3)
    #expect(tournament.cost.questions == 2 * 3 * 40 * 3)
    let report = try tournament.played()
    #expect(judge.asked == tournament.cost.questions)
    // Text 0 beats 1 and 2, 1 beats 2: of b = a + 1 mod 3, a wins two of three.
    #expect(abs(report.winRates[0][1].value - 2.0 / 3) < 1e-12)
    #expect(report.winRates[0][1].hasInterval)
  }

  /// With one prompt its pairs are what is resampled.
  @Test func pairsOfOnePrompt() throws {
    let policies = ["a", "b"].map { name in
      Synthetic.policy(name, prompts: 1, responses: 60) { _, k in
        (k % 4 == 0) == (name == "a") ? "1" : "0"
      }
    }
    let report = try Tournament(judge: PairJudge(), prompts: ["x"], policies: policies).played()
    let rate = report.winRates[0][1]
    #expect(abs(rate.value - 0.75) < 1e-12)
    // A share of 60 independent pairs: 1.96 sqrt(.75 .25 / 60) = .11 each way.
    #expect(abs(rate.high - rate.low - 0.22) < 0.05, "\(rate)")
  }

  /// A program is asked once for a prompt and a pair of policies; an error names the prompt.
  @Test func commands() throws {
    let folder = try TemporaryFolder()
    let script = try folder.write(
      """
      import json, sys
      for count, line in enumerate(sys.stdin):
          k = len(json.loads(line)["responses"])
          if count == 5: print("no", flush=True); continue
          print(json.dumps([[0.5] * k] * k), flush=True)
          print("asked", file=sys.stderr, flush=True)
      """, "judge.py")
    let judge = try CommandJudge(.init(command: ["python3", script], timeout: 60))
    let policies = Synthetic.named(["a", "b"], prompts: 8, responses: 3)
    let tournament = try Tournament(judge: judge, prompts: Synthetic.prompts(8), policies: policies)
    #expect(tournament.cost.questions == 8)
    #expect(tournament.cost.summary.contains("8 questions"))
    let error = #expect(throws: PreferenceError.self) { try tournament.played() }
    #expect(error?.description.contains("prompt 5") == true)
    let both = try CommandJudge(.init(command: ["true"], bothOrders: true))
    let twice = EvaluationCost(judge: both, policies: 4, prompts: 8, responses: 65)
    #expect(twice.questions == 6 * 8 * 2 * 2)
    var program = CommandJudge.Settings(command: ["true"])
    program.returns = .rewards
    let rewards = try CommandReward(program)
    #expect(
      EvaluationCost(judge: rewards, policies: 4, prompts: 8, responses: 65).questions == 4 * 8)
    #expect(
      EvaluationCost(judge: try CategoryJudgeTests.g2(), policies: 2, prompts: 1, responses: 1)
        .questions == nil)
  }
}

/// Rewards: asked for once for each response, however many policies it meets.
@Suite struct RewardEvaluationTests {
  private final class LengthReward: RewardSource {
    let name = "length"
    let temperature = 2.0
    private(set) var asked = 0

    func rewards(prompts: [String], responses: [[String]]) throws -> [[Double]] {
      asked += responses.reduce(0) { $0 + $1.count }
      return responses.map { $0.map { Double($0.count) } }
    }
  }

  @Test func once() throws {
    let judge = LengthReward()
    let policies = Synthetic.named(["x", "xxx", "xxxxx", "xx"], prompts: 5, responses: 3)
    let report = try Tournament(
      judge: judge, prompts: Synthetic.prompts(5), policies: policies
    ).played()
    #expect(judge.asked == 4 * 5 * 3)
    for a in 0..<4 {
      for b in 0..<4 where a != b {
        let difference = Double(policies[a].name.count - policies[b].name.count)
        #expect(abs(report.winRates[a][b].value - 1 / (1 + exp(-difference / 2))) < 1e-6)
      }
    }
    #expect(report.policies[2].nashShare.value == 1)
  }
}
