/// A game and what it is called: a prompt, a preset or a file.
public struct NamedGame: Sendable, Equatable {
  public let name: String
  public let game: PreferenceGame

  public init(name: String, game: PreferenceGame) {
    self.name = name
    self.game = game
  }
}
