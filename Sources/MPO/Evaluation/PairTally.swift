// N prompts, K responses of each policy, n policies.

/// What the meetings of two policies' responses came to.
///
/// The preference of a over b is the mean over prompts, and over a's responses to each, of the mean P
/// over the responses of b that were met. Its independent draws (`units`) are the prompts. With one prompt they are the response tuples
/// (response i of every policy): P is then a two-sample U-statistic, whose value at unit i is, to first
/// order (Hajek), `row_i + column_i - mean`.
struct PairTally {
  /// Responses meet in blocks of this many, so that K = 4,096 asks for 64 x 64 preferences at a time and
  /// not for 4,096 x 4,096.
  static let block = 64
  /// Pairs of responses kept for the regression on lengths.
  static let keptPairs = 65_536

  let prompts: Int
  let responses: Int
  /// Response i meets response i only.
  let inPairs: Bool
  /// Sums over the pairs that met, and how many: (N, K).
  private var rows: [Double]
  private var columns: [Double]
  private var rowCounts: [Int]
  private var columnCounts: [Int]
  private var wins = 0.0
  private var met = 0
  private(set) var kept: [LengthPair] = []
  private let diagonals: Int
  private let lengths: (first: [[Int]], second: [[Int]])

  init(_ first: PolicySamples, _ second: PolicySamples, inPairs: Bool = false) {
    self.inPairs = inPairs
    prompts = first.responses.count
    responses = first.responses.first?.count ?? 0
    let zeros = [Double](repeating: 0, count: prompts * responses)
    (rows, columns) = (zeros, zeros)
    let none = [Int](repeating: 0, count: prompts * responses)
    (rowCounts, columnCounts) = (none, none)
    diagonals = max(1, Self.keptPairs / max(1, prompts * responses))
    lengths = (first.lengths, second.lengths)
  }

  /// P of the first player's response i over the second's j to prompt n.
  mutating func add(_ n: Int, _ i: Int, _ j: Int, _ p: Float) {
    let (row, column) = (n * responses + i, n * responses + j)
    rows[row] += Double(p)
    columns[column] += Double(p)
    rowCounts[row] += 1
    columnCounts[column] += 1
    wins += p > 0.5 ? 1 : (p == 0.5 ? 0.5 : 0)
    met += 1
    // Of a block the pairs on its first diagonals, around the corner: every response equally often.
    let size = min(Self.block, responses - i / Self.block * Self.block)
    guard (j - i + size) % size < diagonals else { return }
    let (a, b) = prompts > 1 ? (n, n) : (i, j)
    kept.append(
      LengthPair(
        row: Int32(a), column: Int32(b), preference: p,
        difference: Float(lengths.first[n][i] - lengths.second[n][j])))
  }

  /// Share of pairs won, ties half.
  var winShare: Double { met == 0 ? 0.5 : wins / Double(met) }

  /// The value of each unit; their mean is the preference. (N), or (K) of one prompt.
  var units: [Double] {
    let row = means(rows, rowCounts)
    guard prompts == 1 else {
      return (0..<prompts).map { n in
        let part = row[n * responses..<(n + 1) * responses]
        return part.reduce(0, +) / Double(max(1, responses))
      }
    }
    // Response i met response i alone: one draw, not two.
    if inPairs { return row }
    let all = row.reduce(0, +) / Double(max(1, responses))
    return zip(row, means(columns, columnCounts)).map { $0 + $1 - all }
  }

  /// 1/2 for a response that met none.
  private func means(_ sums: [Double], _ counts: [Int]) -> [Double] {
    zip(sums, counts).map { $1 == 0 ? 0.5 : $0 / Double($1) }
  }
}
