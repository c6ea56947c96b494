import Foundation

/// The rows of a workload from what was measured, and all rows as text.
struct SuiteTable {
  var rows: [SuiteResult.Row] = []
  /// Peers that were not run and have no figure, and why.
  var left: [String] = []

  /// FLOP/s and bytes/s.
  typealias Limit = (flops: Double, bytes: Double)

  /// A row for every measure and peer. `limits`: those of this run by precision; none when unknown.
  mutating func add(
    _ workload: Workload, _ entries: [SuiteResult.Entry], limits: [String: Limit]
  ) {
    func entry(_ name: String) -> SuiteResult.Entry? {
      entries.last { $0.workload == workload.name && $0.contender == name }
    }
    let (skipped, present) = workload.peers.reduce(into: ([Contender](), [Contender]())) {
      entry($1.name)?.status == .skipped ? $0.0.append($1) : $0.1.append($1)
    }
    left += skipped.map { "\(workload.name), \($0.name) (\(entry($0.name)?.reason ?? "?"))" }
    for measure in workload.measures {
      for ours in workload.ours {
        let own = entry("ours \(ours.name)")
        let peers = present.filter {
          opponent(of: $0, workload).name == ours.name && $0.measures?.contains(measure) ?? true
        }
        var row = SuiteResult.Row(
          workload: "\(workload.title), \(ours.precision)", measure: measure.title,
          ours: own?.report.flatMap { measure.value(in: $0) },
          share: share(measure, own?.report, limits[ours.precision]))
        if row.ours == nil { row.remark = "ours: \(own?.reason ?? "no figure")" }
        rows += peers.isEmpty ? [row] : peers.map { compare(row, measure, $0, entry($0.name)) }
      }
    }
  }

  /// A row with a peer's figure.
  private func compare(
    _ row: SuiteResult.Row, _ measure: Measure, _ peer: Contender, _ entry: SuiteResult.Entry?
  ) -> SuiteResult.Row {
    var row = row
    row.peer = peer.name
    row.theirs = entry?.report.flatMap { measure.value(in: $0, phases: peer.phases) }
    row.remark = row.remark ?? remark(entry)
    if let ours = row.ours, let theirs = row.theirs, ours > 0, theirs > 0 {
      row.ratio = measure.higherIsBetter ? ours / theirs : theirs / ours
    }
    return row
  }

  /// Ours of the peer's precision, else the first.
  private func opponent(of peer: Contender, _ workload: Workload) -> Contender {
    workload.ours.first { $0.precision == peer.precision } ?? workload.ours[0]
  }

  private func share(
    _ measure: Measure, _ report: Report?, _ limits: Limit?
  ) -> Double? {
    guard let limits, let report, let phase = measure.phase, let cost = report.cost[phase],
      let seconds = report.seconds(phase)
    else { return nil }
    return cost.seconds(flopsPerSecond: limits.flops, bytesPerSecond: limits.bytes) / seconds
  }

  private func remark(_ entry: SuiteResult.Entry?) -> String? {
    guard let entry else { return "not run" }
    switch entry.status {
    case .measured: return nil
    case .stored: return "stored \(entry.date.prefix(10))"
    case .missing: return "not installed"
    case .failed: return "failed: \(entry.reason ?? "?")"
    case .skipped: return entry.reason ?? "not run"
    }
  }

  private static let header = [
    "workload", "measure", "ours", "peer", "peer's", "ratio", "share", "",
  ]

  private func cells(_ row: SuiteResult.Row) -> [String] {
    [
      row.workload, row.measure, row.ours.map(figure) ?? "-", row.peer ?? "-",
      row.theirs.map(figure) ?? "-", row.ratio.map { figure2($0) } ?? "-",
      row.share.map { figure2($0) } ?? "-", row.remark ?? "",
    ]
  }

  /// Aligned for a terminal.
  var text: String {
    let lines = [Self.header] + rows.map(cells)
    let widths = Self.header.indices.map { i in lines.map { $0[i].count }.max() ?? 0 }
    return lines.map { line in
      var text = zip(line, widths).map { padded($0, $1) }.joined(separator: "  ")
      while text.last == " " { text.removeLast() }
      return text
    }.joined(separator: "\n") + notRun
  }

  var markdown: String {
    let all = [Self.header, Self.header.map { _ in "---" }] + rows.map(cells)
    return all.map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n") + "\n"
      + notRun
  }

  private var notRun: String {
    left.isEmpty ? "" : "\nNot run: \(left.joined(separator: "; ")).\n"
  }

  private func figure2(_ x: Double) -> String {
    x >= 100 ? figure(x) : String(format: x >= 10 ? "%.1f" : "%.2f", x)
  }
}
