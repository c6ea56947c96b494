import ArgumentParser
import Foundation
import MPO

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Writes one HTML page about runs: curves, samples, settings, evaluations.",
    discussion: """
      magnetic report runs/game
      magnetic report runs/mpo runs/nash-md --evaluation result.json -o comparison.html

      RUN is the output_dir of train, sft or preference (also while it is running), or a folder of \
      such folders. Several runs are drawn over each other; runs named as seeds of one setting \
      (mpo/seed-0, mpo/seed-1) are averaged. The page is one file that loads nothing.
      """)

  @Argument(help: ArgumentHelp("Folders of runs.", valueName: "run")) var runs: [String] = []
  @Option(name: [.customShort("o"), .long], help: "File to write (default: report.html).")
  var output = "report.html"
  @Option(help: "A file that 'magnetic evaluate --output' wrote; repeat it for more.")
  var evaluation: [String] = []
  @Option(help: "A run's name on the page, in the order of the runs; repeat it for each.")
  var name: [String] = []
  @Option(help: "What curves are drawn against: steps | tokens | time (default: steps).")
  var xAxis = "steps"
  @Option(help: "The page's title (default: told from the runs).") var title: String?

  func run() throws {
    guard let axis = ReportAxis(rawValue: xAxis) else {
      let known = ReportAxis.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--x-axis: expected one of \(known), found '\(xAxis)'")
    }
    guard !runs.isEmpty || !evaluation.isEmpty else {
      throw ValidationError("no run: give the output_dir of one, or --evaluation FILE")
    }
    let file = try ResultFile(output, what: "output", suffix: ".html")
    let report = try RunReport(
      runs: runs, names: name, evaluations: evaluation, axis: axis, title: title)
    try file.write(report.html)
    let count = report.runCount
    note("report: \(output) (\(count) \(count == 1 ? "run" : "runs"))")
  }
}
