import Foundation
import MPO

/// The games of the tables.
struct GameSet {
  /// The fourteen of the goal.
  let known: [NamedGame]
  /// Games that no constant was chosen on.
  let unseen: [(title: String, games: [NamedGame])]

  init(folder: String) throws {
    func file(_ name: String) throws -> PreferenceGame {
      try GameSource.load("\(folder)/\(name)").games[0].game
    }
    var known = try (0..<10).map { i in
      NamedGame(name: "random10/\(i)", game: try file("random10/\(i).csv"))
    }
    for name in ["g1", "g2"] {
      known.append(NamedGame(name: name.uppercased(), game: try .preset(name)))
    }
    known.append(NamedGame(name: "soccer", game: try file("soccer.txt")))
    known.append(NamedGame(name: "rock-paper-scissors", game: try .preset("rps")))
    self.known = known

    var unseen: [(title: String, games: [NamedGame])] = []
    var complete = GameSourceOptions()
    complete.missing = .completeSubgame
    let arena = try ["text_full", "text_coding"].flatMap { name in
      try GameSource.load("\(folder)/arena/winrate_\(name).csv", options: complete).games
    }
    unseen.append(("Chatbot Arena, complete sub-games (text, coding)", arena))
    var pooled = GameSourceOptions()
    pooled.pooled = true
    for (name, title) in [("oa", "Open Assistant"), ("vicuna", "Vicuna")] {
      let path = "\(folder)/qlora-pairwise/\(name)_pairs.csv"
      unseen.append(("\(title) prompts, one game each", try GameSource.load(path).games))
      unseen.append(
        ("\(title), pooled over prompts", try GameSource.load(path, options: pooled).games))
    }
    for n in [3, 10, 30, 100] {
      let games = try (0..<(n < 100 ? 100 : 20)).map { seed in
        NamedGame(name: "random:\(n):\(seed)", game: try .random(count: n, seed: UInt64(seed)))
      }
      unseen.append(("random, n = \(n)", games))
    }
    self.unseen = unseen
  }
}
