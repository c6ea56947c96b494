import Foundation
import MPO
import TestSupport
import Testing

@Suite struct GameSourceTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  static let judgements = "prompt,first,second,score\np,a,b,1\np,b,a,1\nq,a,b,2\nr,a,c,1\nr,b,c,1\n"

  @Test func presetsByName() throws {
    let loaded = try GameSource.load("random:4:2")
    #expect(loaded.format == nil)
    #expect(loaded.games.map(\.name) == ["random:4:2"])
    #expect(try loaded.games[0].game == PreferenceGame.random(count: 4, seed: 2))
    #expect(loaded.notes.isEmpty)
    #expect(try GameSource.load("RPS").games[0].game.names == ["rock", "paper", "scissors"])
  }

  @Test func theHeaderTellsTheFormat() throws {
    let matrix = try folder.write("a b\n0.5 1\n0 0.5", "my.game.txt")
    #expect(try GameSource.load(matrix).format == .matrix)
    #expect(try GameSource.load(matrix).games.map(\.name) == ["my.game"])
    let counts = try folder.write("ties,first,second,wins_first,wins_second\n1,a,b,1,0", "c.tsv")
    #expect(try GameSource.load(counts).format == .votes)
    let single = try folder.write("winner,model_a,model_b\ntie,a,b", "s")
    #expect(try GameSource.load(single).format == .votes)
    let judged = try folder.write("prompt,first,second,score\np,a,b,1", "j.csv")
    #expect(try GameSource.load(judged).format == .judgements)
    // One column is not there: the error names it.
    let lacking = try folder.write("prompt,first,second\np,a,b", "l.csv")
    let error = #expect(throws: DataError.self) { try GameSource.load(lacking) }
    #expect(
      error?.description
        == "\(lacking):1: no column 'score'; expected a header with prompt, first, second, score, "
        + "found \"prompt,first,second\"")
  }

  @Test func theFormatCanBeSaid() throws {
    let path = try folder.write("first,second,prompt\n.5,1,1\n0,.5,1\n0,0,.5", "m.csv")
    #expect(throws: DataError.self) { try GameSource.load(path) }
    var options = GameSourceOptions()
    options.format = .matrix
    let loaded = try GameSource.load(path, options: options)
    #expect(loaded.games[0].game.names == ["first", "second", "prompt"])
  }

  @Test func notesSayWhatIsLeftOut() throws {
    let path = try folder.write(",a,b,c\na,.5,,1\nb,,.5,0\nc,0,1,.5", "m.csv")
    var options = GameSourceOptions()
    options.missing = .completeSubgame
    let matrix = try GameSource.load(path, options: options)
    #expect(matrix.games[0].game.names == ["a", "c"])
    #expect(
      matrix.notes == ["1 of 3 players left out, so that every pair has a value: b"])
    let text = "prompt,first,second,score\np,a,b,1\np,a,c,1\np,c,b,1\np,b,c,1\nq,a,b,2\n"
    let judged = try GameSource.load(folder.write(text, "j.csv"))
    #expect(judged.games.map(\.name) == ["p"])
    #expect(
      judged.notes == [
        "1 of 2 prompts incomplete and left out; prompt \"q\" lacks 'a' against 'c' and 1 more",
        "2 of 3 pairs judged in one order only",
      ])
  }

  @Test func judgementsCanBePooled() throws {
    let path = try folder.write(Self.judgements, "j.csv")
    let error = #expect(throws: DataError.self) { try GameSource.load(path) }
    #expect(
      error?.description
        == "\(path): of 3 prompts none has every pair of 3 players judged; prompt \"p\" lacks 'a' "
        + "against 'c' and 1 more. Judge the rest, or ask for one game pooled over the prompts")
    var options = GameSourceOptions()
    options.pooled = true
    let loaded = try GameSource.load(path, options: options)
    // a-b: p 1/2, q 0.
    #expect(loaded.games[0].game.rows == [[0.5, 0.25, 1], [0.75, 0.5, 1], [0, 0, 0.5]])
    #expect(loaded.games[0].name == "j")
    #expect(loaded.notes == ["the mean over 3 prompts"])
    options.requireBothOrders = true
    options.missing = .completeSubgame
    let strict = try GameSource.load(path, options: options)
    #expect(strict.games[0].game.names == ["a", "b"])
    #expect(strict.notes.count == 2)
  }

  @Test func neitherPresetNorFile() {
    let error = #expect(throws: GameError.self) { try GameSource.load("g4") }
    #expect(
      error?.description
        == "game 'g4': no such file and no such preset; the presets are g1, g2, "
        + "rock-paper-scissors (rps), random:n[:seed], and a file holds a matrix, pairwise "
        + "judgements or votes")
    let count = #expect(throws: GameError.self) { try GameSource.load("random:-1") }
    #expect(count?.description == "game 'random:-1': expected 1 to 10000 players, found -1")
  }

  @Test func aFileMayBeCalledLikeAPreset() throws {
    try folder.write("0.5 1\n0 0.5", "g1")
    #expect(try GameSource.load("\(folder.path)/g1").games[0].game.count == 2)
  }

  /// An option that would do nothing was given by mistake.
  static let cases: [(String, String)] = [
    ("scale", "the scale is for a file of matrix; this is one of judgements"),
    ("antisymmetrise", "antisymmetrise is for a file of matrix; this is one of judgements"),
    ("prior", "prior votes is for a file of votes; this is one of judgements"),
    ("missing", "a complete sub-game is for a file of matrix or votes; this is one of judgements"),
  ]

  @Test(arguments: cases)
  func optionsOfOtherFormats(_ option: String, _ text: String) throws {
    let path = try folder.write(Self.judgements, "j.csv")
    var options = GameSourceOptions()
    switch option {
    case "scale": options.scale = .payoff(-1...1)
    case "antisymmetrise": options.antisymmetrise = true
    case "prior": options.priorVotes = 1
    default: options.missing = .completeSubgame
    }
    let error = #expect(throws: GameError.self) { try GameSource.load(path, options: options) }
    #expect(error?.description == "\(path): \(text). Leave it out")
  }

  @Test func optionsOfAPreset() {
    var options = GameSourceOptions()
    options.pooled = true
    let pooled = #expect(throws: GameError.self) { try GameSource.load("g1", options: options) }
    #expect(
      pooled?.description
        == "g1: pooling is for a file of judgements; this is a preset. Leave it out")
    options = GameSourceOptions()
    options.format = .matrix
    let format = #expect(throws: GameError.self) { try GameSource.load("g1", options: options) }
    #expect(
      format?.description
        == "g1: the format is for a file of matrix or judgements or votes; this is a preset. Leave "
        + "it out")
  }
}
