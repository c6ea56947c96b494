import Foundation

// What the user reads while a recipe runs.

extension RecipeRunner {
  /// Runs with a process that were asked for.
  private var wanted: [RecipePlan.ID] {
    plan.ids.filter { id in
      guard let stage = plan.recipe.stage(id.stage), case .command = stage.work else {
        return false
      }
      return selected.contains(id)
    }
  }

  /// `[ 3/42]`, runs that are settled.
  var counter: String {
    let all = String(wanted.count)
    let settled = String(wanted.count { states[$0]?.isSettled ?? false })
    return "[" + String(repeating: " ", count: all.count - settled.count) + settled + "/\(all)]"
  }

  /// One line before the first run, and one when another build made what is there.
  func announce() {
    let recipe = plan.recipe
    let done = wanted.count { states[$0]?.isDone ?? false }
    let threads = recipe.threads == 0 ? "a thread for each core" : "threads: \(recipe.threads)"
    print(
      "\(recipe.name): \(wanted.count) runs, \(done) of them done already; "
        + "\(recipe.jobs) at a time, \(threads); folder \(recipe.outputDirectory)")
    for variable in recipe.variables where variable.origin != "recipe" {
      print("  \(variable.name) = \(variable.value) (\(variable.origin))")
    }
    let others = records.filter { !$0.build.isSame(as: build) }
    if let other = others.first {
      print(
        "note: \(others.count) of the finished runs were made by another build (commit "
          + "\(other.build.commit), now \(build.commit)); they are kept. Remove "
          + "\(recipe.outputDirectory) to run all of it by this one")
    }
  }

  /// `spent 5:12, about 20:10 left`
  var timeText: String {
    let spent = RecipeCost(records)?.elapsed ?? 0
    let left =
      remaining.map { "about \(ProgressReporter.duration($0)) left" } ?? "time left unknown"
    return "spent \(ProgressReporter.duration(spent)), \(left)"
  }

  /// Seconds until all is done, from the mean time of each stage's finished runs (of all runs for a
  /// stage that has none); nil before the first has finished.
  private var remaining: Double? {
    let all = records.map(\.seconds)
    guard !all.isEmpty else { return nil }
    let overall = all.reduce(0, +) / Double(all.count)
    var sums: [String: (seconds: Double, count: Int)] = [:]
    for id in plan.ids {
      guard case .done(let record?)? = states[id] else { continue }
      let old = sums[id.stage] ?? (0, 0)
      sums[id.stage] = (old.seconds + record.seconds, old.count + 1)
    }
    let left = wanted.reduce(0.0) { sum, id in
      guard let state = states[id], !state.isSettled else { return sum }
      let stage = sums[id.stage].map { $0.seconds / Double($0.count) } ?? overall
      let spent = active[id].map { clock() - $0.started } ?? 0
      return sum + max(0, stage - spent)
    }
    return left / Double(plan.recipe.jobs)
  }

  /// At the end: every failure with the end of its log, and what was not started.
  func failureLines() -> [String] {
    plan.ids.flatMap { id -> [String] in
      switch states[id] {
      case .failed(let reason):
        let log = tail(id, lines: 5).map { "    | \($0)" }
        let place = log.isEmpty ? "" : "; log: \(plan.folder(id))/log.txt"
        return ["failed: \(id): \(reason)\(place)"] + log
      case .skipped(let reason): return ["not started: \(id): \(reason)"]
      default: return []
      }
    }
  }
}

/// What runs cost together.
public struct RecipeCost: Sendable, Equatable {
  public var runs: Int
  /// Wall time of all runs added up.
  public var seconds: Double
  /// Time in which at least one of them ran.
  public var elapsed: Double
  public var cpuSeconds: Double
  /// The most of any run, MiB.
  public var peakRSS: Double

  /// Nil without runs.
  init?(_ records: [RunRecord]) {
    guard !records.isEmpty else { return nil }
    runs = records.count
    seconds = records.reduce(0) { $0 + $1.seconds }
    cpuSeconds = records.reduce(0) { $0 + $1.cpuSeconds }
    peakRSS = records.map(\.peakRSS).max() ?? 0
    elapsed = 0
    var end = -Double.infinity
    for attempt in records.flatMap(\.attempts).sorted(by: { $0.started < $1.started }) {
      elapsed += max(0, attempt.ended - max(end, attempt.started))
      end = max(end, attempt.ended)
    }
  }

  func text(jobs: Int) -> String {
    "\(runs) runs took \(ProgressReporter.duration(elapsed)) elapsed (\(jobs) at a time, "
      + "\(ProgressReporter.duration(seconds)) added up), CPU "
      + "\(ProgressReporter.duration(cpuSeconds)), most memory \(Int(peakRSS.rounded())) MiB"
  }
}
