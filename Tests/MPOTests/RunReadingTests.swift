import Foundation
import MPOModel
import TestSupport
import Testing

@testable import MPO

/// Metrics of runs in every state that a run can be left in.
@Suite struct RunReadingTests {
  private func read(_ lines: String) throws -> LoggedRun {
    let folder = try TemporaryFolder()
    try folder.write(lines, "metrics.jsonl")
    return try RunFolder.read(folder.path, name: "run")
  }

  private func values(_ curve: RunCurve?) -> [Double] {
    curve?.columns.flatMap { $0.points.map(\.value) } ?? []
  }

  @Test func plainLines() throws {
    let run = try read(
      """
      {"step": 1, "loss": 3, "num_tokens": 64, "step_time": 0.5, "magnet/updates": 0}
      {"step": 2, "loss": 2.5, "num_tokens": 128, "step_time": 0.25, "magnet/updates": 1, "note": "x"}

      {"step": 3, "loss": 2, "eval_loss": 1, "num_tokens": 192, "step_time": 0.25, "magnet/updates": 1}

      """)
    #expect(values(run["loss"]) == [3, 2.5, 2])
    #expect(run["loss"]?.last == .init(step: 3, tokens: 192, seconds: 1, value: 2))
    #expect(run["eval_loss"]?.first?.step == 3)
    #expect(run.refreshes == [2])
    #expect(run.seconds == 1 && run.tokens == 192 && run.lastStep == 3)
    #expect(run.notes.isEmpty)
    #expect(run["note"] == nil)
  }

