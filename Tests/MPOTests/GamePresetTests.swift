import MPO
import Testing

@Suite struct GamePresetTests {
  static let list = "g1, g2, rock-paper-scissors (rps), random:n[:seed]"

  @Test func g1AndG2HaveTheirEquilibria() throws {
    let g1 = try PreferenceGame.preset("g1")
    #expect(g1.rows == [[0.5, 0.1, 0.8], [0.9, 0.5, 0.1], [0.2, 0.9, 0.5]])
    #expect(g1.dualityGap([4.0 / 11, 3.0 / 11, 4.0 / 11]) < 1e-12)
    let g2 = try PreferenceGame.preset("G2")
    #expect(g2.rows == [[0.5, 0, 1], [1, 0.5, 1.0 / 3], [0, 2.0 / 3, 0.5]])
    #expect(g2.dualityGap([1.0 / 7, 3.0 / 7, 3.0 / 7]) < 1e-12)
  }

  @Test func paperBeatsRock() throws {
    let game = try PreferenceGame.preset("rps")
    #expect(try game == PreferenceGame.preset("rock-paper-scissors"))
    #expect(game.names == ["rock", "paper", "scissors"])
    #expect((game[1, 0], game[2, 1], game[0, 2]) == (1, 1, 1))
    #expect(game.dualityGap([1.0 / 3, 1.0 / 3, 1.0 / 3]) < 1e-12)
  }

  @Test func randomGamesDependOnCountAndSeedOnly() throws {
    let game = try PreferenceGame.preset("random:10")
    #expect(game.names == (1...10).map(String.init))
    #expect(try game == PreferenceGame.random(count: 10, seed: 0))
    #expect(try game == PreferenceGame.preset("random:10:0"))
    let other = try PreferenceGame.preset("random:10:7")
    #expect(other != game)
    #expect(try other == PreferenceGame.random(count: 10, seed: 7))
    // Fixed for ever: a run may be repeated from the name of its game.
    #expect(game[1, 0] == 0.4415822268930589)
    #expect(other[9, 8] == 0.24142141345132817)
  }

  @Test func randomGamesAreUniformAndExact() throws {
    let game = try PreferenceGame.preset("random:200:3")
    var values: [Double] = []
    for a in 0..<200 {
      #expect(game[a, a] == 0.5)
      for b in 0..<a {
        values.append(game[a, b])
        #expect(game[b, a] == 1 - game[a, b])
      }
    }
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    // Standard deviations of mean and of the share below 1/4: sqrt(1/12/n), sqrt(3/16/n).
    #expect(abs(mean - 0.5) < 4 * (1 / 12 / n).squareRoot())
    let share = Double(values.filter { $0 < 0.25 }.count) / n
    #expect(abs(share - 0.25) < 4 * (3.0 / 16 / n).squareRoot())
    #expect(Set(values).count == values.count)
  }

  static let cases: [(String, String)] = [
    (
      "g3",
      """
      game 'g3': no such preset; expected one of \(list), or the path of a file: a matrix, pairwise \
      judgements or votes
      """
    ),
    (
      "random",
      "game 'random': expected random:n or random:n:seed, for example random:10 or random:64:7"
    ),
    (
      "random:ten",
      "game 'random:ten': expected random:n or random:n:seed, for example random:10 or random:64:7"
    ),
    (
      "random:3:1:2",
      "game 'random:3:1:2': expected random:n or random:n:seed, for example random:10 or random:64:7"
    ),
    (
      "random:3:x",
      "game 'random:3:x': expected a seed from 0 to 18446744073709551615, found \"x\""
    ),
    ("random:0", "game 'random:0': expected 1 to 10000 players, found 0"),
    ("random:10001", "game 'random:10001': expected 1 to 10000 players, found 10001"),
  ]

  @Test(arguments: cases)
  func refuses(_ name: String, _ message: String) {
    let error = #expect(throws: GameError.self) { try PreferenceGame.preset(name) }
    #expect(error?.description == message)
  }
}
