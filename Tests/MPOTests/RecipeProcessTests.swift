import Foundation
import MPOModel
import TestSupport
import Testing

@testable import MPO

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The built program beside the tests, which `tools/test.sh` builds with them.
private func magnetic() -> String {
  #if DEBUG
    let kind = "debug"
  #else
    let kind = "release"
  #endif
  return SharedData.packageRoot + "/.build/\(kind)/magnetic"
}

/// Recipes run by the real program.
@Suite(.serialized) struct RecipeProcessTests {
  let folder: TemporaryFolder
  let program: String

  init() throws {
    folder = try TemporaryFolder()
    program = magnetic()
    try #require(
      FileManager.default.isExecutableFile(atPath: program),
      "no \(program): build it with the tests, swift build --build-tests")
  }

  /// Not by Foundation's Process: it hands on the signals that a test's thread has blocked.
  private func start(_ words: [String]) throws -> pid_t {
    func file(_ name: String) throws -> FileHandle {
      try folder.write("", name)
      return try FileHandle(forWritingTo: URL(fileURLWithPath: folder.file(name)))
    }
    let (out, err) = (try file("out"), try file("err"))
    return try ChildProcess.spawn(
      [program] + words, stdin: FileHandle.nullDevice.fileDescriptor, stdout: out.fileDescriptor,
      stderr: err.fileDescriptor)
  }

  /// Its exit status, 128 + the signal that ended it; killed after a minute and a half.
  private func status(_ pid: pid_t) -> Int32 {
    let process = RunProcess(pid)
    var end: RunEnd?
    if !wait(
      90,
      {
        end = end ?? process.poll()
        return end != nil
      })
    {
      kill(pid, SIGKILL)
    }
    while end == nil { end = process.poll() }
    return end?.status ?? -1
  }

  private func run(_ words: [String]) throws -> (status: Int32, out: String, err: String) {
    let status = status(try start(words))
    return (status, try text("out"), try text("err"))
  }

  private func text(_ name: String) throws -> String {
    try String(contentsOfFile: folder.file(name), encoding: .utf8)
  }

  private func wait(_ seconds: Double, _ condition: () -> Bool) -> Bool {
    let end = Date(timeIntervalSinceNow: seconds)
    while !condition() {
      guard Date() < end else { return false }
      usleep(20_000)
    }
    return true
  }

  @Test func playsGamesAndKeepsWhatIsDone() throws {
    let recipe = try folder.write(
      """
      name: games
      output_dir: \(folder.file("runs"))
      results_dir: \(folder.file("results"))
      jobs: 2
      defaults: {game: {json: true, steps: 50, no_exact: true}}
      stages:
        - {name: g1, command: game, settings: {game: g1, algorithm: mpo}}
        - {name: missing, command: game, settings: {game: "./nowhere.csv"}}
        - {name: after, command: game, arguments: [], settings: {game: g2, plot: "${missing}/x.svg"}}
        - name: table
          collect:
            columns: [{name: gap, from: g1, value: "gap[0][1]", digits: 2}]
            also: {mpo: {g1: g1}}
      """, "games.yaml")
    let first = try run(["run", recipe])
    #expect(first.status == 1, "\(first.err)")
    #expect(first.err.contains("failed: missing: exit status"))
    #expect(first.err.contains("not started: after: needs missing, which failed"))
    let errors = first.err.split(separator: "\n").filter { $0.hasPrefix("error: ") }
    #expect(
      errors == [
        "error: 1 run failed, 1 not started for that or a missing run; run the "
          + "recipe again to repeat what is not done"
      ])
    let record = try #require(RunRecord.read(folder.file("runs/g1")))
    #expect(record.state == .done && record.seconds > 0 && record.cpuSeconds > 0)
    #expect(record.peakRSS > 1 && record.peakRSS < 4096)
    #expect(
      try String(contentsOfFile: folder.file("runs/g1/output.jsonl"), encoding: .utf8)
        .contains("\"gap\""))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("results")).count == 2)
    let second = try run(["run", recipe])
    #expect(second.err.contains("3 runs, 1 of them done already"))
    #expect(!second.err.contains("g1  started"))
  }

  @Test func aWrongOptionIsFoundBeforeAnythingRuns() throws {
    let recipe = try folder.write(
      """
      name: games
      output_dir: \(folder.file("runs"))
      stages:
        - {name: g1, command: game, settings: {game: g1}}
        - {name: g2, command: game, settings: {gme: g2}}
      """, "games.yaml")
    let result = try run(["run", recipe])
    #expect(result.status != 0)
    #expect(result.err.contains("games.yaml:5:5: g2: "), "\(result.err)")
    #expect(result.err.contains("--gme"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("runs")))
    let dry = try run(["run", recipe.replacing("games", with: "none"), "--dry-run"])
    #expect(dry.err.contains("no configuration file"))
  }

  /// The project's own recipes name commands and settings that exist.
  @Test func shippedRecipesCanBePlanned() throws {
    let root = SharedData.packageRoot + "/recipes"
    let recipes = try FileManager.default.contentsOfDirectory(atPath: root)
      .filter { $0.hasSuffix(".yaml") }
    #expect(recipes.count >= 4)
    for recipe in recipes {
      let dry = try run(["run", "\(root)/\(recipe)", "--dry-run"])
      #expect(dry.status == 0 && dry.out.contains("train"), "\(recipe): \(dry.err)")
    }
  }

  /// The runner is killed while a training runs: the training notices, saves and ends; the next runner
  /// goes on from its checkpoint, and every step is there once.
  @Test func goesOnAfterAKill() throws {
    guard let model = SharedData.path("models/stories260K") else { return }
    let recipe = try folder.write(
      """
      name: killed
      output_dir: \(folder.file("runs"))
      threads: 1
      files: {prompts.jsonl: "{\\"prompt\\": \\"Once\\"}\\n"}
      stages:
        - name: train
          command: train
          settings:
            model_name_or_path: \(model)
            dataset_name: ${prompts.jsonl}
            device: cpu
            per_device_train_batch_size: 1
            num_generations: 2
            max_new_tokens: 4
            max_steps: 60
            save_steps: 1
            inner_steps: 2
            judge:
              type: categories
              categories: [{name: a, pattern: a}, {name: b, pattern: ''}]
              matrix: [[0.5, 1], [0, 0.5]]
      """, "killed.yaml")
    let run = folder.file("runs/train")
    let store = CheckpointStore(run)
    let runner = try start(["run", recipe])
    #expect(wait(60) { (store.latestComplete()?.step ?? 0) >= 2 })
    kill(runner, SIGKILL)
    #expect(status(runner) == 128 + SIGKILL)
    #expect(RunRecord.read(run)?.state == .running)
    // Nobody holds the lock any more: the training has ended.
    #expect(wait(30) { (try? RunLock(run)) != nil })
    let reached = try #require(store.latestComplete()?.step)
    #expect(reached < 60)

    let again = try self.run(["run", recipe])
    #expect(again.status == 0, "\(again.err)")
    #expect(again.err.contains("train  continues from its checkpoint"))
    let log = try String(contentsOfFile: run + "/log.txt", encoding: .utf8)
    #expect(log.contains("resumed from checkpoint-\(reached)"))
    let metrics = try String(contentsOfFile: run + "/metrics.jsonl", encoding: .utf8)
    let steps = try metrics.split(separator: "\n").map {
      try JSONValue(parsing: String($0), path: "metrics").object?["step"]?.integer
    }
    #expect(steps == Array(1...60))
  }

  /// Ctrl-C: the training saves a checkpoint, the runner says so and leaves with 130.
  @Test func stopsCleanly() throws {
    guard let model = SharedData.path("models/stories260K") else { return }
    let recipe = try folder.write(
      """
      name: stopped
      output_dir: \(folder.file("runs"))
      threads: 1
      files: {prompts.jsonl: "{\\"prompt\\": \\"Once\\"}\\n"}
      stages:
        - name: train
          command: train
          settings:
            model_name_or_path: \(model)
            dataset_name: ${prompts.jsonl}
            device: cpu
            per_device_train_batch_size: 1
            num_generations: 2
            max_new_tokens: 4
            max_steps: 100000
            inner_steps: 1
            judge:
              type: categories
              categories: [{name: a, pattern: a}, {name: b, pattern: ''}]
              matrix: [[0.5, 1], [0, 0.5]]
      """, "stopped.yaml")
    let run = folder.file("runs/train")
    let runner = try start(["run", recipe])
    #expect(
      wait(60) {
        (FileManager.default.contents(atPath: run + "/metrics.jsonl") ?? Data()).count > 100
      })
    kill(runner, SIGINT)
    #expect(status(runner) == 130)
    #expect(RunRecord.read(run)?.state == .interrupted)
    #expect(CheckpointStore(run).latestComplete() != nil)
    #expect(try text("err").contains("stopped; run the recipe again to go on"))
  }
}
