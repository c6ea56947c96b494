import Foundation

extension GameBatchReport {
  /// Quantiles of the gap, a row for each recorded update, and the speed.
  public var text: String {
    var table = TextTable(["updates", "gap, median", "90 %", "max"])
    for (step, gap) in zip(steps, quantiles) {
      table.add([
        String(step), gapText(gap.median), gapText(gap.ninety), gapText(gap.maximum),
      ])
    }
    return "\(table.text)\n\(speed)"
  }

  private var speed: String {
    guard let rate = updatesPerSecond else { return "no updates" }
    return String(format: "%.4g game updates/s", rate)
      + String(format: " (%.3g s in updates) on ", seconds)
      + device.name
  }

  /// What is about to be played.
  public static func header(_ batch: GameBatch) throws -> String {
    let begin = batch.start == .uniform ? "uniform" : "ramp, softmax(0.01 i)"
    return """
      \(batch.games) random games, n = \(batch.size), seed \(batch.seed), \
      \(batch.precision.rawValue); start: \(begin)
        \(batch.algorithm.text)  \(batch.algorithm.kind.title): \(batch.algorithm.settingsText)
      \(try batch.memoryLine)
      """
  }

  /// One object.
  public var jsonLine: String {
    var line = JSONLine()
    line.add("algorithm", batch.algorithm.text)
    line.add("games", batch.games)
    line.add("n", batch.size)
    line.add("seed", Int(clamping: batch.seed))
    line.add("precision", batch.precision.rawValue)
    line.add("settings", batch.algorithm.settingsJSON)
    line.add("steps", updates)
    line.add("device", device.name)
    line.add("seconds", seconds)
    line.add("updates_per_second", updatesPerSecond)
    line.add("gap_median", steps: steps, quantiles.map(\.median))
    line.add("gap_p90", steps: steps, quantiles.map(\.ninety))
    line.add("gap_max", steps: steps, quantiles.map(\.maximum))
    return line.text
  }

  /// The quantiles against updates.
  public var chart: Chart {
    let curves: [(String, KeyPath<Quantiles, Double>)] = [
      ("median", \.median), ("90 % of the games are below", \.ninety), ("maximum", \.maximum),
    ]
    let series = curves.map { name, pick in
      ChartSeries(
        name, zip(steps, quantiles).map { (x: Double($0), y: $1[keyPath: pick]) })
    }
    var chart = Chart.ofGaps(
      title: "Duality gap of \(batch.games) random games, n = \(batch.size)",
      subtitle: "\(batch.algorithm.kind.title), \(batch.algorithm.settingsText); "
        + batch.precision.rawValue,
      steps: batch.steps, series: series, floor: batch.precision == .f64 ? 1e-16 : 1e-9)
    chart.note = speed
    return chart
  }
}
