import Foundation
import MPO
import MPOBackend
import TestSupport
import Testing

struct GameReportTests {
  private func settings(_ names: [String], steps: Int = 300) throws -> GameSettings {
    var settings = GameSettings(algorithms: try names.map { try AlgorithmChoice($0) })
    settings.steps = steps
    return settings
  }

  private func g1() throws -> NamedGame {
    NamedGame(name: "g1", game: try PreferenceGame.preset("g1"))
  }

  private func objects(_ lines: [String]) throws -> [[String: Any]] {
    try lines.map { line in
      #expect(!line.contains("\n"))
      return try #require(
        JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
    }
  }

  @Test func oneLineOfJSONForEachAlgorithm() throws {
    let report = try GameReport(g1(), settings(["mpo-adaptive", "mpo:sync=50", "mwu"]))
    let lines = try objects(report.jsonLines)
    #expect(lines.map { $0["algorithm"] as? String } == ["mpo-adaptive", "mpo:sync=50", "mwu"])
    let first = try #require(lines.first)
    #expect(first["n"] as? Int == 3 && first["game"] as? String == "g1")
    #expect(try #require(first["updates_to_1e-6"] as? Int) < 20)
    #expect(try #require(first["equilibrium_distance"] as? Double) < 1e-12)
    #expect((first["policy"] as? [Double])?.count == 3)
    let gap = try #require(first["gap"] as? [[Double]])
    #expect(gap.first?.first == 0 && gap.last?.first == 300)
    #expect(lines.last?["updates_to_1e-6"] is NSNull)
    #expect((lines[1]["settings"] as? [String: Double])?["magnet_sync_steps"] == 50)
  }

  @Test func textHasARowForEachAlgorithm() throws {
    let settings = try settings(["mpo-adaptive", "mwu"])
    let header = GameReport.header(try g1(), settings)
    #expect(header.contains("n = 3 (a, b, c)") && header.contains("run in circles"))
    let text = try GameReport(g1(), settings).text
    #expect(text.contains("mpo-adaptive") && text.contains("not in 300"))
    #expect(text.contains("equilibrium   0.363636  0.272727  0.363636"))
  }

  /// Settings that overflow: no number any more, and still JSON and a picture.
  @Test func divergenceIsReported() throws {
    let report = try GameReport(g1(), settings(["omwu:eta=1.79e308"]))
    let line = try #require(try objects(report.jsonLines).first)
    #expect((line["policy"] as? [Any])?.allSatisfy { $0 is NSNull } == true)
    #expect(line["equilibrium_distance"] is NSNull)
    #expect(try Picture(report.svg).texts.contains("start"))
    #expect(report.text.contains("nan"))
  }

  @Test func noUpdatesAndOneResponse() throws {
    let none = try GameReport(g1(), settings(["mpo"], steps: 0))
    #expect(none.results.first?.curve.steps == [0] && !none.isStopped)
    #expect(try objects(none.jsonLines).count == 1)
    _ = try Picture(none.svg)
    let lone = NamedGame(name: "x", game: try PreferenceGame(names: ["a"], values: [0.5]))
    let one = try GameReport(lone, settings(["mpo-adaptive", "mpo"], steps: 5))
    #expect(one.results.allSatisfy { $0.curve.gap.allSatisfy { $0 == 0 } })
    _ = try Picture(one.svg)
  }

  @Test func aStopKeepsWhatThereIs() throws {
    var updates = 0
    let report = try GameReport(g1(), settings(["mpo", "mwu"])) {
      updates += 1
      return updates < 137
    }
    #expect(report.isStopped && report.results.count == 1)
    #expect(report.results.first?.updates == 137)
    #expect(report.results.first?.curve.gap.count == report.results.first?.curve.steps.count)
  }

  @Test func settingsThatDoNotFit() throws {
    func refuses(_ change: (inout GameSettings) throws -> Void, _ text: String) throws {
      var settings = try settings(["mpo"])
      try change(&settings)
      let error = #expect(throws: GameError.self) { _ = try GameReport(g1(), settings) }
      #expect(error?.description.contains(text) == true, "\(String(describing: error))")
    }
    try refuses({ $0.algorithms = [] }, "at least one")
    try refuses({ $0.algorithms += $0.algorithms }, "given twice")
    try refuses({ $0.steps = -1 }, "found -1")
    try refuses({ $0.feedback = .sampled(opponents: -2, seed: 0) }, "found -2")
    try refuses({ $0.start = .policy([0.5, 0.5]) }, "2 probabilities")
    try refuses(
      {
        $0.algorithms = [try AlgorithmChoice("mpo-adaptive")]
        $0.feedback = .sampled(opponents: 8, seed: 0)
      }, "use mpo with opponents")
  }

