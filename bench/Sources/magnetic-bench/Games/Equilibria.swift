import ArgumentParser
import Foundation
import MPO

/// Updates until the original game is solved: fourteen games by every algorithm, then games that no
/// setting was chosen on. Writes Markdown to standard output.
struct Equilibria: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Updates to gap 1e-3 and 1e-6, by algorithm and game (Markdown).")

  @Option(help: "Folder with random10/, soccer.txt, arena/ and qlora-pairwise/.")
  var data = "../shared/data/games"
  @Option(help: "Most updates.")
  var steps = 20_000

  func run() throws {
    let start = Date()
    let games = try GameSet(folder: data)
    try grid(games.known)
    print()
    try unseen(games.unseen)
    note("done in \(Int(Date().timeIntervalSince(start))) s")
  }

  /// Games by algorithms, each with the best setting of its grid for this game and threshold.
  private func grid(_ games: [NamedGame]) throws {
    let columns = try AlgorithmGrid.all()
    print("| game | " + columns.map(\.title).joined(separator: " | ") + " |")
    print("|---" + String(repeating: "|---", count: columns.count) + "|")
    for game in games {
      let cells = try columns.map { column -> String in
        let results = try parallel(column.choices) { choice in
          try Trial(choice, average: column.average, game.game, steps: steps)
        }
        return Trial.thresholds.indices.map { i in
          results.compactMap { $0.reached[i] }.min().map(String.init) ?? "–"
        }.joined(separator: " / ")
      }
      print("| \(game.name) | " + cells.joined(separator: " | ") + " |")
      note(game.name)
    }
  }

  private func unseen(_ sets: [(title: String, games: [NamedGame])]) throws {
    print(
      "| games | number | below 1e-3: median, 90 %, most | below 1e-6: median, 90 %, most | "
        + "not in \(steps) | largest last gap |")
    print("|---|---|---|---|---|---|")
    let adaptive = try AlgorithmChoice("mpo-adaptive")
    for set in sets {
      let trials = try parallel(set.games) {
        try Trial(adaptive, average: false, $0.game, steps: steps)
      }
      let columns = Trial.thresholds.indices.map { i -> String in
        let sorted = trials.map { $0.reached[i] ?? .max }.sorted()
        func quantile(_ share: Double) -> String {
          let value = sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
          return value == .max ? "–" : "\(value)"
        }
        return "\(quantile(0.5)), \(quantile(0.9)), \(quantile(1))"
      }
      let failed = trials.filter { $0.reached[1] == nil }.count
      let worst = trials.map(\.lastGap).max() ?? 0
      print(
        "| \(set.title) | \(set.games.count) | \(columns[0]) | \(columns[1]) | \(failed) | "
          + String(format: "%.1e |", worst))
      note(set.title)
    }
  }

  private func note(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
  }
}

/// One run without a curve: the first updates below each threshold.
struct Trial: Sendable {
  static let thresholds = [1e-3, 1e-6]
  var reached: [Int?] = [nil, nil]
  /// At the last update taken; a run ends early once the last threshold was reached.
  var lastGap = 1.0

  init(_ choice: AlgorithmChoice, average: Bool, _ game: PreferenceGame, steps: Int) throws {
    var algorithm = choice.make(start: try GameStart.ramp.logPolicy(game.count))
    var sum = [Double](repeating: 0, count: game.count)
    for step in 1...steps where reached[1] == nil {
      algorithm.update { game.winRates(against: $0) }
      var policy = algorithm.policy
      if average {
        for y in sum.indices {
          sum[y] += policy[y]
          policy[y] = sum[y] / Double(step)
        }
      }
      lastGap = game.dualityGap(policy)
      for (i, threshold) in Self.thresholds.enumerated()
      where reached[i] == nil && lastGap < threshold { reached[i] = step }
    }
  }
}

/// Items over all cores; results in order. The first error is thrown.
func parallel<Item: Sendable, Value: Sendable>(
  _ items: [Item], _ body: @Sendable @escaping (Item) throws -> Value
) throws -> [Value] {
  let results = Results<Value>(items.count)
  DispatchQueue.concurrentPerform(iterations: items.count) { i in
    results.set(i, Result { try body(items[i]) })
  }
  return try results.values()
}

private final class Results<Value: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var slots: [Result<Value, any Error>?]

  init(_ count: Int) { slots = .init(repeating: nil, count: count) }
  func set(_ i: Int, _ result: Result<Value, any Error>) { lock.withLock { slots[i] = result } }
  func values() throws -> [Value] { try slots.compactMap { $0 }.map { try $0.get() } }
}
