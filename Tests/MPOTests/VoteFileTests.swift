import Foundation
import MPO
import TestSupport
import Testing

@Suite struct VoteFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func read(_ text: String, _ options: VoteFileOptions = .init()) throws -> CompleteGame {
    try PreferenceGame.voteFile(folder.write(text, "v.csv"), options: options)
  }

  /// a-b: 3 + 1 wins of a, 1 + 0 of b, 1 + 2 ties, 8 votes: P = (4 + 1.5) / 8.
  static let counts = """
    first,second,wins_first,wins_second,ties
    a,b,3,1,1
    b,a,0,1,2
    a,c,0,4,0
    b,c,2,2,0
    """

  @Test func rowsAndOrdersAddUp() throws {
    let game = try read(Self.counts).game
    #expect(game.names == ["a", "b", "c"])
    #expect(game.rows == [[0.5, 0.6875, 0], [0.3125, 0.5, 0.5], [1, 0.5, 0.5]])
    let tabs = Self.counts.replacingOccurrences(of: ",", with: "\t")
    #expect(try read(tabs).game == game)
  }

  @Test func tiesMayBeAbsent() throws {
    let game = try read("first,second,wins_first,wins_second\nx,y,3,1").game
    #expect(game.rows == [[0.5, 0.75], [0.25, 0.5]])
  }

  @Test func priorVotesDrawTowardsATie() throws {
    // (4 + 1.5 + 1) / (8 + 2)
    let game = try read(Self.counts, .init(priorVotes: 2)).game
    #expect(game[0, 1] == 0.65)
    #expect(game[1, 0] == 0.35)
    // 1 / 6 of a against c; a pair without votes is a tie.
    #expect(abs(game[0, 2] - 1.0 / 6) < 1e-15)
    let few = try read(
      "first,second,wins_first,wins_second\na,b,2,0\nc,d,0,0", .init(priorVotes: 2))
    #expect(few.game.rows[0] == [0.5, 0.75, 0.5, 0.5])
    #expect(few.game[2, 3] == 0.5)
  }

  @Test func singleVotesAsTheArenaExportsThem() throws {
    let text = """
      question_id,model_a,model_b,winner,conversation
      1,gpt,"claude, 3",model_a,"[{""role"": ""user""},
      {}]"
      2,"claude, 3",gpt,model_a,
      3,gpt,"claude, 3",tie,
      4,gpt,"claude, 3",tie (bothbad),
      5,gpt,"claude, 3",model_a,
      6,gpt,"claude, 3",model_b,
      7,gpt,"claude, 3",both_bad,
      8,"claude, 3",gpt,model_b,
      """
    let game = try read(text).game
    #expect(game.names == ["gpt", "claude, 3"])
    // gpt: 3 wins, 2 losses, 3 ties.
    #expect(game[0, 1] == 4.5 / 8)
  }

  @Test func aPairWithoutVotes() throws {
    let text = """
      first,second,wins_first,wins_second
      a,b,1,0
      c,d,9,0
      a,c,1,3
      b,c,1,1
      d,b,0,0
      """
    let error = #expect(throws: GameError.self) { try read(text) }
    #expect(
      error?.description
        == "\(folder.file("v.csv")): no value for 'a' against 'd', one of 2 such pairs; ask for a "
        + "complete sub-game (--complete-subgame), which leaves players out, or for prior votes "
        + "(--prior-votes)"
    )
    let subgame = try read(text, .init(missing: .completeSubgame))
    #expect(subgame.leftOut == ["d"])
    #expect(subgame.game.rows == [[0.5, 1, 0.25], [0, 0.5, 0.5], [0.75, 0.5, 0.5]])
  }

  /// Both lack one pair; the one with fewer votes goes, although the other is later.
  @Test func fewerVotesGoFirst() throws {
    let text = "first,second,wins_first,wins_second\na,b,1,1\nc,b,5,5\n"
    #expect(try read(text, .init(missing: .completeSubgame)).leftOut == ["a"])
    #expect(
      try read(text.replacingOccurrences(of: "5", with: "1"), .init(missing: .completeSubgame))
        .leftOut == ["c"])
  }

  static let cases: [(String, String)] = [
    ("", "v.csv: holds nothing; expected votes"),
    ("first,second,wins_first,wins_second\n", "v.csv: a header and no votes below it"),
    (
      "first,second,wins_first\na,b,1\n",
      """
      v.csv:1: no column 'wins_second'; expected a header with first, second, wins_first, \
      wins_second, found "first,second,wins_first"
      """
    ),
    (
      "model_a,winner\na,tie\n",
      """
      v.csv:1: no column 'model_b'; expected a header with model_a, model_b, winner, found \
      "model_a,winner"
      """
    ),
    (
      "first,second,wins_first,wins_second\na,b,1,-2\n",
      "v.csv:2: wins_second: expected a number of votes of at least 0, found \"-2\""
    ),
    (
      "first,second,wins_first,wins_second,ties\na,b,1,2,\n",
      "v.csv:2: ties: expected a number of votes of at least 0, found \"\""
    ),
    (
      "first,second,wins_first,wins_second\na,b,inf,2\n",
      "v.csv:2: wins_first: expected a number of votes of at least 0, found \"inf\""
    ),
    (
      "first,second,wins_first,wins_second\na,a,1,2\n",
      """
      v.csv:2: "a" against itself; expected two different players. A tie with oneself is \
      understood; take the row out
      """
    ),
    (
      "model_a,model_b,winner\na,b,a\n",
      "v.csv:2: winner \"a\": expected model_a, model_b, tie or tie (bothbad)"
    ),
    (
      "model_a,model_b,winner\na,b\n",
      "v.csv:2: expected 3 fields as in the header, line 1; found 2"
    ),
  ]

  @Test(arguments: cases)
  func refuses(_ text: String, _ expected: String) throws {
    let error = #expect(throws: DataError.self) { try read(text) }
    #expect(
      error?.description.replacingOccurrences(of: folder.file("v.csv"), with: "v.csv") == expected)
  }

  @Test(arguments: [(-1, "-1.0"), (Double.infinity, "inf"), (Double.nan, "nan")])
  func refusesAPrior(_ prior: Double, _ text: String) {
    let error = #expect(throws: GameError.self) {
      try read(Self.counts, .init(priorVotes: prior))
    }
    #expect(
      error?.description
        == "prior votes: expected a finite number of at least 0, found \(text)")
  }
}