  /// A transitive game and one with a cycle.
  @Test func manyGamesAreCounted() throws {
    let order = try PreferenceGame(
      names: ["a", "b", "c"], matrix: [[0.5, 0.9, 0.9], [0.1, 0.5, 0.9], [0.1, 0.1, 0.5]])
    let games = [NamedGame(name: "order", game: order), try g1()]
    let report = try GamesReport(source: "two", games, settings(["mpo-adaptive", "mwu"]))
    #expect(report.cyclic == 1 && report.played == 2 && !report.isStopped)
    #expect(order.unbeaten == 0)
    let lines = try objects(report.jsonLines)
    #expect(lines.map { $0["not_reached"] as? Int } == [0, 1])
    #expect(lines.last?["worst_game"] as? String == "g1")
    #expect((lines.last?["outcomes"] as? [[String: Any]])?.count == 2)
    #expect(report.text.contains("1 of 2"))
    #expect(try Picture(report.svg).curves == 4)
    let stopped = try GamesReport(source: "two", games, settings(["mpo"])) { false }
    #expect(stopped.isStopped && stopped.played == 0 && stopped.jsonLines.isEmpty)
  }

  @Test func quantilesAreNearestRanks() {
    let tenth = Quantiles((1...10).map(Double.init).shuffled())
    #expect((tenth.median, tenth.ninety, tenth.maximum) == (5, 9, 10))
    #expect(Quantiles([3]).ninety == 3)
    #expect(Quantiles([1, .nan]).maximum == .infinity && Quantiles([]).median == .infinity)
  }
}

struct GameBatchTests {
  private func batch(_ games: Int, _ size: Int, _ name: String) throws -> GameBatch {
    GameBatch(games: games, size: size, algorithm: try AlgorithmChoice(name))
  }

  /// The same games one by one on a table.
  @Test(arguments: GameBatch.Precision.allCases)
  func matchesSingleGames(_ precision: GameBatch.Precision) throws {
    var batch = try batch(3, 5, "mpo")
    batch.steps = 400
    batch.seed = 7
    batch.precision = precision
    let backend = try CPUBackend(threads: 2)
    let report = try GameBatchReport(batch, on: backend)
    #expect(report.steps == batch.recordedSteps && report.steps.last == 400)
    // Game 0 of the batch is the preset; the smallest of three gaps is none of the quantiles, so
    // a batch of one game compares.
    batch.games = 1
    let single = try GameBatchReport(batch, on: backend)
    let game = try PreferenceGame.random(count: 5, seed: 7)
    let curve = GameRun(game, steps: 400).play(
      batch.algorithm.make(start: try GameStart.ramp.logPolicy(5)))
    let tolerance = precision == .f64 ? 1e-13 : 1e-6
    #expect(abs((single.quantiles.last?.maximum ?? 1) - (curve.gap.last ?? 0)) < tolerance)
    #expect(abs((single.quantiles.first?.maximum ?? 1) - (curve.gap.first ?? 0)) < tolerance)
    #expect(JSONSerialization.isValidJSONObject([report.jsonLine]))
    _ = try Picture(report.chart.svg)
  }

  @Test func stopsBetweenCalls() throws {
    var batch = try batch(2, 3, "mwu")
    batch.steps = 1_000_000_000
    var calls = 0
    let report = try GameBatchReport(batch, on: CPUBackend(threads: 1)) { _ in
      calls += 1
      return calls < 6
    }
    #expect(report.isStopped && report.updates > 0)
    #expect(report.quantiles.count == report.steps.count)
  }

  @Test func refusesWhatCannotBePlayed() throws {
    func refuses(_ batch: GameBatch, _ text: String) {
      let error = #expect(throws: GameError.self) { try batch.validate() }
      #expect(error?.description.contains(text) == true, "\(String(describing: error))")
    }
    refuses(try batch(0, 3, "mpo"), "found 0")
    refuses(try batch(1, 0, "mpo"), "found 0")
    refuses(try batch(1, 3, "omwu"), "mpo, mmd and mwu")
    var given = try batch(1, 2, "mpo")
    given.start = .policy([0.5, 0.5])
    refuses(given, "uniform or at the ramp")
    let device = DeviceDescription(
      kind: .openCLGPU, name: "small", vendor: "", driver: "", computeUnits: 1, memory: 1 << 20)
    let large = try batch(4096, 64, "mpo")
    let error = #expect(throws: GameError.self) { try large.checkMemory(device) }
    #expect(error?.description.contains("MiB on small, which has 1") == true)
    let huge = try batch(Int(UInt32.max), 10_000, "mpo")
    #expect(throws: GameError.self) { try huge.checkMemory(device) }
  }

  @Test func recordedStepsIncrease() throws {
    var batch = try batch(1, 3, "mpo")
    for steps in [0, 1, 2, 7, 2000, Int.max] {
      batch.steps = steps
      let recorded = batch.recordedSteps
      #expect(recorded.first == 0 && recorded.last == steps)
      #expect(zip(recorded, recorded.dropFirst()).allSatisfy { $0 < $1 })
    }
  }
}
