import MPOBackend

/// The demo's preferences: whom a story is about decides. A rock-paper-scissors with unequal
/// stakes, so that no single answer is best (game G1 of the tests):
/// a dragon beats a knight (9 of 10), a wizard a dragon (9 of 10), a knight a wizard (8 of 10).
/// A text with none of them (a stone, a cloud) loses against all three.
///
/// The equilibrium is (4, 3, 4, 0) / 11: each creature wins half of the time against it, and it
/// wins against whoever tells of stones.
public enum DemoGame {
  public static let creatures = ["knight", "dragon", "wizard"]
  public static let classes = creatures + ["other"]
  public static let matrix = [
    [0.5, 0.1, 0.8, 1], [0.9, 0.5, 0.1, 1], [0.2, 0.9, 0.5, 1], [0, 0, 0, 0.5],
  ]
  public static let equilibrium = [4.0 / 11, 3.0 / 11, 4.0 / 11, 0]

  /// The judge as it stands in a configuration.
  static var yaml: String {
    var text = "type: categories\ncategories:  # the first pattern that matches the response\n"
    for name in classes {
      let pattern = creatures.contains(name) ? "\\b\(name)\\b" : ""
      text += "  - {name: \(name), pattern: '\(pattern)'}\n"
    }
    text += "matrix:  # row beats column with this probability\n"
    for row in matrix { text += "  - [\(row.map(shortNumber).joined(separator: ", "))]\n" }
    return text
  }

  /// Mean duality gap that an exact equilibrium player would show when judged by `samples`
  /// responses: what a measured gap cannot be told apart from. By drawing, 200 times.
  public static func samplingGap(_ game: PreferenceGame, samples: Int, seed: UInt64) -> Double {
    let repeats = 200
    var sum = 0.0
    for stream in 0..<repeats {
      var random = PhiloxGenerator(
        seed: seed, domain: .bootstrap, stream: UInt32(truncatingIfNeeded: stream))
      let drawn = (0..<samples).map { _ in
        StoryGrammar.draw(equilibrium, Double(random.uniform()))
      }
      sum += game.dualityGap(game.shares(drawn))
    }
    return sum / Double(repeats)
  }
}
