import Foundation
import MPOModel

// One run from its start to its record.

extension RecipeRunner {
  /// Seconds that a process of an earlier runner may take to save its checkpoint.
  static let longestLock = 60.0

  /// - Returns: false where another process is still at it.
  func launch(_ id: RecipePlan.ID) throws -> Bool {
    guard let run = resolved[id], let fingerprint = fingerprints[id] else { return true }
    let folder = plan.folder(id)
    try makeOutputFolder(folder)
    if run.command.trains, try !isFree(id, folder) { return false }
    let before = RunRecord.read(folder)
    let resumes =
      run.command.trains && before?.fingerprint == fingerprint && before?.state != .done
      && CheckpointStore(folder).latestComplete() != nil
    let recipe = plan.recipe
    var arguments = try run.command.arguments(
      run.settings, words: run.words, file: "\(folder)/settings.yaml", threads: recipe.threads)
    if run.command.readsConfiguration {
      try AtomicFile.write(RecipeCommand.yaml(run.settings), to: "\(folder)/settings.yaml")
    }
    if run.command.trains {
      arguments += ["--output-dir", folder, resumes ? "--resume" : "--overwrite-output-dir"]
    }
    let log = "\(folder)/log.txt"
    if !resumes { try? FileManager.default.removeItem(atPath: log) }
    for name in ["output.txt", "output.jsonl"] {
      try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
    }
    let record = RunRecord(
      run: "\(id)", state: .running, fingerprint: fingerprint, arguments: arguments,
      settings: Dictionary(
        run.settings.map { ($0.name, $0.value.jsonText()) }, uniquingKeysWith: { $1 }),
      threads: recipe.threads, jobs: recipe.jobs, status: nil,
      attempts: resumes ? before?.attempts ?? [] : [], build: build)
    try record.write(folder)
    let process = try launcher.launch(
      arguments, output: "\(folder)/\(RunFigures.outputName(run.settings))", log: log)
    active[id] = Active(process: process, record: record, started: clock())
    states[id] = .running
    print("\(counter) \(id)  \(resumes ? "continues from its checkpoint" : "started")")
    return true
  }

  /// Whether nobody trains into the folder: the process of a runner that was killed takes a moment
  /// to save its checkpoint.
  private func isFree(_ id: RecipePlan.ID, _ folder: String) throws -> Bool {
    do {
      _ = try RunLock(folder)
      locked[id] = nil
      return true
    } catch let error as CheckpointError {
      let since = locked[id] ?? clock()
      if locked.updateValue(since, forKey: id) == nil {
        print("\(id): waits for an earlier process: \(error)")
      }
      if clock() - since > Self.longestLock { throw error }
      return false
    }
  }

  /// Records the runs that have ended.
  func reap() throws {
    for id in plan.ids {
      guard let run = active[id], let end = run.process.poll() else { continue }
      active[id] = nil
      var record = run.record
      record.attempts.append(
        RunRecord.Attempt(
          started: run.started, ended: clock(), cpuSeconds: end.cpuSeconds, peakRSS: end.peakRSS))
      record.status = end.status
      let wasStopped = stopRequested() && (end.status == 130 || end.status == 143)
      record.state = end.status == 0 ? .done : wasStopped ? .interrupted : .failed
      try record.write(plan.folder(id))
      switch record.state {
      case .done:
        states[id] = .done(record)
        print("\(counter) \(id)  \(Self.cost(record)); \(timeText)")
      case .interrupted:
        states[id] = .unselected
        print("\(id)  stopped after \(ProgressReporter.duration(record.seconds))")
      default:
        let reason = Self.reason(end)
        states[id] = .failed(reason)
        print("\(counter) \(id)  FAILED: \(reason): \(tail(id, lines: 1).joined())")
      }
    }
  }

  private static func reason(_ end: RunEnd) -> String {
    guard let signal = end.signal else { return "exit status \(end.status)" }
    return "signal \(signal)\(signal == SIGKILL ? " (SIGKILL; out of memory?)" : "")"
  }

  private static func cost(_ record: RunRecord) -> String {
    "done in \(ProgressReporter.duration(record.seconds)), "
      + "CPU \(ProgressReporter.duration(record.cpuSeconds)), \(Int(record.peakRSS.rounded())) MiB"
  }

  /// The last lines of a run's log that say something.
  func tail(_ id: RecipePlan.ID, lines count: Int) -> [String] {
    let data = FileManager.default.contents(atPath: "\(plan.folder(id))/log.txt") ?? Data()
    let text = String(decoding: data.suffix(8192), as: UTF8.self)
    return text.split(whereSeparator: \.isNewline).map(String.init)
      .filter { !$0.allSatisfy(\.isWhitespace) }.suffix(count)
  }
}
