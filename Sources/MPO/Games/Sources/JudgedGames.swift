/// Games from pairwise judgements, one for every prompt all of whose pairs were judged.
///
/// The file is a table with a header, its columns found by name in any order, others ignored:
///
/// ```
/// prompt,first,second,score
/// 1,13b-guanaco,30b-guanaco,3
/// ```
///
/// `score` is 1 where the first won, 2 where the second won, 3 for a tie: 1, 0 and 1/2 for the
/// first. Judgements of the same two in the same order are averaged, then the two orders with the
/// same weight, which takes a judge's bias for a position out:
/// `P(a, b) = (mean(a first) + 1 - mean(b first)) / 2`. Where only one order was judged it stands
/// alone, unless `requireBothOrders`.
public struct JudgedGames: Sendable {
  public struct Options: Sendable, Equatable {
    /// Count a pair as judged only when it was judged in both orders. Default: false, since
    /// published judgements have holes where a judge's answer could not be read (of 953 prompts of
    /// the QLoRA OpenAssistant set 892 have every pair, 317 every pair in both orders).
    public var requireBothOrders = false

    public init(requireBothOrders: Bool = false) { self.requireBothOrders = requireBothOrders }
  }

  /// A prompt with pairs that were not judged.
  public struct Incomplete: Sendable, Equatable {
    public let prompt: String
    public let missingCount: Int
    /// The first `maximumNamed` of them; with `requireBothOrders` in the order that is missing.
    public let missing: [PlayerPair]
    public static let maximumNamed = 20
  }

  public let path: String
  /// In order of first appearance, as are the prompts.
  public let players: [String]
  /// The prompts of which every pair of `players` was judged.
  public let games: [NamedGame]
  public let incomplete: [Incomplete]
  /// Pairs within `games` judged in one order only: what a position bias still acts on.
  public let oneOrderPairs: Int
  /// Mean over the prompts that judged a pair, NaN where none did; (n, n).
  let pooledValues: [Double]

  /// - Throws: `DataError`.
  public init(_ path: String, options: Options = Options()) throws {
    try self.init(TableFile(path, what: "pairwise judgements"), options: options)
  }

  init(_ table: TableFile, options: Options) throws {
    let judgements = try Judgements(table)
    let n = judgements.players.count
    var games: [NamedGame] = []
    var incomplete: [Incomplete] = []
    var oneOrderPairs = 0
    var sums = [Double](repeating: 0, count: n * n)
    var counts = [Int](repeating: 0, count: n * n)
    for (prompt, name) in judgements.prompts.enumerated() {
      let known = judgements.values(prompt: prompt, options)
      for (a, b, p, _) in known {
        sums[a * n + b] += p
        sums[b * n + a] += 1 - p
        counts[a * n + b] += 1
        counts[b * n + a] += 1
      }
      guard known.count == n * (n - 1) / 2 else {
        incomplete.append(judgements.incomplete(prompt: prompt, known: known.count, options))
        continue
      }
      var values = [Double](repeating: 0.5, count: n * n)
      for (a, b, p, isOneOrder) in known {
        values[a * n + b] = p
        values[b * n + a] = 1 - p
        oneOrderPairs += isOneOrder ? 1 : 0
      }
      let game = try PreferenceGame(names: judgements.players.names, values: values)
      games.append(NamedGame(name: name, game: game))
    }
    path = table.path
    players = judgements.players.names
    self.games = games
    self.incomplete = incomplete
    self.oneOrderPairs = oneOrderPairs
    pooledValues = sums.indices.map { cell in
      if cell / n == cell % n { return 0.5 }
      return counts[cell] == 0 ? .nan : sums[cell] / Double(counts[cell])
    }
  }

  /// One game over all prompts, incomplete ones too: P(a, b) is the mean over the prompts that
  /// judged the pair.
  /// - Throws: `GameError.incomplete` for a pair that no prompt judged.
  public func pooled(missing: MissingPairs = .refuse) throws -> CompleteGame {
    try PartialGame(path: path, names: players, values: pooledValues, weights: nil).completed(
      missing,
      remedy:
        "judge it, or ask for a complete sub-game (--complete-subgame), which leaves players out")
  }
}
