import Foundation

/// What a file of games holds.
public enum GameFormat: String, Sendable, Equatable, CaseIterable {
  case matrix, judgements, votes
}

/// How a source of games is read; each property says which kind of file it is for.
public struct GameSourceOptions: Sendable, Equatable {
  /// The kind of file. Default: nil, told from the header as `GameSource.format(of:)` says.
  public var format: GameFormat?
  /// Matrix: what the numbers mean. Default: probabilities.
  public var scale = MatrixScale.probability
  /// Matrix: `MatrixFileOptions.antisymmetrise`. Default: false.
  public var antisymmetrise = false
  /// Matrix, votes and pooled judgements. Default: an error.
  public var missing = MissingPairs.refuse
  /// Judgements: `JudgedGames.Options.requireBothOrders`. Default: false.
  public var requireBothOrders = false
  /// Judgements: one game over all prompts in place of one for each. Default: false.
  public var pooled = false
  /// Votes: `VoteFileOptions.priorVotes`. Default: 0.
  public var priorVotes = 0.0

  public init() {}
}

/// Games as a command wants them.
public struct LoadedGames: Sendable, Equatable {
  /// What was asked for: the preset's name or the path.
  public let source: String
  /// Nil for a preset.
  public let format: GameFormat?
  /// At least one.
  public let games: [NamedGame]
  /// What a person should know, one line each: players left out, prompts that are incomplete.
  public let notes: [String]

  /// The game of one prompt of a file of judgements.
  /// - Throws: `GameError.options`.
  public func game(prompt: String) throws -> NamedGame {
    guard format == .judgements else {
      throw GameError.options(
        "\(source): a prompt is for a file of judgements; this is "
          + (format.map { "one of \($0.rawValue)" } ?? "a preset") + ". Leave it out")
    }
    guard let found = games.first(where: { $0.name == prompt }) else {
      let some = games.prefix(3).map(\.name).joined(separator: ", ")
      throw GameError.options(
        "\(source): no complete prompt \(quoted(prompt, limit: 60)); expected one of "
          + "\(games.count): \(some)\(games.count > 3 ? ", ..." : "")")
    }
    return found
  }
}

/// Games by name: the one entry point for a command.
public enum GameSource {
  /// A preset (`PreferenceGame.preset`) or the path of a file. A file that is called like a preset
  /// is reached by `./g1`.
  /// - Throws: `GameError`, `DataError`.
  public static func load(
    _ text: String, options: GameSourceOptions = GameSourceOptions()
  ) throws -> LoadedGames {
    if isPreset(text) {
      try options.check(source: text, format: nil)
      let game = NamedGame(name: text, game: try PreferenceGame.preset(text))
      return LoadedGames(source: text, format: nil, games: [game], notes: [])
    }
    guard FileManager.default.fileExists(atPath: text) else {
      throw GameError.source(
        text,
        "no such file and no such preset; the presets are "
          + PreferenceGame.presetNames.joined(separator: ", ")
          + ", and a file holds a matrix, pairwise judgements or votes")
    }
    let table = try TableFile(text, what: "a game: a matrix, pairwise judgements or votes")
    let format = options.format ?? format(of: table)
    try options.check(source: text, format: format)
    switch format {
    case .matrix:
      let matrix = MatrixFileOptions(
        scale: options.scale, antisymmetrise: options.antisymmetrise, missing: options.missing)
      return one(try PreferenceGame.matrix(table, options: matrix), text, format)
    case .votes:
      let votes = VoteFileOptions(priorVotes: options.priorVotes, missing: options.missing)
      return one(try PreferenceGame.votes(table, options: votes), text, format)
    case .judgements: return try judgements(table, text, options)
    }
  }

  /// Told from the names in the first row, in any case: three of `prompt`, `first`, `second`,
  /// `score` are judgements; three of `first`, `second`, `wins_first`, `wins_second`, or `winner`
  /// with `model_a` or `model_b`, are votes; anything else is a matrix. One column may be absent so
  /// that the error can name it.
  static func format(of table: TableFile) -> GameFormat {
    let names = Set(TableColumns.names(table.first))
    if names.intersection(Judgements.columns).count >= 3 { return .judgements }
    if names.intersection(Votes.countColumns).count >= 3 { return .votes }
    return names.contains("winner") && !names.isDisjoint(with: ["model_a", "model_b"])
      ? .votes : .matrix
  }

