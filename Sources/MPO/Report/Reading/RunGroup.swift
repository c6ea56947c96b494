/// Runs of one setting that differ in their seed, or one run alone. It has one colour.
struct RunGroup {
  var name: String
  var runs: [LoggedRun]

  /// Settings that do not make another setting of a run.
  static let ownOfEachRun: Set = [
    "seed", "output_dir", "run_name", "resume_from_checkpoint", "overwrite_output_dir", "device",
    "threads", "report_to", "logging_steps", "save_steps", "save_total_limit", "log_completions",
  ]

  /// Runs whose names say that they are seeds of the same setting are taken together if their
  /// settings agree; groups stand in the order of their first runs.
  /// - Parameter notes: gets a line for runs that are named as seeds and whose settings differ.
  static func groups(of runs: [LoggedRun], notes: inout [String]) -> [RunGroup] {
    var groups: [RunGroup] = []
    for run in runs {
      let setting = RunNames.setting(of: run.name)
      guard RunNames.seed(in: run.name) != nil else {
        groups.append(RunGroup(name: run.name, runs: [run]))
        continue
      }
      let place = groups.firstIndex { group in
        RunNames.seed(in: group.runs[0].name) != nil
          && RunNames.setting(of: group.runs[0].name) == setting
          && differences(group.runs[0], run).isEmpty
      }
      if let place {
        groups[place].runs.append(run)
        groups[place].name = setting.isEmpty ? "all seeds" : setting
        continue
      }
      if let other = groups.first(where: { RunNames.setting(of: $0.runs[0].name) == setting }) {
        let names = differences(other.runs[0], run).prefix(3).joined(separator: ", ")
        notes.append(
          "\(other.runs[0].name) and \(run.name) differ in \(names), so they are not taken as seeds "
            + "of one setting")
      }
      groups.append(RunGroup(name: run.name, runs: [run]))
    }
    return groups
  }

  /// Names of settings that are known of both and differ.
  private static func differences(_ a: LoggedRun, _ b: LoggedRun) -> [String] {
    a.settings.keys.filter { !ownOfEachRun.contains($0) }.sorted()
      .filter { name in b.settings[name].map { $0 != a.settings[name] } ?? false }
  }

  /// Mean and standard error over the runs that have the value; an error only from two runs on.
  func estimate(_ value: (LoggedRun) -> Double?) -> (mean: Double, error: Double?, count: Int)? {
    let found = SeedStatistics(runs.compactMap(value).filter(\.isFinite))
    return found.count == 0 ? nil : (found.mean, found.standardError, found.count)
  }
}
