/// What is wrong with a request to play a game, besides `DataError` for what a file's lines hold.
public enum GameError: Error, Equatable, CustomStringConvertible {
  /// No such preset, or its parameters are out of range.
  case preset(name: String, String)
  /// Neither a preset nor a file.
  case source(String, String)
  /// Pairs of players without a value; the first of them, and how many.
  case incomplete(path: String, first: PlayerPair, missing: Int, String)
  /// The options do not fit each other or what the source holds.
  case options(String)
  /// No such algorithm, or settings that it does not take.
  case algorithm(String)
  /// The start is no policy of the game.
  case start(String)
  /// The linear programme of an equilibrium did not end.
  case solver(String)

  public var description: String {
    switch self {
    case .preset(let name, let text): return "game '\(name)': \(text)"
    case .source(let name, let text): return "game '\(name)': \(text)"
    case .incomplete(let path, let pair, let missing, let text):
      let others = missing == 1 ? "the only such pair" : "one of \(missing) such pairs"
      return "\(path): no value for '\(pair.first)' against '\(pair.second)', \(others); \(text)"
    case .options(let text), .algorithm(let text), .start(let text), .solver(let text): return text
    }
  }
}

/// Two players by name.
public struct PlayerPair: Sendable, Equatable, Hashable {
  public let first: String
  public let second: String

  public init(_ first: String, _ second: String) {
    self.first = first
    self.second = second
  }
}

/// What to do where a pair of players has no value.
public enum MissingPairs: Sendable, Equatable {
  /// An error that names a pair and counts the others. Default: data are never dropped unasked.
  case refuse
  /// Leave players out until every pair has a value, and say which.
  case completeSubgame
}

/// A game and the players of its source that are not in it.
public struct CompleteGame: Sendable, Equatable {
  public let game: PreferenceGame
  /// Left out by `MissingPairs.completeSubgame`, in the source's order; empty otherwise.
  public let leftOut: [String]
}
