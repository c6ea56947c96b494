import MPO
import Testing

@Suite struct CategoryJudgeTests {
  static func g2() throws -> CategoryJudge {
    try CategoryJudge(
      categories: [
        .init(name: "girl", pattern: #"\bgirl\b"#), .init(name: "boy", pattern: #"\bboy\b"#),
        .init(name: "other", pattern: ""),
      ],
      matrix: [[0.5, 0, 1], [1, 0.5, 0.333333333], [0, 0.666666667, 0.5]])
  }

  @Test(arguments: [
    (" little girl named Lily.", 0), (" boy and a girl", 0), (" boy.", 1), ("", 2), ("girls", 2),
    ("girl's toy", 0), ("cowboy", 2), ("the\ngirl\n", 0), ("Girl", 2),
    ("na\u{EF}ve boy\u{1F600}", 1),
  ])
  func classifies(_ response: String, _ expected: Int) throws {
    #expect(try Self.g2().classify(response) == expected)
  }

  @Test func playsTheGame() throws {
    let table = try Self.g2().preferences(
      prompts: ["x"], responses: [["a girl", "a boy", "a dog"]])
    #expect(table[0, 0, 1] == 0)
    #expect(table[0, 0, 2] == 1)
    #expect(abs(table[0, 1, 2] - 1.0 / 3) < 1e-6)
    #expect(table[0, 1, 1] == 0.5)
    let compared = try Self.g2().compare(
      prompts: ["x"], first: [["a girl", "a dog"]], second: [["a boy"]])
    #expect(compared.values[0] == 0)
    #expect(abs(compared.values[1] - 2.0 / 3) < 1e-6)
  }

  @Test func unmatchedResponseIsQuoted() throws {
    let judge = try CategoryJudge(
      categories: [.init(name: "yes", pattern: "yes")], matrix: [[0.5]])
    let error = #expect(throws: PreferenceError.self) { try judge.classify("no\nway") }
    #expect(error?.description.contains(#""no\nway""#) == true)
    #expect(error?.description.contains("yes") == true)
  }

  @Test func invalidPatternNamesItsCategory() {
    let error = #expect(throws: PreferenceError.self) {
      try CategoryJudge.Category(name: "bad", pattern: "(unclosed")
    }
    #expect(error?.description.contains("category bad") == true)
  }

  @Test func catchAllMustBeLast() {
    #expect(throws: PreferenceError.self) {
      try CategoryJudge(
        categories: [.init(name: "all", pattern: ""), .init(name: "b", pattern: "b")],
        matrix: [[0.5, 0.5], [0.5, 0.5]])
    }
    #expect(throws: PreferenceError.self) {
      try CategoryJudge(
        categories: [.init(name: "a", pattern: "a"), .init(name: "a", pattern: "")],
        matrix: [[0.5, 0.5], [0.5, 0.5]])
    }
  }
}
