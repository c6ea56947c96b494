import Foundation
import MPO
import TestSupport
import Testing

@Suite struct MatrixFileErrorTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func message(_ text: String, _ options: MatrixFileOptions = .init()) throws -> String {
    let path = try folder.write(text, "m.csv")
    do {
      let read = try PreferenceGame.matrixFile(path, options: options)
      return "read \(read.game.rows)"
    } catch let error as any CustomStringConvertible & Error {
      return error.description.replacingOccurrences(of: path, with: "m.csv")
    }
  }

  static let cases: [(String, String)] = [
    ("", "m.csv: holds nothing; expected a game's matrix"),
    ("\n# nothing\n\n", "m.csv: holds nothing; expected a game's matrix"),
    (
      "0.5,1\n0,0.5\n0,0\n",
      "m.csv: not square: expected as many rows as columns, found 3 rows of 2 values"
    ),
    (
      "x,a,b,c\na,.5,1,1\nb,0,.5,1",
      "m.csv: not square: expected as many rows as columns, found 2 rows of 3 values below a header"
    ),
    (
      "a,b",
      "m.csv: not square: expected as many rows as columns, found 0 rows of 2 values below a header"
    ),
    ("0.5,1\n\n0", "m.csv:3: row 2: expected 2 fields as in line 1, found 1"),
    ("a,b\n0.5,1,7\n0,0.5", "m.csv:3: row 2: expected 3 fields as in line 2, found 2"),
    ("0.5,1\n0,0.5,\n", "m.csv:2: row 2: expected 2 fields as in line 1, found 3"),
    ("0.5,O.5,0\n", "m.csv:1: row 1 column 2: expected a number, found \"O.5\""),
    (
      "0,5;1\n0;0,5",
      """
      m.csv:1: row 1 column 2: expected a number, found "5;1"; columns are apart by commas, tabs \
      or spaces, not semicolons
      """
    ),
    ("0.5,O.5\n0,0.5", "m.csv:1: row 1 column 2: expected a number, found \"O.5\""),
    ("a 0.5 1\nb 0 1/2", "m.csv:2: row 2 column 2: expected a number, found \"1/2\""),
    (
      "0.5,1\n0,NaN",
      """
      m.csv:2: row 2 column 2: expected a finite number, found "NaN"; leave a missing value \
      empty, or write NA
      """
    ),
    (
      "0.5,inf\n0,0.5",
      """
      m.csv:1: row 1 column 2: expected a finite number, found "inf"; leave a missing value \
      empty, or write NA
      """
    ),
    (
      "a,b\n0.5,1.2\n-3,0.5",
      """
      m.csv:3: 'b' over 'a', row 2 column 1, is -3: expected a value in [0, 1]; 2 of 4 are outside. \
      For payoffs give the scale they have (--payoff-range)
      """
    ),
    (
      "0.5,0.3,0\n0.8,0.5,0.5\n0.5,0.5,0.5",
      """
      m.csv:1: '1' over '3', row 1 column 3, is 0, but the reverse, row 3 column 1, is 0.5: the two \
      must add up to 1. If each order was measured on its own, --antisymmetrise takes the mean
      """
    ),
    (
      "0.5,1\n0,0.75",
      """
      m.csv:2: '2' over '2', row 2 column 2, is 0.75: a player ties with itself, so expected 0.5. \
      If the rest is right, --antisymmetrise puts it there
      """
    ),
    ("a,b\n0.5,1\nb,0.5", "m.csv:3: row 2 column 1: expected a number, found \"b\""),
    (
      "x,a,b\na,0.5,1\nc,0,0.5",
      "m.csv:3: row 2 is named \"c\", but column 2 is \"b\"; expected the same order"
    ),
    ("a,b,a\n.5,1,1\n0,.5,1\n0,0,.5", "m.csv:1: players 1 and 3 are both named \"a\""),
    ("a,.5,1\n,0,.5", "m.csv:2: player 2 has no name"),
    ("a,\"b\n.5,1\n0,.5", "m.csv:1: a quote opens a field here and is never closed"),
    (
      "a,\"b\"c\n.5,1",
      "m.csv:1: text after the quote that closes a field; double a quote inside a field"
    ),
    (
      "a,b\"\n.5,1",
      """
      m.csv:1: a quote inside a field that does not begin with one; put the whole field in quotes \
      and double the quote inside
      """
    ),
    (
      "0.5,1\n,0.5",
      """
      m.csv: no value for '1' against '2', the only such pair; the reverse is given for all; \
      --antisymmetrise takes the value from it
      """
    ),
    (
      String(repeating: "0.5 ", count: 10_001),
      "m.csv:1: 10001 columns; a game may have 10000 players"
    ),
    (
      String(repeating: "0.5 ", count: 10_002),
      "m.csv:1: more than 10001 columns; a game may have 10000 players"
    ),
  ]

  @Test(arguments: cases)
  func refuses(_ text: String, _ expected: String) throws {
    #expect(try message(text) == expected)
  }

  @Test func payoffsAreNamedInTheirOwnNumbers() throws {
    let options = MatrixFileOptions(scale: .payoff(-1...1))
    #expect(
      try message("0 1.5\n-1 0", options)
        == "m.csv:1: '1' over '2', row 1 column 2, is 1.5: expected a value in [-1, 1]; 1 of 4 are "
        + "outside. For payoffs give the scale they have (--payoff-range)")
    #expect(
      try message("0 0.5\n-0.25 0", options)
        == "m.csv:1: '1' over '2', row 1 column 2, is 0.5, but the reverse, row 2 column 1, is "
        + "-0.25: the two must add up to 0. If each order was measured on its own, "
        + "--antisymmetrise "
        + "takes the mean")
    #expect(
      try message("0 1\n-1 0", .init(scale: .payoff(1...1)))
        == "scale 1.0...1.0: expected finite bounds, the first below the second")
  }

  @Test func nothingCompleteIsLeft() throws {
    #expect(
      try message("0.5 NA NA\nNA 0.5 NA\nNA NA 0.5", .init(missing: .completeSubgame))
        == "m.csv: no value for '1' against '2', one of 3 such pairs; no complete sub-game of two "
        + "players or more is left")
  }

  @Test func filesOfOtherKinds() throws {
    let missing = #expect(throws: DataError.self) {
      try PreferenceGame.matrixFile(folder.file("none.csv"))
    }
    #expect(missing?.description == "no file '\(folder.file("none.csv"))'")
    let isFolder = #expect(throws: DataError.self) { try PreferenceGame.matrixFile(folder.path) }
    #expect(
      isFolder?.description == "\(folder.path): is a folder; expected a file of a game's matrix")
    let json = try folder.write("[[0.5]]", "m.json")
    let refused = #expect(throws: DataError.self) { try PreferenceGame.matrixFile(json) }
    #expect(
      refused?.description
        == "\(json): expected a game's matrix as a table (CSV, TSV or columns apart by spaces), not "
        + "JSON")
    let latin = folder.file("latin.csv")
    try Data([0xE9, 0x2C, 0x62, 0x0A]).write(to: URL(fileURLWithPath: latin))
    let bytes = #expect(throws: DataError.self) { try PreferenceGame.matrixFile(latin) }
    #expect(
      bytes?.description
        == "\(latin):1: not UTF-8; convert it: iconv -f LATIN1 -t UTF-8 '\(latin)' > data.csv")
    let parquet = try folder.write("PAR1", "m.parquet")
    let columns = #expect(throws: DataError.self) { try PreferenceGame.matrixFile(parquet) }
    #expect(columns?.description.contains("to_csv('data.csv', index=False)") == true)
  }
}
