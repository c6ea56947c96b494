import MPOBackend

/// Games known by name.
extension PreferenceGame {
  /// The most players a game may have: P takes 8 n^2 bytes, 0.8 GB at this size, and every exact
  /// update reads all of it.
  public static let maximumCount = 10_000

  /// For messages and help: the names `preset(_:)` takes.
  public static let presetNames = ["g1", "g2", "rock-paper-scissors (rps)", "random:n[:seed]"]

  /// The game called `name`, in any case:
  ///
  /// | name | game | equilibrium |
  /// |---|---|---|
  /// | `g1` | 3 classes, cyclic: .1, .8, .1 above the diagonal | (4, 3, 4)/11 |
  /// | `g2` | rock-paper-scissors, one edge weakened to 2/3: 0, 1, 1/3 | (1, 3, 3)/7 |
  /// | `rock-paper-scissors`, `rps` | the winner always wins | uniform |
  /// | `random:n`, `random:n:seed` | `random(count:seed:)`, seed 0 by default | - |
  ///
  /// - Throws: `GameError.preset`, which lists the presets.
  public static func preset(_ name: String) throws -> PreferenceGame {
    switch name.lowercased() {
    case "g1":
      return try PreferenceGame(
        names: ["a", "b", "c"], matrix: [[0.5, 0.1, 0.8], [0.9, 0.5, 0.1], [0.2, 0.9, 0.5]])
    case "g2":
      return try PreferenceGame(
        names: ["a", "b", "c"], matrix: [[0.5, 0, 1], [1, 0.5, 1.0 / 3], [0, 2.0 / 3, 0.5]])
    case "rock-paper-scissors", "rps":
      return try PreferenceGame(
        names: ["rock", "paper", "scissors"], matrix: [[0.5, 0, 1], [1, 0.5, 0], [0, 1, 0.5]])
    case let text where text == "random" || text.hasPrefix("random:"):
      return try random(text)
    default:
      throw GameError.preset(
        name: name,
        "no such preset; expected one of \(presetNames.joined(separator: ", ")), or the path of a "
          + "file: a matrix, pairwise judgements or votes")
    }
  }

  /// A random game: the lower triangle uniform in [0, 1), 53 bits each, row by row from Philox; the
  /// upper is 1 - lower, the diagonal 1/2. The same count and seed give the same game anywhere.
  /// The players are named `1` to `n`.
  /// - Throws: `GameError.preset` for a count outside 1 to `maximumCount`.
  public static func random(count n: Int, seed: UInt64) throws -> PreferenceGame {
    guard (1...maximumCount).contains(n) else {
      throw GameError.preset(
        name: "random:\(n)", "expected 1 to \(maximumCount) players, found \(n)")
    }
    var generator = PhiloxGenerator(seed: seed, domain: .game)
    var values = [Double](repeating: 0.5, count: n * n)
    values.withUnsafeMutableBufferPointer { fillRandom($0, count: n, from: &generator) }
    return try PreferenceGame(names: (1...n).map(String.init), values: values)
  }

  /// The matrix of `random`, (n, n), in any precision.
  static func fillRandom<Scalar: BinaryFloatingPoint>(
    _ p: UnsafeMutableBufferPointer<Scalar>, count n: Int, from generator: inout PhiloxGenerator
  ) {
    for a in 0..<n {
      for b in 0..<a {
        let value = Scalar(Double(generator.next() >> 11) * 0x1p-53)
        p[a * n + b] = value
        p[b * n + a] = 1 - value
      }
      p[a * n + a] = 0.5
    }
  }

  /// `random:n[:seed]`.
  private static func random(_ text: String) throws -> PreferenceGame {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard (2...3).contains(parts.count), let n = Int(parts[1]) else {
      throw GameError.preset(
        name: text, "expected random:n or random:n:seed, for example random:10 or random:64:7")
    }
    guard let seed = parts.count == 3 ? UInt64(parts[2]) : 0 else {
      throw GameError.preset(
        name: text, "expected a seed from 0 to \(UInt64.max), found \(quoted(String(parts[2])))")
    }
    return try random(count: n, seed: seed)
  }
}
