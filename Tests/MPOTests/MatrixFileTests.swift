import MPO
import MPOBackend
import TestSupport
import Testing

@Suite struct MatrixFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func read(_ text: String, _ options: MatrixFileOptions = .init()) throws -> CompleteGame {
    try PreferenceGame.matrixFile(folder.write(text, "m.csv"), options: options)
  }

  /// P of all the layouts below.
  static let rows = [[0.5, 0.25, 1], [0.75, 0.5, 0.125], [0, 0.875, 0.5]]

  @Test(arguments: [
    ("0.5,0.25,1\n0.75,0.5,0.125\n0,0.875,0.5\n", ["1", "2", "3"]),
    ("\u{FEFF}0.5\t.25\t1\r\n0.75\t0.5\t0.125\r\n0\t0.875\t5e-1", ["1", "2", "3"]),
    ("# made by hand\n\n  0.5  0.25 1  \n 0.75 0.5\t0.125\n\n# end\n0 0.875 0.5", ["1", "2", "3"]),
    ("a,b,c\n0.5,0.25,1\n0.75,0.5,0.125\n0,0.875,0.5", ["a", "b", "c"]),
    ("model,a,b,c\na,0.5,0.25,1\nb,0.75,0.5,0.125\nc,0,0.875,0.5", ["a", "b", "c"]),
    (",a,b,c\na,,0.25,1\nb,0.75,NA,0.125\nc,0,0.875,", ["a", "b", "c"]),
    ("a b c\na 0.5 0.25 1\nb 0.75 0.5 0.125\nc 0 0.875 0.5", ["a", "b", "c"]),
    ("a,0.5,0.25,1\nb,0.75,0.5,0.125\nc,0,0.875,0.5", ["a", "b", "c"]),
    (",0,1,2\n0,0.5,0.25,1\n1,0.75,0.5,0.125\n2,0,0.875,0.5", ["0", "1", "2"]),
    (
      "\"x, y\",\"say \"\"b\"\"\",\"c\nd\"\n0.5,\"0.25\",1\r0.75 , 0.5,0.125\r0,0.875,0.5",
      ["x, y", "say \"b\"", "c\nd"]
    ),
    ("\"x\ty\",b,c\n0.5,0.25,1\n0.75,0.5,0.125\n0,0.875,0.5", ["x\ty", "b", "c"]),
    ("\"x y\" 0.5 0.25 1\nb 0.75 0.5 0.125\nc 0 0.875 0.5", ["x y", "b", "c"]),
  ])
  func readsEveryLayout(_ text: String, _ names: [String]) throws {
    let read = try read(text)
    #expect(read.game.names == names)
    #expect(read.game.rows == Self.rows)
    #expect(read.leftOut.isEmpty)
  }

  @Test func payoffsAreMappedSoThatTheMiddleIsATie() throws {
    let wins = try read("0 -1 .5\n1 0 0\n-.5 0 0", .init(scale: .payoff(-1...1)))
    #expect(wins.game.rows == [[0.5, 0, 0.75], [1, 0.5, 0.5], [0.25, 0.5, 0.5]])
    let percent = try read("50,75\n25,50", .init(scale: .payoff(0...100)))
    #expect(percent.game.rows == [[0.5, 0.75], [0.25, 0.5]])
  }

  @Test func antisymmetriseTakesTheMeanWhenAsked() throws {
    // (0.75 + 1 - 0.5) / 2 = 0.625
    let game = try read("0.5,0.75\n0.5,0.25", .init(antisymmetrise: true)).game
    #expect(game.rows == [[0.5, 0.625], [0.375, 0.5]])
    // In [-1, 1]: (1 - (-0.5)) / 2 = 0.75, so P = 0.875.
    let payoffs = try read(
      "0,1\n-0.5,0", .init(scale: .payoff(-1...1), antisymmetrise: true)
    ).game
    #expect(payoffs.rows == [[0.5, 0.875], [0.125, 0.5]])
    // Half a matrix.
    let half = try read("0.5,0.75\n,0.5", .init(antisymmetrise: true)).game
    #expect(half.rows == [[0.5, 0.75], [0.25, 0.5]])
  }

  @Test func roundingPasses() throws {
    let game = try read("0.5,0.333333333\n0.666666667,0.5").game
    #expect(game[0, 1] == 0.333333333)
    #expect(try read("0.5,1.0000001\n0,0.5").game[0, 1] == 1)
  }

  /// Missing are a-b, a-c, b-c and c-d. c lacks most and goes; a-b still lacks; b, the later, goes.
  @Test func completeSubgameDropsFewAndSaysWhich() throws {
    let text = """
      ,a,b,c,d
      a,0.5,,,1
      b,,0.5,,0.25
      c,,,0.5,
      d,0,0.75,,0.5
      """
    let read = try read(text, .init(missing: .completeSubgame))
    #expect(read.leftOut == ["b", "c"])
    #expect(read.game.names == ["a", "d"])
    #expect(read.game.rows == [[0.5, 1], [0, 0.5]])
    let error = #expect(throws: GameError.self) { try self.read(text) }
    #expect(
      error?.description
        == "\(folder.file("m.csv")): no value for 'a' against 'b', one of 4 such pairs; fill it in, "
        + "or ask for a complete sub-game (--complete-subgame), which leaves players out")
    guard case .incomplete(_, let pair, 4, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(pair == PlayerPair("a", "b"))
  }

  /// Whoever is left out lacks a pair with someone who is kept.
  @Test func completeSubgameCannotBeExtended() throws {
    let n = 40
    var generator = PhiloxGenerator(seed: 5, domain: .test)
    for _ in 0..<20 {
      var cells = [[String]](repeating: .init(repeating: "0.5", count: n), count: n)
      for a in 0..<n {
        for b in 0..<a where generator.uniform() < 1.0 / 3 {
          cells[a][b] = "NA"
          cells[b][a] = "NA"
        }
      }
      let text = cells.map { $0.joined(separator: " ") }.joined(separator: "\n")
      let read = try read(text, .init(missing: .completeSubgame))
      let kept = read.game.names.map { Int($0)! - 1 }
      #expect(kept == kept.sorted())
      for a in kept {
        for b in kept { #expect(cells[a][b] == "0.5") }
      }
      for left in read.leftOut.map({ Int($0)! - 1 }) {
        #expect(kept.contains { cells[left][$0] == "NA" })
      }
      #expect(read.game.count + read.leftOut.count == n)
    }
  }
}
