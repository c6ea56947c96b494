import Foundation
import MPO

/// Points of one sweep as a table and two charts.
struct SweepPictures {
  let plan: SweepPlan
  let points: [SweepPoint]
  let device: String

  private var phases: [String] { plan.isLoss ? ["loss"] : ["iteration", "learn", "generate"] }

  /// Seconds by phase.
  var timeChart: Chart {
    Chart(
      title: "Time by \(plan.title)", subtitle: "\(plan.fixed); \(device)",
      xLabel: "\(plan.xLabel) (log scale)", yLabel: "seconds (log scale)", xScale: .log,
      yScale: .log,
      series: phases.map { phase in
        ChartSeries(phase, points.map { (x: Double($0.x), y: $0.seconds[phase] ?? .nan) })
      })
  }

  var memoryChart: Chart {
    let x = points.map { Double($0.x) }
    var series = [
      ChartSeries(
        plan.isLoss ? "beyond inputs and gradients" : "beyond the states",
        zip(x, points).map { (x: $0, y: $1.beyondMiB) })
    ]
    if plan.isLoss {
      series.append(
        ChartSeries(
          "three N x V logit arrays, which are never held",
          zip(x, points).map { (x: $0, y: $1.logitsMiB ?? .nan) }, style: .dashed))
    } else {
      series.append(ChartSeries("all tensors", zip(x, points).map { (x: $0, y: $1.peakMiB) }))
    }
    return Chart(
      title: "Memory by \(plan.title)", subtitle: "\(plan.fixed); \(device)",
      xLabel: "\(plan.xLabel) (log scale)", yLabel: "MiB in tensors (log scale)", xScale: .log,
      yScale: .log, series: series)
  }

  /// `growth`: the exponent of time from the row before, 1 for twice the time at twice the size.
  var table: String {
    let head =
      [plan.xLabel] + phases.map { "\($0), s" } + ["growth", "us a token", "peak MiB"]
      + (plan.isLoss
        ? ["beyond inputs and gradients, MiB", "three N x V arrays, MiB"]
        : ["beyond the states, MiB"])
    let rows = points.indices.map { i in
      let p = points[i]
      let seconds = p.seconds[phases[0]] ?? .nan
      return ["\(p.x)"] + phases.map { figure(p.seconds[$0] ?? .nan) }
        + [i == 0 ? "-" : growth(from: points[i - 1], to: p)]
        + [figure(seconds / Double(p.tokens) * 1e6), figure(p.peakMiB), figure(p.beyondMiB)]
        + (p.logitsMiB.map { [figure($0)] } ?? [])
    }
    return "## By \(plan.title)\n\n\(plan.fixed).\n\n"
      + ([head, head.map { _ in "---" }] + rows)
      .map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
  }

  private func growth(from a: SweepPoint, to b: SweepPoint) -> String {
    guard let s = a.seconds[phases[0]], let t = b.seconds[phases[0]], b.x != a.x else { return "-" }
    return String(format: "%.2f", log(t / s) / log(Double(b.x) / Double(a.x)))
  }
}