  @Test func emptyTornAndBroken() throws {
    #expect(try read("").notes == ["no step has been logged yet"])
    let torn = try read("{\"step\": 1, \"loss\": 1}\n{\"step\": 2, \"lo")
    #expect(values(torn["loss"]) == [1])
    #expect(torn.notes == ["the last line of metrics.jsonl is unfinished and left out"])
    // Whole but for its line end, as a reader may find a growing file.
    #expect(
      values(try read("{\"step\": 1, \"loss\": 1}\n{\"step\": 2, \"loss\": 4}")["loss"]) == [1, 4])
    let broken = try read(
      "{\"step\": 1, \"loss\": 1}\nnonsense\n[1]\n{\"loss\": 3}\n{\"step\": 3, \"loss\": 5}\n")
    #expect(values(broken["loss"]) == [1, 5])
    #expect(
      broken.notes == ["line 2 of metrics.jsonl and 2 more were skipped: it is no JSON object"])
  }

  @Test func whatIsNoNumberInterrupts() throws {
    let run = try read(
      """
      {"step": 1, "loss": 1, "gap": null}
      {"step": 2, "loss": null, "gap": null}
      {"step": 3, "loss": 2}

      """)
    #expect(run["loss"]?.columns.map(\.followsGap) == [false, true])
    #expect(run["loss"]?.points(.steps).map { $0?.y } == [1, nil, 2])
    #expect(run["gap"] == nil, "nothing to draw")
    #expect(run.notes.count == 1)
  }

  /// What was logged last counts, in the curve, its sums, the refreshes and the time.
  @Test func stepsThatAreLoggedAgain() throws {
    let run = try read(
      """
      {"step": 1, "loss": 1, "step_time": 1, "num_tokens": 10, "magnet/updates": 0}
      {"step": 2, "loss": 2, "step_time": 1, "num_tokens": 20, "magnet/updates": 1}
      {"step": 3, "loss": 3, "step_time": 1, "num_tokens": 30, "magnet/updates": 2}
      {"step": 2, "loss": 7, "step_time": 5, "num_tokens": 20, "magnet/updates": 0}
      {"step": 3, "loss": 8, "step_time": 5, "num_tokens": 30, "magnet/updates": 1}

      """)
    #expect(values(run["loss"]) == [1, 7, 8])
    #expect(run.refreshes == [3])
    #expect(run.seconds == 11 && run["loss"]?.last?.seconds == 11)
    #expect(run.notes.count == 1)
  }

  /// Bounded, spikes kept, sums exact.
  @Test func longCurvesAreThinned() throws {
    var curve = RunCurve(limit: 100)
    for step in 1...50_000 {
      curve.append(
        .init(step: step, tokens: .nan, seconds: 0, value: step == 37_777 ? 1000 : Double(step % 2))
      )
    }
    #expect(curve.columns.count <= 100 && curve.columns.count > 40)
    #expect(curve.count == 50_000)
    let points = curve.points(.steps).compactMap { $0 }
    #expect(points.contains { $0.x == 37_777 && $0.y == 1000 })
    #expect(points.first?.x == 1 && points.last?.x == 50_000)
    #expect(abs(curve.columns.reduce(0) { $0 + $1.sum } - 25_999) < 1e-6)
    #expect(!curve.isWhole && RunCurve().isWhole)
    curve.truncate(from: 25_001)
    #expect((curve.last?.step ?? 0) <= 25_000)
    curve.truncate(from: 0)
    #expect(curve.isEmpty)
  }

  /// What is kept of a curve does not grow with the run; tools/check_report.sh measures 100 MB.
  @Test func memoryStaysBounded() throws {
    let folder = try TemporaryFolder()
    let metrics = (0..<12).map { "\"m\($0)\": 0.123456" }.joined(separator: ", ")
    try folder.write("", "metrics.jsonl")
    let file = try #require(FileHandle(forWritingAtPath: folder.file("metrics.jsonl")))
    for start in stride(from: 1, to: 4001, by: 1000) {
      let lines = (start..<(start + 1000)).map { "{\"step\": \($0), \(metrics)}\n" }.joined()
      try file.write(contentsOf: Data(lines.utf8))
    }
    try file.close()
    let run = try RunFolder.read(folder.path, name: "long")
    #expect(run.curves.count == 12)
    #expect(run.curves.allSatisfy { $0.curve.columns.count <= 400 && $0.curve.count == 4000 })
  }

  @Test func smoothing() throws {
    var curve = RunCurve()
    for step in 1...200 {
      curve.append(.init(step: step, tokens: .nan, seconds: 0, value: step <= 100 ? 0 : 10))
    }
    let smooth = curve.smoothed(.steps).compactMap { $0?.y }
    #expect(smooth.first == 0 && smooth.last == 10)
    #expect(smooth.contains { $0 > 0 && $0 < 10 }, "blurred over the jump")
    let sharp = curve.smoothed(.steps, breaks: [100]).compactMap { $0?.y }
    #expect(sharp == curve.points(.steps).compactMap { $0?.y }, "not over a refresh")
    #expect(curve.lastTenth == 10)
  }

  @Test func meansOverSeeds() {
    let a: [PlotPoint] = [(1, 0), (2, 2), (3, 4)]
    let b: [PlotPoint] = [(1, 2), (2, 4), (3, 6), (4, 100)]
    let line = MeanLine([a, b])
    #expect(line.mean.compactMap { $0?.x } == [1, 2, 3], "where both are")
    #expect(line.mean.compactMap { $0?.y } == [1, 3, 5])
    #expect(line.band.map(\.high) == [2, 4, 6])
    #expect(line.band.map(\.low) == [0, 2, 4])
    #expect(MeanLine([]).mean.isEmpty && MeanLine([[], a]).mean.count == 3)
  }

  @Test func samplesAreSpread() throws {
    let lines = (1...100).map {
      "{\"step\": \($0), \"completions\": \"[{\\\"prompt\\\": \\\"p\\\", \\\"completion\\\": \\\"c\($0)\\\", \\\"winRate\\\": 0.5}]\"}\n"
    }.joined()
    let run = try read(lines)
    #expect(run.samples.count <= 9)
    #expect(run.samples.first?.step == 1 && run.samples.last?.step == 100)
    #expect(
      run.samples.last?.samples.first
        == LoggedSample.list(
          "[{\"prompt\": \"p\", \"completion\": \"c100\", \"win_rate\": 0.5}]")?.first)
  }

  @Test func foldersAndNames() throws {
    let folder = try TemporaryFolder()
    for name in ["mpo/seed-10", "mpo/seed-2", "dpo", "mpo/seed-2/checkpoint-4"] {
      try FileManager.default.createDirectory(
        atPath: folder.file(name), withIntermediateDirectories: true)
      try folder.write("", "\(name)/metrics.jsonl")
    }
    let found = try RunFolder.find([folder.path])
    #expect(RunNames.names(found) == ["dpo", "mpo/seed-2", "mpo/seed-10"])
    #expect(RunNames.names([folder.file("mpo/seed-2")]) == ["mpo/seed-2"])
    #expect(
      RunNames.names(try RunFolder.find([folder.file("mpo")])) == ["mpo/seed-2", "mpo/seed-10"])
    #expect(try RunFolder.find([folder.file("dpo/metrics.jsonl"), folder.file("mpo/")]).count == 3)
    try FileManager.default.createDirectory(
      atPath: folder.file("empty"), withIntermediateDirectories: true)
    try folder.write("x", "file.txt")
    #expect(throws: ReportError.notARun(path: folder.file("empty"), found: "an empty folder")) {
      try RunFolder.find([folder.file("empty")])
    }
    #expect(throws: ReportError.notARun(path: folder.file("file.txt"), found: "a file")) {
      try RunFolder.find([folder.file("file.txt")])
    }
    #expect(throws: ReportError.missing(path: "nowhere")) { try RunFolder.find(["nowhere"]) }
    #expect(throws: ReportError.self) {
      try RunFolder.find([folder.file("dpo"), folder.file("mpo/../dpo")])
    }
  }

  @Test func seedsByName() {
    for (name, setting, seed) in [
      ("mpo/seed-3", "mpo", 3), ("mpo_seed3", "mpo", 3), ("mpo-s12", "mpo", 12),
      ("seed-0", "", 0), ("a/b seed=7", "a/b", 7),
    ] {
      #expect(RunNames.seed(in: name) == seed, "\(name)")
      #expect(RunNames.setting(of: name) == setting, "\(name)")
    }
    for name in ["mpo", "gpt2", "linseed3", "steps100", "runs3", "3"] {
      #expect(RunNames.seed(in: name) == nil, "\(name)")
    }
  }

  @Test func seedsOfOneSetting() {
    func run(_ name: String, _ settings: [String: String]) -> LoggedRun {
      var run = LoggedRun(folder: name, name: name)
      run.settings = settings
      return run
    }
    var notes: [String] = []
    let groups = RunGroup.groups(
      of: [
        run("mpo/seed-0", ["eta": "1", "seed": "0"]), run("dpo", [:]),
        run("mpo/seed-1", ["eta": "1", "seed": "1"]), run("mpo/seed-2", ["eta": "2", "seed": "2"]),
        run("mpo/seed-3", [:]),
      ], notes: &notes)
    #expect(groups.map(\.name) == ["mpo", "dpo", "mpo/seed-2"])
    #expect(groups[0].runs.map(\.name) == ["mpo/seed-0", "mpo/seed-1", "mpo/seed-3"])
    #expect(notes.count == 1 && notes[0].contains("differ in eta"))
    let values = ["mpo/seed-0": 1.0, "mpo/seed-1": 2, "mpo/seed-3": 6]
    let estimate = groups[0].estimate { values[$0.name] }
    #expect(estimate?.mean == 3)
    // Variance 7, over three runs.
    #expect(abs((estimate?.error ?? 0) - (7.0 / 3).squareRoot()) < 1e-12)
    #expect(groups[1].estimate { _ in nil } == nil)
  }

  @Test func figures() {
    for (value, text) in [
      (0.0, "0"), (0.12345, "0.1235"), (12.345, "12.35"), (1234.5, "1,234"), (51200, "51,200"),
      (1e-5, "1.00e-5"), (-0.0145, "-0.0145"), (2.5e12, "2.50e12"), (.nan, "–"),
    ] { #expect(reportFigure(value) == text) }
    #expect(reportFigure(0.047, error: 0.0032) == "0.0470 ± 0.0032")
    #expect(reportFigure(1234, error: 56) == "1,234 ± 56")
    #expect(reportFigure(1e-9, error: 1e-10) == "1.00e-9 ± 1.00e-10")
    #expect(reportFigure(10, error: 0) == "10")
    #expect(reportDuration(3.21) == "3.2 s" && reportDuration(200) == "3 min 20 s")
    #expect(reportDuration(3720) == "1 h 02 min")
    #expect(reportMemory(31.2) == "31.20 MiB" && reportMemory(2048) == "2 GiB")
    #expect(shortTick(12_000, plain: "12,000") == "12k")
    #expect(shortTick(0.00025, plain: "0.00025") == "2.5e-4")
    #expect(shortTick(0.25, plain: "0.25") == "0.25")
  }
}
