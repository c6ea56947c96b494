/// Measures of the game between policies, each with the percentiles of the same measure on resampled
/// games.
struct GameMeasures {
  let resampling: Resampling
  /// Responses of a policy, for the ratings' prior.
  let comparisons: Double

  struct Found {
    var policies: [TournamentReport.Policy]
    var winRates: [[Estimate]]
    var ratings: BradleyTerryFit
  }

  /// Of one game, a number for each policy.
  private struct Values {
    var ratings: BradleyTerryFit
    var mean: [Double]
    var exploitability: [Double]
    /// NaN where the linear programme did not end.
    var nash: [Double]
    var againstNash: [Double]
  }

  private func values(
    _ game: PolicyGame, nash: [Double]?, near: BradleyTerryFit? = nil
  ) -> Values {
    let all = Array(0..<game.count)
    let none = all.map { _ in Double.nan }
    return Values(
      ratings: BradleyTerryFit(game.winRates, comparisons: comparisons, near: near),
      mean: all.map(game.meanWinRate), exploitability: all.map(game.exploitability),
      nash: nash ?? none,
      againstNash: nash.map { mixture in all.map { game.winRate($0, against: mixture) } } ?? none)
  }

  /// - Throws: `GameError.solver` where the game itself has no solution within rounding; a resample
  ///   without one counts for the other measures only.
  func callAsFunction(_ game: PolicyGame, _ meetings: Meetings) throws -> Found {
    let n = game.count
    let found = values(game, nash: try game.nashMixture())
    var rates: [[Double]] = Array(repeating: [], count: n * n)
    var drawn: [Values] = []
    if n > 1 {
      resampling.drawn { counts in
        let resampled = PolicyGame(count: n) { a, b in
          guard let pair = meetings.pair(a, b) else { return 0.5 }
          return min(1, max(0, Resampling.mean(pair.units, counts)))
        }
        for a in 0..<n {
          for b in a + 1..<n { rates[a * n + b].append(resampled.winRates[a][b]) }
        }
        drawn.append(
          values(resampled, nash: try? resampled.nashMixture(), near: found.ratings))
      }
    }
    func estimates(_ value: [Double], _ of: (Values) -> [Double]) -> [Estimate] {
      value.indices.map { a in Estimate(value[a], resampled: drawn.map { of($0)[a] }) }
    }
    let mean = estimates(found.mean) { $0.mean }
    let exploitability = estimates(found.exploitability) { $0.exploitability }
    let nash = estimates(found.nash) { $0.nash }
    let against = estimates(found.againstNash) { $0.againstNash }
    let elo = estimates(found.ratings.elo) { $0.ratings.elo }
    return Found(
      policies: (0..<n).map { a in
        TournamentReport.Policy(
          name: "", path: "", stream: 0, meanLength: 0, meanWinRate: mean[a],
          exploitability: exploitability[a], exploiter: nil, nashShare: nash[a],
          winRateAgainstNash: against[a], elo: elo[a], shares: nil)
      },
      winRates: (0..<n).map { a in
        (0..<n).map { b in
          guard a != b else { return Estimate(0.5, low: 0.5, high: 0.5) }
          let rate = cell(game.winRates[min(a, b)][max(a, b)], rates[min(a, b) * n + max(a, b)])
          return a < b ? rate : rate.complement
        }
      },
      ratings: found.ratings)
  }

  /// A cell of the matrix. Where every unit says 0, or 1, there is nothing to resample: then Wilson's
  /// interval of as many wins.
  private func cell(_ value: Double, _ resampled: [Double]) -> Estimate {
    guard resampling.isPossible, value == 0 || value == 1 else {
      return Estimate(value, resampled: resampled)
    }
    let (low, high) = Statistics.wilson(share: value, samples: resampling.units)
    return Estimate(value, low: low, high: high)
  }
}
