import ArgumentParser
import MPO
import MPOBackend

/// How a file of games is read.
struct GameFileOptions: ParsableArguments {
  @Option(help: "matrix | judgements | votes (default: told from the header).")
  var format: String?
  @Option(
    parsing: .unconditional,
    help: "Matrix: the payoffs' range, like -1:1 or 0:100 (default: probabilities).")
  var payoffRange: String?
  @Flag(help: "Matrix: take the mean of a value and what its reverse implies.")
  var antisymmetrise = false
  @Flag(help: "Leave out players until every pair has a value.") var completeSubgame = false
  @Option(help: "Judgements: play one prompt.") var prompt: String?
  @Flag(help: "Judgements: play one game, the mean over the prompts.") var pooled = false
  @Flag(help: "Judgements: a pair counts when it was judged in both orders.")
  var requireBothOrders = false
  @Option(
    parsing: .unconditional,
    help: "Votes: added to every pair, half for each side (default: 0).")
  var priorVotes: Double?

  /// For modes without files.
  var given: [(String, Bool)] {
    [
      ("--format", format != nil), ("--payoff-range", payoffRange != nil),
      ("--antisymmetrise", antisymmetrise), ("--complete-subgame", completeSubgame),
      ("--prompt", prompt != nil), ("--pooled", pooled),
      ("--require-both-orders", requireBothOrders), ("--prior-votes", priorVotes != nil),
    ]
  }

  func resolved() throws -> GameSourceOptions {
    var options = GameSourceOptions()
    if let format {
      guard let kind = GameFormat(rawValue: format) else {
        throw ValidationError(
          "--format: expected \(GameFormat.allCases.map(\.rawValue).joined(separator: ", ")), "
            + "found '\(format)'")
      }
      options.format = kind
    }
    if let payoffRange { options.scale = .payoff(try Self.range(payoffRange)) }
    options.antisymmetrise = antisymmetrise
    options.missing = completeSubgame ? .completeSubgame : .refuse
    options.pooled = pooled
    options.requireBothOrders = requireBothOrders
    if let priorVotes {
      guard priorVotes >= 0, priorVotes.isFinite else {
        throw ValidationError("--prior-votes: expected 0 or more, found \(priorVotes)")
      }
      options.priorVotes = priorVotes
    }
    if prompt != nil, pooled {
      throw ValidationError("--prompt and --pooled: a prompt's game or the mean; choose one")
    }
    return options
  }

  private static func range(_ text: String) throws -> ClosedRange<Double> {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
      .map { Double($0) }
    guard parts.count == 2, let low = parts[0], let high = parts[1], low.isFinite, high.isFinite,
      low < high
    else {
      throw ValidationError(
        "--payoff-range: expected lowest:highest like -1:1 or 0:100, found '\(text)'")
    }
    return low...high
  }
}

/// Many random games at once.
struct GameBatchOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: "Number of random games, played on the device.")
  var batch: Int?
  @Option(parsing: .unconditional, help: "Responses of each game (default: 64).")
  var size: Int?
  @Option(help: "f32 | f64 (default: f32).") var precision: String?

  /// For modes without a batch.
  var given: [(String, Bool)] {
    [
      ("--size", size != nil), ("--precision", precision != nil),
    ]
  }
}
