import Foundation
import MPOModel
import TestSupport
import Testing

@testable import MPO

/// Runs that are no processes: each ends after some looks, with what a test wants it to print.
final class FakeLauncher: RunLauncher {
  final class Run: LaunchedRun {
    let owner: FakeLauncher
    let status: Int32
    var looks: Int
    var wasStopped = false
    init(_ owner: FakeLauncher, status: Int32, looks: Int) {
      self.owner = owner
      self.status = status
      self.looks = looks
    }

    func poll() -> RunEnd? {
      looks -= 1
      guard looks <= 0 || wasStopped else { return nil }
      owner.running -= 1
      return RunEnd(status: wasStopped ? 130 : status, cpuSeconds: 2, peakRSS: 100)
    }
    func stop() { wasStopped = true }
  }

  /// Folder (of the output file) and the words of every start, in order.
  var started: [(folder: String, arguments: [String])] = []
  var running = 0
  var most = 0
  /// The gap that a run prints, by what its folder holds; the rest print .5.
  var gaps: [String: Double] = [:]
  /// Runs whose folder holds one of these fail.
  var failing: [String] = []
  var looks = 2

  func launch(_ arguments: [String], output: String, log: String) throws -> any LaunchedRun {
    let folder = URL(fileURLWithPath: output).deletingLastPathComponent().path
    started.append((folder, arguments))
    running += 1
    most = max(most, running)
    let gap = gaps.first { folder.contains($0.key) }?.value ?? 0.5
    try "{\"duality_gap\": \(gap)}\n".write(toFile: output, atomically: true, encoding: .utf8)
    let shares = (0..<4).map {
      "{\"step\": \($0 + 1), \"share/a\": \($0 % 2), \"share/b\": \(1 - $0 % 2), \"share/c\": 0}\n"
    }
    try shares.joined().write(
      toFile: "\(folder)/metrics.jsonl", atomically: true, encoding: .utf8)
    let fails = failing.contains { folder.contains($0) }
    try "device: fake\n\(fails ? "error: it broke\n" : "")".write(
      toFile: log, atomically: true, encoding: .utf8)
    return Run(self, status: fails ? 1 : 0, looks: looks)
  }

  /// `train/mpo/seed-0` of every start.
  func names(in folder: String) -> [String] {
    started.map { String($0.folder.dropFirst(folder.count + 1)) }
  }
}

@Suite struct RecipeRunnerTests {
  let folder: TemporaryFolder
  let launcher = FakeLauncher()
  private var output: String { folder.file("out") }

  init() throws { folder = try TemporaryFolder() }

  private func runner(
    _ yaml: String? = nil, only: [String] = [], binary: String = "1", lines: Lines = Lines(),
    stop: @escaping () -> Bool = { false }
  ) throws -> RecipeRunner {
    var time = 1_700_000_000.0
    return try RecipeRunner(
      RecipeFixture.plan(yaml ?? RecipeFixture.yaml(output: output)), only: only,
      build: BuildIdentity(version: "v", commit: "c\(binary)", binary: binary), launcher: launcher,
      print: { lines.all.append($0) }, stopRequested: stop,
      clock: {
        time += 0.5
        return time
      })
  }

  final class Lines { var all: [String] = [] }

