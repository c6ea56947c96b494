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

@Suite struct PreferenceGameTests {
  static let g1 = [[0.5, 0.1, 0.8], [0.9, 0.5, 0.1], [0.2, 0.9, 0.5]]
  static let names = ["a", "b", "c"]

  @Test func gapIsZeroAtTheEquilibriumOnly() throws {
    let game = try PreferenceGame(names: Self.names, matrix: Self.g1)
    #expect(game.dualityGap([4.0 / 11, 3.0 / 11, 4.0 / 11]) < 1e-12)
    #expect(abs(game.dualityGap([1, 0, 0]) - 0.8) < 1e-12)
    let g2 = try PreferenceGame(
      names: Self.names, matrix: [[0.5, 0, 1], [1, 0.5, 1.0 / 3], [0, 2.0 / 3, 0.5]])
    #expect(g2.dualityGap([1.0 / 7, 3.0 / 7, 3.0 / 7]) < 1e-12)
  }

  /// The regularised equilibrium of G2 with a uniform magnet, algorithm.md section 2.
  @Test func regularisedGapIsZeroAtItsEquilibrium() throws {
    let game = try PreferenceGame(
      names: Self.names, matrix: [[0.5, 0, 1], [1, 0.5, 1.0 / 3], [0, 2.0 / 3, 0.5]])
    let uniform = [Double](repeating: 1.0 / 3, count: 3)
    let gap = game.regularisedGap([0.173478, 0.486303, 0.340219], magnet: uniform, alpha: 0.1)
    #expect(abs(gap) < 1e-9)
    #expect(game.regularisedGap(uniform, magnet: uniform, alpha: 0.1) > 1e-3)
    #expect(game.regularisedGap([1, 0, 0], magnet: [0, 0.5, 0.5], alpha: 0.1) == .infinity)
    #expect(game.regularisedGap([0.2, 0.4, 0.4], magnet: uniform, alpha: 1e-4).isFinite)
  }

  @Test func shares() throws {
    let game = try PreferenceGame(names: Self.names, matrix: Self.g1)
    #expect(game.shares([0, 0, 2, 1]) == [0.5, 0.25, 0.25])
    #expect(game.shares([]) == [Double](repeating: 1.0 / 3, count: 3))
  }

  @Test(arguments: [
    ([[0.5, 0.1], [0.8, 0.5]], "0.8"), ([[0.5, 1.2], [-0.2, 0.5]], "1.2"), ([[0.5, 1]], "rows"),
    ([[0.5, 1], [0]], "values"), ([[0.4, 1], [0, 0.5]], "ties"),
    ([[0.5, .nan], [0, 0.5]], "nan"),
  ])
  func refusesAndNamesTheCell(_ matrix: [[Double]], _ text: String) {
    let error = #expect(throws: PreferenceError.self) {
      try PreferenceGame(names: ["a", "b"], matrix: matrix)
    }
    #expect(error?.description.contains(text) == true, "\(String(describing: error))")
  }

  @Test func namesTheWorstCell() {
    let error = #expect(throws: PreferenceError.self) {
      try PreferenceGame(
        names: Self.names, matrix: [[0.5, 0.11, 0.8], [0.9, 0.5, 0.1], [0.2, 0.7, 0.5]])
    }
    #expect(error?.description.contains("P(b over c)") == true)
  }
}
