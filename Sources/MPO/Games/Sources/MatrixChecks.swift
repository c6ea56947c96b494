/// From the numbers of a file to probabilities. `range` [lo, hi] is the scale's: a pair's two values
/// add up to lo + hi, a tie is the middle. Messages are in the file's own numbers.
extension MatrixRows {
  /// - Throws: `DataError.line` naming the value furthest outside, and how many are.
  func checkRange(_ range: ClosedRange<Double>) throws {
    let n = names.count
    let slack = PreferenceGame.tolerance * (range.upperBound - range.lowerBound)
    var worst = (excess: slack, cell: 0)
    var outside = 0
    for (cell, value) in values.enumerated() where !value.isNaN {
      let excess = max(range.lowerBound - value, value - range.upperBound)
      if excess > slack { outside += 1 }
      if excess > worst.excess { worst = (excess, cell) }
    }
    guard outside > 0 else { return }
    throw error(
      lines[worst.cell / n],
      "\(cell(worst.cell / n, worst.cell % n)): expected a value in "
        + "[\(shortNumber(range.lowerBound)), \(shortNumber(range.upperBound))]; \(outside) of "
        + "\(n * n) are outside. For payoffs give the scale they have (--payoff-range)")
  }

  /// - Throws: `DataError.line` naming the cell furthest from what its pair or the diagonal asks.
  func checkAntisymmetry(_ range: ClosedRange<Double>) throws {
    let n = names.count
    let sum = range.lowerBound + range.upperBound
    let slack = PreferenceGame.tolerance * (range.upperBound - range.lowerBound)
    var worst = (error: slack, a: 0, b: 0)
    for a in 0..<n {
      for b in a..<n {
        // A missing cell compares false; the diagonal counts as its distance from the tie.
        let error = abs(values[a * n + b] + values[b * n + a] - sum) / (a == b ? 2 : 1)
        if error > worst.error { worst = (error, a, b) }
      }
    }
    guard worst.error > slack else { return }
    let (a, b) = (worst.a, worst.b)
    guard a != b else {
      throw error(
        lines[a],
        "\(cell(a, a)): a player ties with itself, so expected \(shortNumber(sum / 2)). If the "
          + "rest is right, --antisymmetrise puts it there")
    }
    throw error(
      lines[a],
      "\(cell(a, b)), but the reverse, row \(b + 1) column \(a + 1), is "
        + "\(shortNumber(values[b * n + a])): the two must add up to \(shortNumber(sum)). If each "
        + "order was measured on its own, --antisymmetrise takes the mean")
  }

  /// The mean of a value and what its reverse implies; either alone where the other is missing.
  mutating func antisymmetrise(_ range: ClosedRange<Double>) {
    let n = names.count
    let sum = range.lowerBound + range.upperBound
    for a in 0..<n {
      for b in 0...a {
        let (one, reverse) = (values[a * n + b], values[b * n + a])
        let mean = one.isNaN ? sum - reverse : reverse.isNaN ? one : (one + sum - reverse) / 2
        values[a * n + b] = mean
        values[b * n + a] = sum - mean
      }
    }
  }

  /// P, NaN where a cell is missing; a missing diagonal is a tie. Values outside `range` by
  /// rounding are taken to its bounds.
  func probabilities(_ range: ClosedRange<Double>) -> [Double] {
    let n = names.count
    let width = range.upperBound - range.lowerBound
    return values.indices.map { cell in
      let value = values[cell]
      if value.isNaN { return cell / n == cell % n ? 0.5 : .nan }
      return min(max((value - range.lowerBound) / width, 0), 1)
    }
  }

  /// Whether cells off the diagonal are missing, and all of them are given in the other order.
  var missingAreGivenInReverse: Bool {
    let n = names.count
    var any = false
    for a in 0..<n {
      for b in 0..<n where a != b && values[a * n + b].isNaN {
        if values[b * n + a].isNaN { return false }
        any = true
      }
    }
    return any
  }

  private func cell(_ a: Int, _ b: Int) -> String {
    let value = shortNumber(values[a * names.count + b])
    return "'\(names[a])' over '\(names[b])', row \(a + 1) column \(b + 1), is \(value)"
  }
}
