import Foundation
import MPO
import Testing

@Suite struct PairLabellerTests {
  /// a beats b with .75, everything beats c.
  private func judge() throws -> CategoryJudge {
    try CategoryJudge(
      categories: [("a", "^a"), ("b", "^b"), ("c", "")].map {
        try CategoryJudge.Category(name: $0.0, pattern: $0.1)
      }, matrix: [[0.5, 0.75, 1], [0.25, 0.5, 1], [0, 0, 0.5]])
  }

  @Test func pairsNeighboursAndLeavesEqualTextsOut() throws {
    let pairs = try PairLabeller(judge: judge(), labels: .soft).pairs(
      prompts: ["p", "q"], responses: [["b", "a1", "a", "a", "c"], ["a", "c"]])
    #expect(
      pairs == [
        .init(prompt: "p", chosen: "a1", rejected: "b", preference: 0.75),
        .init(prompt: "q", chosen: "a", rejected: "c", preference: 1),
      ])
    #expect(
      pairs[0].json(soft: true)
        == #"{"prompt": "p", "chosen": "a1", "rejected": "b", "preference": 0.75}"#)
    #expect(pairs[0].json(soft: false).contains("preference") == false)
  }

  /// More pairs than the judge gets at once; the share of votes is P.
  @Test func votesAreDrawnWithTheirProbability() throws {
    let responses = Array(repeating: ["a", "b"], count: 2000).flatMap { $0 }
    func wins(_ labels: PairLabeller.Labels, seed: UInt64 = 0) throws -> [Bool] {
      try PairLabeller(judge: judge(), labels: labels, seed: seed)
        .pairs(prompts: ["p"], responses: [responses]).map { $0.chosen == "a" }
    }
    let votes = try wins(.sampled)
    #expect(votes.count == 2000)
    // Four standard deviations of a share of 2000 votes are .039.
    #expect(abs(Double(votes.count { $0 }) / 2000 - 0.75) < 0.039)
    #expect(try votes == wins(.sampled))
    #expect(try votes != wins(.sampled, seed: 1))
    #expect(try wins(.majority).allSatisfy { $0 })
  }
}