  private static func isPreset(_ text: String) -> Bool {
    let name = text.lowercased()
    return ["g1", "g2", "rps", "rock-paper-scissors", "random"].contains(name)
      || name.hasPrefix("random:")
  }

  private static func one(
    _ complete: CompleteGame, _ path: String, _ format: GameFormat, name: String? = nil,
    notes: [String] = []
  ) -> LoadedGames {
    let file = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    var notes = notes
    if !complete.leftOut.isEmpty {
      notes.append(
        "\(complete.leftOut.count) of \(complete.leftOut.count + complete.game.count) players left "
          + "out, so that every pair has a value: " + complete.leftOut.joined(separator: ", "))
    }
    return LoadedGames(
      source: path, format: format,
      games: [NamedGame(name: name ?? file, game: complete.game)], notes: notes)
  }

  private static func judgements(
    _ table: TableFile, _ path: String, _ options: GameSourceOptions
  ) throws -> LoadedGames {
    let judged = try JudgedGames(
      table, options: .init(requireBothOrders: options.requireBothOrders))
    if options.pooled {
      let prompts = judged.games.count + judged.incomplete.count
      return one(
        try judged.pooled(missing: options.missing), path, .judgements,
        notes: ["the mean over \(prompts) prompts"])
    }
    guard !judged.games.isEmpty else {
      let text = judged.incomplete.first.map(Self.missing) ?? "none"
      throw DataError.format(
        path: path,
        "of \(judged.incomplete.count) prompts none has every pair of \(judged.players.count) "
          + "players judged; \(text). Judge the rest, or ask for one game pooled over the prompts")
    }
    var notes: [String] = []
    if let first = judged.incomplete.first {
      notes.append(
        "\(judged.incomplete.count) of \(judged.games.count + judged.incomplete.count) prompts "
          + "incomplete and left out; \(missing(first))")
    }
    if judged.oneOrderPairs > 0 {
      let n = judged.players.count
      notes.append(
        "\(judged.oneOrderPairs) of \(judged.games.count * n * (n - 1) / 2) pairs judged in one "
          + "order only")
    }
    return LoadedGames(source: path, format: .judgements, games: judged.games, notes: notes)
  }

  private static func missing(_ prompt: JudgedGames.Incomplete) -> String {
    let pair = prompt.missing.first.map { "'\($0.first)' against '\($0.second)'" } ?? "pairs"
    let others = prompt.missingCount == 1 ? "" : " and \(prompt.missingCount - 1) more"
    return "prompt \(quoted(prompt.prompt, limit: 60)) lacks \(pair)\(others)"
  }
}

extension GameSourceOptions {
  /// An option that would do nothing is an error: it was given for a reason.
  fileprivate func check(source: String, format: GameFormat?) throws {
    let other = GameSourceOptions()
    let given: [(name: String, isGiven: Bool, fits: [GameFormat])] = [
      ("the format", self.format != nil, GameFormat.allCases),
      ("the scale", scale != other.scale, [.matrix]),
      ("antisymmetrise", antisymmetrise, [.matrix]),
      ("requiring both orders", requireBothOrders, [.judgements]),
      ("pooling", pooled, [.judgements]),
      ("prior votes", priorVotes != 0, [.votes]),
      (
        "a complete sub-game", missing != other.missing,
        pooled ? GameFormat.allCases : [.matrix, .votes]
      ),
    ]
    for option in given where option.isGiven {
      if let format, option.fits.contains(format) { continue }
      let fits = option.fits.map(\.rawValue).joined(separator: " or ")
      throw GameError.options(
        "\(source): \(option.name) is for a file of \(fits); this is "
          + (format.map { "one of \($0.rawValue)" } ?? "a preset") + ". Leave it out")
    }
  }
}