  @Test func runsWhatIsNeededFirstAndNoMoreThanJobs() throws {
    let lines = Lines()
    launcher.gaps = ["tune-eval/tuned/magnet_coef-0.2": 0.1, "eval/mpo": 0.2]
    #expect(try runner(lines: lines).run() == .finished)
    let names = launcher.names(in: output)
    #expect(names.count == 11 && Set(names).count == 11)
    #expect(launcher.most == 2)
    for (need, user) in [
      ("tune/tuned/magnet_coef-0.1_eta-1/seed-9", "tune-eval/tuned/magnet_coef-0.1_eta-1/seed-9"),
      ("tune-eval/tuned/magnet_coef-0.2_eta-1/seed-9", "train/tuned/seed-0"),
      ("train/mpo/seed-1", "eval/mpo/seed-1"),
    ] {
      #expect(try #require(names.firstIndex(of: need)) < #require(names.firstIndex(of: user)))
    }
    // The chosen point reached the run.
    let settings = try String(
      contentsOfFile: output + "/train/tuned/seed-0/settings.yaml", encoding: .utf8)
    #expect(settings.contains("magnet_coef: 0.2\n"))
    #expect(lines.all.contains { $0.hasPrefix("best: tuned takes magnet_coef 0.2, eta 1 ") })
    #expect(lines.all.contains { $0.hasPrefix("[11/11] ") && $0.contains("about 0:00 left") })
    let record = try #require(RunRecord.read(output + "/train/mpo/seed-0"))
    #expect(record.state == .done && record.cpuSeconds == 2 && record.peakRSS == 100)
    #expect(record.arguments.contains("--overwrite-output-dir"))
    #expect(
      try String(contentsOfFile: output + "/files/prompts.jsonl", encoding: .utf8)
        == "{\"prompt\": \"a\"}\n")
  }

  @Test func whatIsDoneIsNotDoneAgain() throws {
    _ = try runner().run()
    launcher.started = []
    let lines = Lines()
    #expect(try runner(binary: "2", lines: lines).run() == .finished)
    #expect(launcher.started.isEmpty)
    #expect(lines.all[0].contains("11 runs, 11 of them done already"))
    // Another build made them: said, not redone.
    #expect(lines.all.contains { $0.contains("another build (commit c1, now c2)") })

    // A method's settings change: its runs and what needs them are run anew, nothing else.
    let yaml = RecipeFixture.yaml(output: output).replacing("coef: 0.3", with: "coef: 0.4")
    _ = try runner(yaml).run()
    #expect(
      Set(launcher.names(in: output)) == [
        "train/mpo/seed-0", "train/mpo/seed-1", "eval/mpo/seed-0", "eval/mpo/seed-1",
      ])
  }

  @Test func aFailureStopsOnlyWhatNeedsIt() throws {
    launcher.failing = ["train/mpo/seed-1"]
    let lines = Lines()
    let error = #expect(throws: RecipeError.self) { try runner(lines: lines).run() }
    #expect(error == .failed(failed: 1, skipped: 1))
    let names = launcher.names(in: output)
    #expect(names.count == 10 && !names.contains("eval/mpo/seed-1"))
    #expect(lines.all.contains { $0.hasPrefix("failed: train/mpo/seed-1: exit status 1; log: ") })
    #expect(lines.all.contains("    | error: it broke"))
    #expect(
      lines.all.contains("not started: eval/mpo/seed-1: needs train/mpo/seed-1, which failed"))
    // The table is made of what there is, and says so.
    #expect(lines.all.contains("missing, not done: eval/mpo/seed-1, train/mpo/seed-1"))

    // The failed run and what waited for it are all that is left.
    launcher.failing = []
    launcher.started = []
    #expect(try runner().run() == .finished)
    #expect(launcher.names(in: output) == ["train/mpo/seed-1", "eval/mpo/seed-1"])
  }

  @Test func aGridWithoutAFinishedPointStopsItsMethod() throws {
    launcher.failing = ["/tune/"]
    let lines = Lines()
    #expect(throws: RecipeError.self) { try runner(lines: lines).run() }
    #expect(launcher.names(in: output).contains("eval/mpo/seed-1"))
    #expect(
      lines.all.contains(
        "not started: train/tuned/seed-0: no point of the grid of 'tuned' finished"))
  }

  @Test func onlyRunsWhatIsNamed() throws {
    let lines = Lines()
    _ = try runner(only: ["train/mpo/1"], lines: lines).run()
    #expect(launcher.names(in: output) == ["train/mpo/seed-1"])
    let error = #expect(throws: RecipeError.self) { try runner(only: ["eval/tuned"]).run() }
    #expect(error == .failed(failed: 0, skipped: 1))
    #expect(throws: RecipeError.self) { try runner(only: ["evil"]) }
    _ = try runner(only: ["eval/mpo/1"]).run()
    #expect(launcher.names(in: output).last == "eval/mpo/seed-1")
  }

  @Test func goesOnFromACheckpointOfTheSameSettings() throws {
    // Killed while it ran, with and without a checkpoint.
    var stops = 0
    launcher.looks = 1000
    let stopped = try runner(only: ["train/mpo"]) {
      stops += 1
      return stops > 4
    }
    #expect(try stopped.run() == .stopped)
    let train = output + "/train/mpo/seed-0"
    #expect(RunRecord.read(train)?.state == .interrupted)
    #expect(RunRecord.read(train)?.attempts.count == 1)
    try CheckpointStore(train).save(step: 2) { folder in
      try Data("x".utf8).write(to: folder.appendingPathComponent("weights"))
    }
    launcher.looks = 1
    launcher.started = []
    _ = try runner(only: ["train/mpo"]).run()
    #expect(launcher.started[0].arguments.suffix(1) == ["--resume"])
    #expect(launcher.started[1].arguments.suffix(1) == ["--overwrite-output-dir"])
    #expect(RunRecord.read(train)?.attempts.count == 2)

    // Of other settings the checkpoint is of no use.
    launcher.started = []
    let yaml = RecipeFixture.yaml(output: output).replacing("coef: 0.3", with: "coef: 0.4")
    _ = try runner(yaml, only: ["train/mpo/0"]).run()
    #expect(launcher.started[0].arguments.suffix(1) == ["--overwrite-output-dir"])
    #expect(RunRecord.read(train)?.attempts.count == 1)
  }

  @Test func aSecondRunnerIsRefused() throws {
    let held = try RunLock(output)
    #expect(throws: CheckpointError.self) { try runner().run() }
    withExtendedLifetime(held) {}
  }

  @Test func dryRunListsAndWritesNothing() throws {
    let plan = try RecipeFixture.plan(RecipeFixture.yaml(output: output))
    let lines = try plan.listing(only: ["train"])
    #expect(lines.first == "train/mpo/seed-0  [to be run]")
    #expect(lines.contains("    magnet_coef: 0.3"))
    #expect(lines.contains("train/tuned/seed-0  [waits for 'best', here with the first point]"))
    #expect(!FileManager.default.fileExists(atPath: output))
    _ = try runner().run()
    #expect(try plan.listing(only: ["train"]).first == "train/mpo/seed-0  [done]")
    #expect(try plan.listing().contains("eval/tuned/seed-0  [to be run]") == false)
  }
}
