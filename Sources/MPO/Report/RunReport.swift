/// One page about training runs and evaluations: curves, settings, samples and summary, as a single
/// HTML file that needs no network.
///
///     let report = try RunReport(runs: ["runs/mpo", "runs/nash-md"])
///     try report.html.write(toFile: "report.html", atomically: true, encoding: .utf8)
///
/// The same files give the same bytes. A run may be in progress, stopped, resumed or torn by a
/// crash; what could not be read is said on the page.
public struct RunReport {
  let groups: [RunGroup]
  let evaluations: [EvaluationFile]
  let axis: ReportAxis
  let title: String
  /// About the runs together; each run has notes of its own.
  let notes: [String]

  /// Reads the runs, each metrics.jsonl once and in bounded memory.
  /// - Parameters:
  ///   - paths: folders of runs, or folders that hold such; also a metrics.jsonl.
  ///   - names: for the runs, in the order in which they are found; empty: told from the paths.
  ///   - evaluations: files that `magnetic evaluate --output` wrote.
  ///   - title: of the page; nil: told from the runs.
  /// - Throws: `ReportError`; `FileError` for a file that cannot be read.
  public init(
    runs paths: [String], names: [String] = [], evaluations: [String] = [],
    axis: ReportAxis = .steps, title: String? = nil
  ) throws {
    let folders = try RunFolder.find(paths)
    guard names.isEmpty || names.count == folders.count else {
      throw ReportError.names(expected: folders.count, found: names.count)
    }
    let labels = names.isEmpty ? RunNames.names(folders) : names
    let runs = try zip(folders, labels).map { try RunFolder.read($0, name: $1) }
    var notes: [String] = []
    groups = RunGroup.groups(of: runs, notes: &notes)
    self.evaluations = try evaluations.map(EvaluationFile.init)
    self.axis = axis
    self.notes = notes
    self.title = title ?? Self.title(groups, self.evaluations)
  }

  /// Runs on the page.
  public var runCount: Int { groups.reduce(0) { $0 + $1.runs.count } }

  private static func title(_ groups: [RunGroup], _ evaluations: [EvaluationFile]) -> String {
    let runs = groups.reduce(0) { $0 + $1.runs.count }
    switch (groups.count, runs) {
    case (0, _): return evaluations.count == 1 ? "Evaluation" : "Evaluations"
    case (1, 1): return groups[0].runs[0].name
    case (1, _): return "\(groups[0].name), \(runs) seeds"
    case (let settings, runs) where settings == runs: return "\(runs) runs"
    default: return "\(groups.count) settings, \(runs) runs"
    }
  }
}
