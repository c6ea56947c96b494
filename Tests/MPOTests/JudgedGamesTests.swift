import Foundation
import MPO
import TestSupport
import Testing

@Suite struct JudgedGamesTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func read(_ text: String, requireBothOrders: Bool = false) throws -> JudgedGames {
    try JudgedGames(
      folder.write(text, "j.csv"), options: .init(requireBothOrders: requireBothOrders))
  }

  /// By hand. p: a-b first order 1 and 1/2 (mean 3/4), reverse 1 (so 0 for a): 3/8. a-c in one
  /// order only, a tie: 1/2. b-c: 1 and, reverse, 0 for c: 1. q: only a-b, a wins in one order.
  static let text = """
    # judged by hand
    score,second,note,First,prompt
    1,b,"twice, first",a,p
    3,b,,a,p
    1,a,,b,p
    3,c,,a,p
    1,c,,b,p
    2,b,,c,p
    1.0,b,"on
    two lines",a,#q
    """

  @Test func averagesRepeatsThenOrders() throws {
    let judged = try read(Self.text)
    #expect(judged.players == ["a", "b", "c"])
    #expect(judged.games.map(\.name) == ["p"])
    #expect(
      judged.games[0].game.rows == [[0.5, 0.375, 0.5], [0.625, 0.5, 1], [0.5, 0, 0.5]])
    #expect(judged.oneOrderPairs == 1)
    #expect(judged.incomplete.map(\.prompt) == ["#q"])
    #expect(judged.incomplete[0].missingCount == 2)
    #expect(judged.incomplete[0].missing == [PlayerPair("a", "c"), PlayerPair("b", "c")])
  }

  @Test func aPromptMayBeginAsACommentDoes() throws {
    let judged = try read("# c\nprompt,first,second,score\n# Title,a,b,1\n#2,b,a,2\n")
    #expect(judged.games.map(\.name) == ["# Title", "#2"])
  }

  @Test func bothOrdersCanBeRequired() throws {
    let judged = try read(Self.text, requireBothOrders: true)
    #expect(judged.games.isEmpty)
    #expect(judged.oneOrderPairs == 0)
    #expect(judged.incomplete[0].missing == [PlayerPair("c", "a")])
    #expect(judged.incomplete[0].missingCount == 1)
    #expect(judged.incomplete[1].missingCount == 5)
    #expect(
      judged.incomplete[1].missing == [
        PlayerPair("a", "c"), PlayerPair("b", "a"), PlayerPair("b", "c"), PlayerPair("c", "a"),
        PlayerPair("c", "b"),
      ])
  }

  @Test func pooledIsTheMeanOverPrompts() throws {
    let game = try read(Self.text).pooled().game
    // a-b: (3/8 + 1) / 2.
    #expect(game.rows == [[0.5, 0.6875, 0.5], [0.3125, 0.5, 1], [0.5, 0, 0.5]])
    let strict = try read(Self.text, requireBothOrders: true)
    let error = #expect(throws: GameError.self) { try strict.pooled() }
    #expect(
      error?.description
        == "\(folder.file("j.csv")): no value for 'a' against 'c', the only such pair; judge it, or "
        + "ask for a complete sub-game (--complete-subgame), which leaves players out")
    let subgame = try strict.pooled(missing: .completeSubgame)
    #expect(subgame.leftOut == ["c"])
    #expect(subgame.game.rows == [[0.5, 0.375], [0.625, 0.5]])
  }

  static let cases: [(String, String)] = [
    ("", "j.csv: holds nothing; expected pairwise judgements"),
    ("prompt,first,second,score\n", "j.csv: a header and no judgement below it"),
    (
      "prompt,first,score\np,a,1\n",
      """
      j.csv:1: no column 'second'; expected a header with prompt, first, second, score, found \
      "prompt,first,score"
      """
    ),
    ("prompt,first,second,score,Prompt\n", "j.csv:1: two columns are named 'prompt'"),
    (
      "prompt,first,second,score\np,a,b,1\n\np,b,a,4\n",
      "j.csv:4: score \"4\": expected 1 (first wins), 2 (second wins) or 3 (tie)"
    ),
    (
      "prompt,first,second,score\np,a,b,\n",
      "j.csv:2: score \"\": expected 1 (first wins), 2 (second wins) or 3 (tie)"
    ),
    (
      "prompt,first,second,score\np,a,a,1\n",
      """
      j.csv:2: "a" against itself; expected two different players. A tie with oneself is \
      understood; take the row out
      """
    ),
    ("prompt,first,second,score\np,a,,1\n", "j.csv:2: 'second' is empty; expected a name"),
    ("prompt,first,second,score\n,a,b,1\n", "j.csv:2: 'prompt' is empty"),
    (
      "# c\nprompt,first,second,score\np,a,b\n",
      "j.csv:3: expected 4 fields as in the header, line 2; found 3"
    ),
  ]

  @Test(arguments: cases)
  func refuses(_ text: String, _ expected: String) throws {
    let error = #expect(throws: DataError.self) { try read(text) }
    #expect(
      error?.description.replacingOccurrences(of: folder.file("j.csv"), with: "j.csv") == expected)
  }

  /// The order of a file's rows changes the order of names only.
  @Test func rowsMayComeInAnyOrder() throws {
    var lines = ["prompt,first,second,score"]
    for (index, pair) in ["a,b", "b,a", "a,c", "c,a", "b,c", "c,b"].enumerated() {
      for prompt in 1...5 { lines.append("\(prompt),\(pair),\((prompt * index) % 3 + 1)") }
    }
    let one = try read(lines.joined(separator: "\n"))
    let other = try read(([lines[0]] + lines.dropFirst().reversed()).joined(separator: "\n"))
    #expect(one.games.count == 5)
    for prompt in one.games {
      let twin = try #require(other.games.first { $0.name == prompt.name }).game
      for (a, name) in prompt.game.names.enumerated() {
        for (b, against) in prompt.game.names.enumerated() {
          let x = try #require(twin.names.firstIndex(of: name))
          let y = try #require(twin.names.firstIndex(of: against))
          #expect(abs(twin[x, y] - prompt.game[a, b]) < 1e-15)
        }
      }
    }
  }
}
