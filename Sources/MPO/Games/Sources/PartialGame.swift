/// A game some of whose cells have no value yet; NaN marks them.
///
/// n players; `values` (n, n) row-major.
struct PartialGame {
  let path: String
  let names: [String]
  var values: [Double]
  /// How much is known of each player (votes), n; breaks ties. Nil where the source has no counts.
  var weights: [Double]?

  var count: Int { names.count }

  /// - Parameter remedy: what to do about missing pairs, ends the message.
  /// - Throws: `GameError.incomplete`; `PreferenceError.matrix` where the values are no game.
  func completed(_ missing: MissingPairs, remedy: String) throws -> CompleteGame {
    let n = count
    var first: PlayerPair?
    var absent = 0
    for a in 0..<n {
      for b in (a + 1)..<n where isMissing(a, b) {
        absent += 1
        if first == nil { first = PlayerPair(names[a], names[b]) }
      }
    }
    guard let first else {
      return CompleteGame(game: try PreferenceGame(names: names, values: values), leftOut: [])
    }
    guard missing == .completeSubgame else {
      throw GameError.incomplete(path: path, first: first, missing: absent, remedy)
    }
    let kept = completeSubset()
    guard kept.count > 1 else {
      throw GameError.incomplete(
        path: path, first: first, missing: absent,
        "no complete sub-game of two players or more is left")
    }
    let isKept = Set(kept)
    return CompleteGame(
      game: try PreferenceGame(
        names: kept.map { names[$0] },
        values: kept.flatMap { a in kept.map { b in values[a * n + b] } }),
      leftOut: (0..<n).filter { !isKept.contains($0) }.map { names[$0] })
  }

  private func isMissing(_ a: Int, _ b: Int) -> Bool {
    values[a * count + b].isNaN || values[b * count + a].isNaN
  }

  /// A large set of players all of whose pairs have a value, in order. The largest is a maximum
  /// clique, NP-hard, so greedily: drop the player with most missing pairs (ties: least weight,
  /// then the last) until none is missing; then take back, in order, whoever fits after all, so
  /// that no player could be added.
  func completeSubset() -> [Int] {
    let n = count
    var kept = [Bool](repeating: true, count: n)
    var missing = [Int](repeating: 0, count: n)
    for a in 0..<n {
      for b in 0..<n where a != b && isMissing(a, b) { missing[a] += 1 }
    }
    while true {
      var worst: Int?
      for a in 0..<n where kept[a] && missing[a] > 0 {
        guard let w = worst else {
          worst = a
          continue
        }
        if (missing[a], -weight(a), a) > (missing[w], -weight(w), w) { worst = a }
      }
      guard let worst else { break }
      kept[worst] = false
      for b in 0..<n where kept[b] && isMissing(worst, b) { missing[b] -= 1 }
    }
    for a in 0..<n where !kept[a] {
      kept[a] = (0..<n).allSatisfy { $0 == a || !kept[$0] || !isMissing(a, $0) }
    }
    return (0..<n).filter { kept[$0] }
  }

  private func weight(_ a: Int) -> Double { weights?[a] ?? 0 }
}
