/// What is played on every game of a report.
public struct GameSettings: Sendable {
  public var algorithms: [AlgorithmChoice]
  /// Updates of each algorithm on each game. Default: 5000.
  public var steps = 5000
  /// Default: `GameStart.ramp`.
  public var start = GameStart.ramp
  /// Default: exact win rates.
  public var feedback = Feedback.full
  /// Whether to solve for the equilibrium. Default: nil, up to `exactCount` responses.
  public var exact: Bool?

  /// A linear programme of so many responses takes seconds.
  public static let exactCount = 100
  /// After a stop it is solved only up to this size, where it takes no time.
  static let immediateCount = 20

  public init(algorithms: [AlgorithmChoice]) { self.algorithms = algorithms }

  /// - Throws: `GameError` for settings that do not fit each other.
  public func validate() throws {
    guard !algorithms.isEmpty else {
      throw GameError.options("expected at least one algorithm, found none")
    }
    var seen: Set<String> = []
    for choice in algorithms where !seen.insert(choice.text).inserted {
      throw GameError.options(
        "algorithm '\(choice.text)' is given twice; give each with other settings, like "
          + "mpo:eta=1, or once")
    }
    guard steps >= 0 else { throw GameError.options("expected 0 steps or more, found \(steps)") }
    guard case .sampled(let opponents, _) = feedback else { return }
    guard opponents >= 1 else {
      throw GameError.options("expected 1 opponent or more, found \(opponents)")
    }
    guard !algorithms.contains(where: { $0.kind == .adaptiveMPO }) else {
      throw GameError.options(
        "mpo-adaptive needs exact win rates; use mpo with opponents, or leave opponents out")
    }
  }

  func solvesExactly(_ count: Int, stopped: Bool) -> Bool {
    stopped
      ? exact != false && count <= Self.immediateCount
      : exact ?? (count <= Self.exactCount)
  }

  /// Names for tables and legends: the method's title, or what the user wrote where two share it.
  public var labels: [String] {
    algorithms.map { choice in
      algorithms.filter { $0.kind == choice.kind }.count > 1 ? choice.text : choice.kind.title
    }
  }

  /// `exact win rates, start ramp` and the like.
  var conditions: String {
    let told: String
    switch feedback {
    case .full: told = "exact win rates"
    case .sampled(let opponents, let seed):
      told = "win rates from \(opponents) sampled opponents (seed \(seed))"
    }
    let begin: String
    switch start {
    case .uniform: begin = "uniform"
    case .ramp: begin = "ramp, softmax(0.01 i)"
    case .policy(let values):
      begin =
        values.count > 8
        ? "\(values.count) given probabilities" : values.map(shortNumber).joined(separator: ", ")
    }
    return "\(told); start: \(begin)"
  }

  /// One line for each algorithm.
  var algorithmLines: [String] {
    let width = algorithms.map(\.text.count).max() ?? 0
    return algorithms.map { choice in
      let space = String(repeating: " ", count: width - choice.text.count)
      let settings = choice.settingsText.isEmpty ? "no settings" : choice.settingsText
      return "  \(choice.text)\(space)  \(choice.kind.title): \(settings)"
    }
  }
}

extension AlgorithmChoice {
  /// Settings as JSON, those that the method uses.
  var settingsJSON: JSONLine {
    var line = JSONLine()
    if kind.usesEta { line.add("eta", eta) }
    if kind.usesMagnet {
      line.add("magnet_coef", magnetCoefficient)
      line.add("magnet_sync_steps", magnetSyncSteps)
    }
    return line
  }
}
