import Foundation
import MPOModel

/// Carries out a plan: starts runs as their needs are done, at most `jobs` at a time, one thread of
/// its own. A run that failed does not stop the others; what is done is not done again.
public final class RecipeRunner {
  public enum Outcome: Sendable, Equatable {
    case finished
    /// A signal came; running trainings saved a checkpoint and go on from it next time.
    case stopped
  }

  enum State: Equatable {
    /// Waits for its needs, or for its turn.
    case pending
    case running
    /// Nil for a stage that runs no process.
    case done(RunRecord?)
    case failed(String)
    /// Not started, because something it needs is not there.
    case skipped(String)
    /// Not done, and not among `--only`.
    case unselected

    var isSettled: Bool { self != .pending && self != .running }
    var isDone: Bool { if case .done = self { true } else { false } }
  }

  struct Active {
    var process: any LaunchedRun
    var record: RunRecord
    var started: Double
  }

  let plan: RecipePlan
  let build: BuildIdentity
  let launcher: any RunLauncher
  private let printer: (String) -> Void
  let stopRequested: () -> Bool
  /// Seconds since 1970.
  let clock: () -> Double
  let pause: () -> Void
  let selected: Set<RecipePlan.ID>

  var states: [RecipePlan.ID: State] = [:]
  var active: [RecipePlan.ID: Active] = [:]
  var fingerprints: [RecipePlan.ID: String] = [:]
  var resolved: [RecipePlan.ID: RecipePlan.Resolved] = [:]
  var choice: RecipeChoice?
  /// Folders that an earlier runner's process still trains into, and since when they are waited for.
  var locked: [RecipePlan.ID: Double] = [:]
  /// Files that were written by `collect` stages.
  public internal(set) var results: [String] = []
  private var isStopping = false
  /// Lines from before the recipe was announced; nil afterwards.
  private var held: [String]? = []

  /// - Parameters:
  ///   - only: stages or runs (`train`, `train/mpo`, `train/mpo/seed-0`); empty = all.
  ///   - print: a line for the user.
  ///   - stopRequested: asked all the time.
  /// - Throws: `RecipeError.only`.
  public convenience init(
    _ plan: RecipePlan, only: [String] = [], version: String,
    print: @escaping (String) -> Void,
    stopRequested: @escaping () -> Bool = { StopSignal.requested }
  ) throws {
    try self.init(
      plan, only: only, build: BuildIdentity.current(version: version),
      launcher: ProcessLauncher(program: ProcessLauncher.ownProgram), print: print,
      stopRequested: stopRequested, clock: { Date().timeIntervalSince1970 },
      pause: { usleep(50_000) })
  }

  init(
    _ plan: RecipePlan, only: [String] = [], build: BuildIdentity, launcher: any RunLauncher,
    print: @escaping (String) -> Void, stopRequested: @escaping () -> Bool = { false },
    clock: @escaping () -> Double, pause: @escaping () -> Void = {}
  ) throws {
    self.plan = plan
    self.build = build
    self.launcher = launcher
    printer = print
    self.stopRequested = stopRequested
    self.clock = clock
    self.pause = pause
    selected = try Self.select(only, plan)
    for id in plan.ids { states[id] = .pending }
  }

  static func select(_ only: [String], _ plan: RecipePlan) throws -> Set<RecipePlan.ID> {
    guard !only.isEmpty else { return Set(plan.ids) }
    return try only.reduce(into: []) { chosen, text in
      let parts = text.split(separator: "/").map(String.init)
      let found = plan.ids.filter { id in
        let own = id.parts
        return parts.count <= own.count
          && zip(parts, own).allSatisfy { $0 == "*" || $0 == $1 || "seed-\($0)" == $1 }
      }
      guard !parts.isEmpty, !found.isEmpty else {
        throw RecipeError.only(text, known: plan.recipe.stages.map(\.name))
      }
      chosen.formUnion(found)
    }
  }

  // MARK: - Running

  /// Runs until everything is settled or a stop was asked for.
  /// - Throws: `RecipeError.failed` when a run failed; `FileError`, `CheckpointError.locked` when
  ///   another runner works in the folder.
  public func run() throws -> Outcome {
    let lock = try RunLock(plan.recipe.outputDirectory)
    defer { withExtendedLifetime(lock) {} }
    try writeFiles()
    try settle()
    let early = held ?? []
    held = nil
    announce()
    for line in early { print(line) }
    while true {
      let before = settledCount
      if !isStopping, stopRequested() {
        isStopping = true
        print("stopping: waiting for \(active.count) runs to save what they have")
        for run in active.values { run.process.stop() }
      }
      try reap()
      var isBlocked = false
      if !isStopping {
        try settle()
        isBlocked = try launchReady()
      }
      if active.isEmpty, isStopping || !isBlocked && settledCount == before { break }
      pause()
    }
    return try conclude()
  }

  func print(_ line: String) {
    if held == nil { printer(line) } else { held?.append(line) }
  }

  private func conclude() throws -> Outcome {
    for line in failureLines() { print(line) }
    if let cost = RecipeCost(records) { print(cost.text(jobs: plan.recipe.jobs)) }
    if isStopping { return .stopped }
    let failed = plan.ids.filter { if case .failed = states[$0] { true } else { false } }.count
    let skipped = plan.ids.filter { if case .skipped = states[$0] { true } else { false } }.count
    guard failed + skipped == 0 else { throw RecipeError.failed(failed: failed, skipped: skipped) }
    return .finished
  }

  private var settledCount: Int { states.values.count { $0.isSettled } }

  /// Records of all runs that are done.
  var records: [RunRecord] {
    plan.ids.compactMap { id in
      if case .done(let record?)? = states[id] { return record }
      return nil
    }
  }

  private func writeFiles() throws {
    let recipe = plan.recipe
    let folder = "\(recipe.outputDirectory)/files"
    if !recipe.files.isEmpty { try makeOutputFolder(folder) }
    for file in recipe.files {
      let path = "\(folder)/\(file.name)"
      // A file that is as it should be keeps its time, for programs that look at it.
      if FileManager.default.contents(atPath: path) == Data(file.text.utf8) { continue }
      try AtomicFile.write(file.text, to: path)
    }
  }

  /// Starts what can start.
  /// - Returns: whether a run waits for something other than a running one.
  private func launchReady() throws -> Bool {
    var isBlocked = false
    for id in plan.ids where states[id] == .pending && resolved[id] != nil {
      guard active.count < plan.recipe.jobs else { break }
      do {
        if try !launch(id) { isBlocked = true }
      } catch {
        states[id] = .failed("\(error)")
        print("\(counter) \(id)  FAILED to start: \(error)")
      }
    }
    return isBlocked
  }
}
