import ArgumentParser
import Foundation
import MPOBackend

/// How cost grows with the work.
struct Sweep: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time and memory against rows, length, vocabulary and K, for a small decoder.",
    discussion: """
      Writes <out>.json (every repeat), <out>.md (tables) and <out>-<sweep>-time.svg and \
      -memory.svg. The decoder is 128 wide with 4 layers, 4 heads, 2 key/value heads and 384 \
      feed-forward. Memory is counted in tensors.
      """)

  @OptionGroup var place: DeviceArguments
  @OptionGroup var repeats: Repeats
  @Option(help: "Only sweeps whose name contains one of these, with commas between.")
  var only: String?
  @Option(help: "Stop every sweep at this many times its first size.") var largest = 1 << 20
  @Option(help: "Start of the names of the files.") var out = "bench/results/sweep"

  private struct Result: Codable {
    var date: String
    var commit: String
    var device: String
    var command: String
    var host: [String: String]
    var points: [SweepPoint]
  }

  func run() throws {
    let backend = try place.open()
    let parts = only?.split(separator: ",")
    let plans = SweepPlan.all(largest: largest).filter { plan in
      parts?.contains { plan.name.contains($0) } ?? true
    }
    guard !plans.isEmpty else {
      throw ValidationError(
        "--only: expected a part of "
          + SweepPlan.all(largest: 1).map(\.name).joined(separator: ", "))
    }
    var result = Result(
      date: timestamp(), commit: SuiteHost.commit(), device: backend.description.name,
      command: "magnetic-bench " + CommandLine.arguments.dropFirst().joined(separator: " "),
      host: SuiteHost.facts(), points: [])
    let measure = SweepMeasure(backend: backend, precision: place.precision, repeats: repeats)
    var tables = ""
    for plan in plans {
      let points = try plan.sizes.map { x in
        let point = try measure.point(plan, x)
        progress(
          "\(plan.name) \(x): \(figure(point.seconds.values.max() ?? .nan)) s, "
            + "\(figure(point.beyondMiB)) MiB")
        return point
      }
      result.points += points
      let pictures = SweepPictures(plan: plan, points: points, device: result.device)
      tables += "\n" + pictures.table
      try write(pictures.timeChart.svg, "-\(plan.name)-time.svg")
      try write(pictures.memoryChart.svg, "-\(plan.name)-memory.svg")
    }
    result.host["load_after"] = SuiteHost.load()
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try write(String(decoding: try encoder.encode(result), as: UTF8.self) + "\n", ".json")
    try write(heading(result) + tables, ".md")
    print(tables)
  }

  private func heading(_ result: Result) -> String {
    """
    # Cost as work grows

    \(result.date), commit \(result.commit), \(result.device); `\(result.command)`. Load \
    \(result.host["load_before"] ?? "?") before, \(result.host["load_after"] ?? "?") after.
    Decoder 128 wide, 4 layers, 4 heads, 2 key/value heads, 384 feed-forward, tied head, \
    \(place.products.rawValue) products. Medians of \(repeats.repeats); memory counts tensors. growth: the exponent of time from the \
    row before, 1 for twice the time at twice the size.

    """
  }

  private func write(_ text: String, _ ending: String) throws {
    let url = URL(fileURLWithPath: out + ending)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url, options: .atomic)
  }
}
