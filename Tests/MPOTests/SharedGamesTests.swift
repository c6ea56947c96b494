import MPO
import TestSupport
import Testing

/// The games of `shared/data/games`.
@Suite struct SharedGamesTests {
  /// P + P^T = 1 within rounding, tighter than a game must be.
  func expectGame(_ game: PreferenceGame) {
    var worst = 0.0
    for a in 0..<game.count {
      for b in 0..<game.count { worst = max(worst, abs(game[a, b] + game[b, a] - 1)) }
    }
    #expect(worst < 1e-12)
  }

  @Test func soccer() throws {
    guard let path = SharedData.path("games/soccer.txt") else { return }
    let loaded = try GameSource.load(path)
    #expect(loaded.format == .matrix)
    let game = loaded.games[0].game
    #expect(game.count == 10)
    #expect(game[0, 1] == 0.43674757)
    expectGame(game)
    var policy = [Double](repeating: 0, count: 10)
    (policy[1], policy[8], policy[9]) = (0.521784, 0.330844, 0.147372)
    #expect(game.dualityGap(policy) < 1e-5)
  }

  @Test func random10() throws {
    guard let folder = SharedData.path("games/random10") else { return }
    for index in 0..<10 {
      let loaded = try GameSource.load("\(folder)/\(index).csv")
      #expect(loaded.games[0].name == "\(index)")
      #expect(loaded.games[0].game.count == 10)
      expectGame(loaded.games[0].game)
    }
    let first = try GameSource.load("\(folder)/0.csv").games[0].game
    #expect(first[0, 1] == 0.36303831267854569)
    #expect(first[1, 0] == 0.63696168732145431)
  }

  @Test(arguments: [
    (
      "full", 32, "chatgpt-4o-latest", "gemini-advanced-0514",
      "gemini-advanced-0514, gemini-1.5-pro-api-0409-preview, yi-large-preview"
    ),
    (
      "coding", 21, "chatgpt-4o-latest", "gemini-advanced-0514",
      "gemini-advanced-0514, yi-large-preview, deepseek-coder-v2"
    ),
  ])
  func arena(
    _ category: String, _ missing: Int, _ a: String, _ b: String, _ leftOut: String
  ) throws {
    guard let path = SharedData.path("games/arena/winrate_text_\(category).csv") else { return }
    let error = #expect(throws: GameError.self) { try GameSource.load(path) }
    #expect(
      error?.description
        == "\(path): no value for '\(a)' against '\(b)', one of \(missing) such pairs; fill it in, or "
        + "ask for a complete sub-game (--complete-subgame), which leaves players out")
    var options = GameSourceOptions()
    options.missing = .completeSubgame
    let loaded = try GameSource.load(path, options: options)
    let game = loaded.games[0].game
    #expect(game.count == 22)
    #expect(
      loaded.notes
        == ["3 of 25 players left out, so that every pair has a value: \(leftOut)"])
    #expect(game.names.first == "chatgpt-4o-latest")
    expectGame(game)
  }

  @Test func openAssistantJudgements() throws {
    guard let path = SharedData.path("games/qlora-pairwise/oa_pairs.csv") else { return }
    let loaded = try GameSource.load(path)
    #expect(loaded.format == .judgements)
    #expect(loaded.games.count == 892)
    #expect(
      loaded.notes == [
        "61 of 953 prompts incomplete and left out; prompt "
          + "\"0456dd34-6616-4e97-bd81-cbec0691cce1\" lacks '13b-guanaco' against 'gpt-3.5'",
        "1188 of 18732 pairs judged in one order only",
      ])
    for prompt in loaded.games {
      #expect(prompt.game.count == 7)
      expectGame(prompt.game)
      // Mean of two of 0, 1/2, 1.
      #expect(prompt.game.values.allSatisfy { ($0 * 4).rounded() == $0 * 4 })
    }
    let strict = try JudgedGames(path, options: .init(requireBothOrders: true))
    #expect((strict.games.count, strict.incomplete.count) == (317, 636))
    #expect(strict.oneOrderPairs == 0)
    var options = GameSourceOptions()
    options.pooled = true
    let pooled = try GameSource.load(path, options: options).games[0].game
    expectGame(pooled)
    // Worked out by another program, csv and dictionaries in Python.
    let gpt4 = try #require(pooled.names.firstIndex(of: "gpt-4"))
    #expect(abs(pooled[gpt4, 0] - 0.8825079030558483) < 1e-12)
    #expect(abs(pooled[1, 2] - 0.49) < 1e-12)
  }

  @Test func vicunaJudgements() throws {
    guard let path = SharedData.path("games/qlora-pairwise/vicuna_pairs.csv") else { return }
    let loaded = try GameSource.load(path)
    #expect(loaded.games.count == 80)
    #expect(loaded.games[0].game.count == 8)
    #expect(loaded.notes == ["13 of 2240 pairs judged in one order only"])
    for prompt in loaded.games { expectGame(prompt.game) }
    #expect(try JudgedGames(path, options: .init(requireBothOrders: true)).games.count == 69)
  }
}
