/// What is wrong with a request to play a game.
public enum GameError: Error, Equatable, CustomStringConvertible {
  case algorithm(String)
  case start(String)
  case settings(String)
  case solver(String)

  public var description: String {
    switch self {
    case .algorithm(let text), .start(let text), .settings(let text), .solver(let text): return text
    }
  }
}
