/// How votes become a game.
public struct VoteFileOptions: Sendable, Equatable {
  /// Votes added to every pair, half for each side; draws P towards 1/2 where votes are few, and
  /// gives 1/2 where there are none. At least 0; default 0.
  public var priorVotes = 0.0
  /// Default: an error.
  public var missing = MissingPairs.refuse

  public init(priorVotes: Double = 0, missing: MissingPairs = .refuse) {
    self.priorVotes = priorVotes
    self.missing = missing
  }
}

extension PreferenceGame {
  /// The game of a file of votes, `P(a, b) = (wins + ties/2 + prior/2) / (total + prior)`; all
  /// rows of a pair, in either order, add up. A table with a header, its columns found by name:
  ///
  /// - counts: `first,second,wins_first,wins_second` and, if there are any, `ties`; counts are at
  ///   least 0 and may be weighted, so no whole numbers;
  /// - single votes, as Chatbot Arena exports them: `model_a,model_b,winner`, the winner one of
  ///   `model_a`, `model_b`, `tie`, `tie (bothbad)`, `both_bad`; the last three are ties.
  ///
  /// Players are in order of first appearance.
  ///
  /// - Throws: `DataError` with file and line; `GameError.incomplete` where a pair has no votes,
  ///   `GameError.options` for a prior below 0.
  public static func voteFile(
    _ path: String, options: VoteFileOptions = VoteFileOptions()
  ) throws -> CompleteGame {
    try votes(TableFile(path, what: "votes"), options: options)
  }

  static func votes(_ table: TableFile, options: VoteFileOptions) throws -> CompleteGame {
    let prior = options.priorVotes
    guard prior.isFinite, prior >= 0 else {
      throw GameError.options("prior votes: expected a finite number of at least 0, found \(prior)")
    }
    let votes = try Votes(table)
    let n = votes.players.count
    var values = [Double](repeating: prior > 0 ? 0.5 : .nan, count: n * n)
    for a in 0..<n { values[a * n + a] = 0.5 }
    var weights = [Double](repeating: 0, count: n)
    // In order, so that sums of weighted votes round the same way every time.
    let pairs = votes.tallies.sorted { ($0.key.a, $0.key.b) < ($1.key.a, $1.key.b) }
    for (pair, tally) in pairs where tally.total + prior > 0 {
      let p = (tally.points + prior / 2) / (tally.total + prior)
      values[pair.a * n + pair.b] = p
      values[pair.b * n + pair.a] = 1 - p
      weights[pair.a] += tally.total
      weights[pair.b] += tally.total
    }
    let game = PartialGame(
      path: table.path, names: votes.players.names, values: values, weights: weights)
    return try game.completed(
      options.missing,
      remedy:
        "ask for a complete sub-game (--complete-subgame), which leaves players out, or for "
        + "prior votes (--prior-votes)"
    )
  }
}

/// The rows of a vote file, added up. Pairs are kept with the lower index first.
struct Votes {
  struct Tally {
    /// Wins of the first and half of the ties.
    var points = 0.0
    var total = 0.0
  }

  private(set) var players = NameTable()
  private(set) var tallies: [Judgements.OrderedPair: Tally] = [:]

  static let countColumns = ["first", "second", "wins_first", "wins_second"]
  static let singleColumns = ["model_a", "model_b", "winner"]

  init(_ table: TableFile) throws {
    let isSingle = !Set(TableColumns.names(table.first)).isDisjoint(with: Self.singleColumns)
    let columns = try TableColumns(
      table, required: isSingle ? Self.singleColumns : Self.countColumns,
      optional: isSingle ? [] : ["ties"])
    try table.forEachRow(.beforeHeader) { row in
      try columns.check(row)
      if row.line == table.first.line { return }
      let names = try columns.players(
        isSingle ? "model_a" : "first", isSingle ? "model_b" : "second", row)
      var tally = Tally()
      if isSingle {
        tally = Tally(
          points: try Self.points(columns.field("winner", row) ?? "", table, row), total: 1)
      } else {
        let ties = try Self.count("ties", columns.field("ties", row) ?? "0", table, row)
        let wins = try Self.count("wins_first", columns.field("wins_first", row) ?? "", table, row)
        let losses = try Self.count(
          "wins_second", columns.field("wins_second", row) ?? "", table, row)
        tally = Tally(points: wins + ties / 2, total: wins + losses + ties)
      }
      add(tally, players.index(names.first), players.index(names.second))
      guard players.count <= PreferenceGame.maximumCount else {
        throw DataError.line(
          path: table.path, line: row.line, "more than \(PreferenceGame.maximumCount) players")
      }
    }
    guard !players.isEmpty else {
      throw DataError.empty(path: table.path, "a header and no votes below it")
    }
  }

  private mutating func add(_ tally: Tally, _ a: Int, _ b: Int) {
    let key = Judgements.OrderedPair(a: min(a, b), b: max(a, b))
    var sum = tallies[key] ?? Tally()
    sum.points += a < b ? tally.points : tally.total - tally.points
    sum.total += tally.total
    tallies[key] = sum
  }

  private static func points(_ winner: String, _ table: TableFile, _ row: TableRow) throws
    -> Double
  {
    switch winner.lowercased() {
    case "model_a": return 1
    case "model_b": return 0
    case "tie", "tie (bothbad)", "both_bad": return 0.5
    default:
      throw DataError.line(
        path: table.path, line: row.line,
        "winner \(quoted(winner)): expected model_a, model_b, tie or tie (bothbad)")
    }
  }

  private static func count(
    _ column: String, _ field: String, _ table: TableFile, _ row: TableRow
  ) throws -> Double {
    guard let value = Double(field), value.isFinite, value >= 0 else {
      throw DataError.line(
        path: table.path, line: row.line,
        "\(column): expected a number of votes of at least 0, found \(quoted(field))")
    }
    return value
  }
}
