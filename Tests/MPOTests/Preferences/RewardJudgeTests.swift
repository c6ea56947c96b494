import Foundation
import MPO
import MPOBackend
import TestSupport
import Testing

@Suite struct RewardJudgeTests {
  static func source(_ yaml: String) throws -> any PreferenceSource {
    try JudgeConfiguration(yaml: yaml, file: "judge.yaml").makeSource(on: CPUBackend())
  }

  @Test func sumsWeightedRulesAndFollowsBradleyTerry() throws {
    let judge = try #require(
      try Self.source(
        """
        type: reward
        functions:
          - {rule: length, target: 3}
          - {rule: regex, pattern: '!', avoid: true, name: calm}
          - {rule: words, words: {sun: 2}}
        reward_weights: [1, 2, -0.5]
        temperature: 2
        """) as? RewardJudge)
    let responses = [["a b c", "a!", "sun sun sun"]]
    let rewards = try judge.rewards(prompts: ["x"], responses: responses)
    #expect(rewards == [[0, -4, -3]])
    #expect(judge.name == "reward (length, calm, words)")
    #expect(!judge.overlapsGeneration)
    let table = try judge.preferences(prompts: ["x"], responses: responses)
    #expect(abs(Double(table[0, 0, 1]) - 1 / (1 + exp(-2.0))) < 1e-6)
    #expect(abs(Double(table[0, 1, 2]) - 1 / (1 + exp(0.5))) < 1e-6)
    let compared = try judge.compare(prompts: ["x"], first: [["a b c"]], second: [["a!", "a b c"]])
    #expect(compared.values == [table[0, 0, 1], 0.5])
  }

  @Test func commandsGiveRewards() throws {
    let judge = try #require(
      try Self.source(
        """
        type: command
        command: "while read -r l; do echo '{\\"rewards\\": [1, -2.5]}'; done"
        returns: rewards
        temperature: 0.5
        """) as? any RewardSource)
    #expect(
      try judge.rewards(prompts: ["x", "y"], responses: [["a", "b"], ["c", "d"]])
        == [[1, -2.5], [1, -2.5]])
    #expect(judge.overlapsGeneration)
    let table = try judge.preferences(prompts: ["x"], responses: [["a", "b"]])
    #expect(abs(Double(table[0, 0, 1]) - 1 / (1 + exp(-7.0))) < 1e-6)
  }

  @Test func functionsMayBeCommands() throws {
    let judge = try #require(
      try Self.source(
        """
        type: reward
        functions:
          - {rule: length, target: 1}
          - {type: command, name: mine, command: "while read -r l; do echo '[1, 2]'; done"}
        reward_weights: [1, 10]
        """) as? RewardJudge)
    #expect(judge.overlapsGeneration)
    #expect(judge.functions.map(\.name) == ["length", "mine"])
    #expect(try judge.rewards(prompts: ["x"], responses: [["a", "b c"]]) == [[10, 19]])
  }

  @Test(arguments: [
    ("nonsense", "expected one line"), ("{}", "'rewards'"), ("[1]", "expected 2 rewards"),
    ("[1, 2, 3]", "found 3"), ("[1, NaN]", "numbers only"), ("{\"rewards\": [1, null]}", "numbers"),
    ("{\"rewards\": [1, \"2\"]}", "numbers only"), ("[[1, 2]]", "numbers only"),
    ("{\"error\": \"model is down\"}", "model is down"), ("[1, 1e999]", "numbers only"),
    ("{\"preferences\": [[0.5, 1], [0, 0.5]]}", "'rewards'"),
  ])
  func malformedRewardsAreQuoted(_ answer: String, _ text: String) throws {
    var settings = CommandJudge.Settings(shell: "while read -r l; do echo '\(answer)'; done")
    settings.returns = .rewards
    let judge = try CommandReward(settings)
    let error = #expect(throws: PreferenceError.self) {
      try judge.preferences(prompts: ["p"], responses: [["a", "b"]])
    }
    guard case .commandAnswer = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(error?.description.contains(text) == true, "\(error?.description ?? "-")")
  }

  /// A source of one's own that does not keep its word.
  struct Broken: RewardSource {
    var values: [[Double]]
    var name: String { "broken" }
    func rewards(prompts: [String], responses: [[String]]) throws -> [[Double]] { values }
  }

  @Test func rewardsAreChecked() throws {
    for (values, text) in [
      ([[1, .nan]], "prompt 0, the reward of response 1 is nan"), ([[.infinity, 1]], "response 0"),
      ([[1]], "1 x 2 rewards"), ([], "1 x 2 rewards"),
    ] as [([[Double]], String)] {
      let sum = try RewardJudge([.init(name: "f", source: Broken(values: values))])
      for source in [Broken(values: values), sum] as [any RewardSource] {
        let error = #expect(throws: PreferenceError.self) {
          try source.preferences(prompts: ["p"], responses: [["a", "b"]])
        }
        #expect(error?.description.contains(text) == true, "\(error?.description ?? "-")")
      }
    }
    // Differences beyond the range of Double are certain, not NaN.
    let far = Broken(values: [[1e308, -1e308]])
    let table = try far.preferences(prompts: ["p"], responses: [["a", "b"]])
    #expect(table.values == [0.5, 1, 0, 0.5])
  }

  @Test func keptAnswersAreNotAskedForAgain() throws {
    let folder = try TemporaryFolder()
    func ask(_ returns: CommandJudge.Returns, _ answer: String, _ response: String) throws {
      var settings = CommandJudge.Settings(
        shell: "while read -r l; do echo asked >>'\(folder.file("log"))'; echo '\(answer)'; done")
      settings.returns = returns
      settings.cache = folder.file("kept")
      let source: any PreferenceSource =
        returns == .rewards ? try CommandReward(settings) : try CommandJudge(settings)
      for _ in 0..<2 {
        _ = try source.preferences(prompts: ["p"], responses: [["a", response]])
      }
    }
    func asked() throws -> Int {
      try String(contentsOfFile: folder.file("log"), encoding: .utf8).split(separator: "\n").count
    }
    try ask(.preferences, "[[0.5, 1], [0, 0.5]]", "b")
    #expect(try asked() == 1)
    try ask(.preferences, "[[0.5, 1], [0, 0.5]]", "c")
    #expect(try asked() == 2)
    try ask(.rewards, "[1, 2]", "b")
    #expect(try asked() == 3)
    // Answers that were refused are not kept.
    #expect(throws: PreferenceError.self) { try ask(.rewards, "[1]", "b") }
    #expect(throws: PreferenceError.self) { try ask(.rewards, "[1]", "b") }
    #expect(try asked() == 5)
  }
}
