import ArgumentParser
import MPO
import MPOBackend

struct GameCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "game",
    abstract: "Plays preference games on a table: MPO and its rivals, duality gap and policy.",
    discussion: """
      magnetic game --algorithm mpo-adaptive --algorithm mpo --algorithm mwu --plot gap.svg
      magnetic game --game wins.csv --algorithm mpo:eta=1,magnet_coef=.05 --json
      magnetic game --batch 4096 --size 64 --algorithm mpo --steps 2000
      magnetic game --game judgements.csv --neural --plot neural.svg

      GAMES    \(PreferenceGame.presetNames.joined(separator: ", ")), or a file: a matrix of win \
      rates, pairwise judgements (a game for each prompt) or votes; a file named like a preset is \
      ./g1
      METHODS  \(AlgorithmChoice.Kind.allCases.map(\.rawValue).joined(separator: ", ")); own \
      settings after a colon: mpo:eta=1,magnet_coef=.05,magnet_sync_steps=40

      The duality gap is 0 exactly at an equilibrium. 'to 1e-3' and 'to 1e-6' are the first updates \
      whose last iterate has a smaller gap; 'distance' is the total variation between the last \
      iterate and the nearest equilibrium. Games from judgements are counted together: median, 90 % \
      and maximum over the prompts.
      """)

  @Option(help: "A preset or a file (default: g1).") var game: String?
  @Option(help: "A method; repeat it to compare (default: mpo-adaptive, or mpo in a batch).")
  var algorithm: [String] = []
  @Option(parsing: .unconditional, help: "Step size of methods that have one (default: 0.3).")
  var eta: Double?
  @Option(parsing: .unconditional, help: "Weight of the magnet (default: 0.1).")
  var magnetCoef: Double?
  @Option(parsing: .unconditional, help: "Updates between refreshes; 0 never (default: 100).")
  var magnetSyncSteps: Int?
  @Option(
    parsing: .unconditional,
    help: "Updates (default: 5000; 2000 in a batch; with --neural 800, of one game 3000).")
  var steps: Int?
  @Option(help: "ramp | uniform | probabilities like 0.2,0.5,0.3 (default: ramp).")
  var start: String?
  @Option(
    parsing: .unconditional,
    help: "Opponents sampled in every update, in place of exact win rates.")
  var opponents: Int?
  @Option(
    parsing: .unconditional,
    help: "Seed of sampled opponents, a batch's games or a network's start (default: 0).")
  var seed: Int?
  @Flag(
    inversion: .prefixedNo,
    help: "Solve for the equilibrium (default: up to \(GameSettings.exactCount) responses).")
  var exact: Bool?
  @Option(help: "SVG file for a picture of the gaps.") var plot: String?
  @Flag(help: "Print one JSON object a line for each method.") var json = false
  @OptionGroup(title: "Files") var file: GameFileOptions
  @OptionGroup(title: "Batches of random games on a device") var batchOptions: GameBatchOptions
  @OptionGroup(title: "A network as policy, trained as language models are")
  var neuralOptions: GameNeuralOptions
  @OptionGroup(title: "Device of a batch or a network") var device: DeviceOptions

  func run() throws {
    try checkMode()
    let picture = try plot.map { try PictureFile($0) }
    if let games = batchOptions.batch {
      try playBatch(games, picture)
    } else if neuralOptions.neural {
      try playNeural(picture)
    } else {
      try playGames(picture)
    }
  }

  private enum Mode: String {
    case table = "a game on a table"
    case batch = "a --batch"
    case neural = "a --neural policy"
  }

  /// An option that would do nothing is an error: it was given for a reason.
  private func checkMode() throws {
    if batchOptions.batch != nil, neuralOptions.neural {
      throw ValidationError("--batch and --neural: random games, or a network; choose one")
    }
    let mode: Mode =
      batchOptions.batch != nil ? .batch : neuralOptions.neural ? .neural : .table
    let groups: [([Mode], [(String, Bool)])] = [
      ([.table], [("--opponents", opponents != nil), ("--exact or --no-exact", exact != nil)]),
      ([.table, .neural], [("--game", game != nil)] + file.given),
      ([.table, .batch], [("--algorithm", !algorithm.isEmpty)]),
      ([.batch], batchOptions.given),
      ([.neural], neuralOptions.given),
      (
        [.batch, .neural],
        [("--device", device.device != nil), ("--threads", device.threads != nil)]
      ),
    ]
    for (modes, options) in groups where !modes.contains(mode) {
      for (name, isGiven) in options where isGiven {
        throw ValidationError(
          "\(name) is for \(modes.map(\.rawValue).joined(separator: " or ")), but this is "
            + "\(mode.rawValue); leave it out")
      }
    }
    if seed != nil, mode == .table, opponents == nil {
      throw ValidationError(
        "--seed is for --opponents, --batch or --neural; a random game has its own: random:n:seed")
    }
    if let seed, seed < 0 { throw ValidationError("--seed: expected 0 or more, found \(seed)") }
    if let steps, steps < 0 { throw ValidationError("--steps: expected 0 or more, found \(steps)") }
  }

  func algorithms(default name: String) throws -> [AlgorithmChoice] {
    let choices = try (algorithm.isEmpty ? [name] : algorithm).map {
      try AlgorithmChoice(
        $0, eta: eta ?? 0.3, magnetCoefficient: magnetCoef ?? 0.1,
        magnetSyncSteps: magnetSyncSteps ?? 100)
    }
    let given: [(String, Bool, (AlgorithmChoice.Kind) -> Bool)] = [
      ("--eta", eta != nil, \.usesEta), ("--magnet-coef", magnetCoef != nil, \.usesMagnet),
      ("--magnet-sync-steps", magnetSyncSteps != nil, \.refreshes),
    ]
    for (option, isGiven, uses) in given
    where isGiven && !choices.contains(where: { uses($0.kind) }) {
      let names = choices.map(\.text).joined(separator: ", ")
      throw ValidationError(
        "\(option) changes nothing in \(names); name a method that uses it, like --algorithm mpo")
    }
    return choices
  }

  func startingPoint() throws -> GameStart { try start.map { try GameStart($0) } ?? .ramp }
}
