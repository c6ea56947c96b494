/// The rows of a judgement file, counted. n players.
struct Judgements {
  struct OrderedPair: Hashable {
    let a: Int
    let b: Int
  }
  struct Tally {
    /// 1 for a win of the first, 1/2 for a tie.
    var points = 0.0
    var count = 0
    var mean: Double { points / Double(count) }
  }

  private(set) var players = NameTable()
  private(set) var prompts = NameTable()
  /// For every prompt the ordered pairs that were judged.
  private(set) var tallies: [[OrderedPair: Tally]] = []

  static let columns = ["prompt", "first", "second", "score"]

  init(_ table: TableFile) throws {
    let columns = try TableColumns(table, required: Self.columns)
    try table.forEachRow(.beforeHeader) { row in
      try columns.check(row)
      if row.line == table.first.line { return }
      let pair = try columns.players("first", "second", row)
      let prompt = columns.field("prompt", row) ?? ""
      guard !prompt.isEmpty else {
        throw DataError.line(path: table.path, line: row.line, "'prompt' is empty")
      }
      let n = prompts.index(prompt)
      if n == tallies.count { tallies.append([:]) }
      let key = OrderedPair(a: players.index(pair.first), b: players.index(pair.second))
      guard players.count <= PreferenceGame.maximumCount else {
        throw DataError.line(
          path: table.path, line: row.line,
          "more than \(PreferenceGame.maximumCount) players")
      }
      let points = try Self.points(columns.field("score", row) ?? "", table, row)
      tallies[n][key, default: Tally()].points += points
      tallies[n][key, default: Tally()].count += 1
    }
    guard !prompts.isEmpty else {
      throw DataError.empty(path: table.path, "a header and no judgement below it")
    }
  }

  private static func points(_ score: String, _ table: TableFile, _ row: TableRow) throws -> Double
  {
    switch Double(score) {
    case 1: return 1
    case 2: return 0
    case 3: return 0.5
    default:
      throw DataError.line(
        path: table.path, line: row.line,
        "score \(quoted(score)): expected 1 (first wins), 2 (second wins) or 3 (tie)")
    }
  }

  /// P(a, b) of every pair of a prompt that counts as judged, and whether in one order only.
  func values(
    prompt: Int, _ options: JudgedGames.Options
  ) -> [(a: Int, b: Int, p: Double, isOneOrder: Bool)] {
    tallies[prompt].compactMap { pair, tally in
      guard let reverse = tallies[prompt][.init(a: pair.b, b: pair.a)] else {
        return options.requireBothOrders ? nil : (pair.a, pair.b, tally.mean, true)
      }
      // Of the two orders one stands for the pair.
      return pair.a < pair.b ? (pair.a, pair.b, (tally.mean + 1 - reverse.mean) / 2, false) : nil
    }
  }

  /// What a prompt lacks. Counted without a look at every pair: there may be far more pairs than
  /// judgements.
  /// - Parameter known: how many of the n (n - 1) / 2 pairs have a value.
  func incomplete(prompt: Int, known: Int, _ options: JudgedGames.Options) -> JudgedGames.Incomplete
  {
    let n = players.count
    let judged = tallies[prompt]
    let bothOrders = options.requireBothOrders
    let count = bothOrders ? n * (n - 1) - judged.count : n * (n - 1) / 2 - known
    let limit = min(count, JudgedGames.Incomplete.maximumNamed)
    var named: [PlayerPair] = []
    for a in 0..<n where named.count < limit {
      for b in 0..<n where named.count < limit && (bothOrders ? a != b : a < b) {
        let hasReverse = judged[.init(a: b, b: a)] != nil
        if judged[.init(a: a, b: b)] == nil, bothOrders || !hasReverse {
          named.append(PlayerPair(players[a], players[b]))
        }
      }
    }
    return .init(prompt: prompts[prompt], missingCount: count, missing: named)
  }
}
