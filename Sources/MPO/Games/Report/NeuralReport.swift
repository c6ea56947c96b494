import Foundation

/// A network on games beside tabular MPO: table, JSON lines and picture.
public struct NeuralReport: Sendable {
  public let source: String
  public let result: NeuralGameResult

  public init(source: String, _ result: NeuralGameResult) {
    self.source = source
    self.result = result
  }

  public var isStopped: Bool { (result.records.last?.step ?? 0) < result.settings.steps }

  /// What is about to be played. Printed before the run.
  public static func header(
    source: String, _ games: [PreferenceGame], _ settings: NeuralGameSettings
  ) -> String {
    let n = games.first?.count ?? 0
    var lines = [
      "games of \(source): \(games.count), n = \(n), one network for all",
      "eta = \(shortNumber(settings.eta)), magnet_coef = \(shortNumber(settings.magnetCoefficient)), "
        + "magnet_sync_steps = \(settings.magnetSyncSteps), \(settings.steps) proximal steps",
    ]
    for mode in settings.modes { lines.append("\(mode.rawValue): \(settings.summary(mode))") }
    return lines.joined(separator: "\n")
  }

  /// Mean duality gap over the games, a row for some of the recorded steps, and what it amounts to.
  public var text: String {
    let hasExact = result.settings.modes.contains(.exact)
    let hasAdamW = result.settings.modes.contains(.adamW)
    var table = TextTable(
      ["step", "tabular"] + (hasExact ? ["exact", "deviation"] : []) + (hasAdamW ? ["adamw"] : []))
    for record in shownRecords {
      var row = ["\(record.step)", gapText(record.tabular.mean)]
      if hasExact {
        let exact = record.exact?.mean ?? .nan
        // Below it the network ends at what float32 can tell apart.
        let compares = record.tabular.mean >= 1e-4
        row += [gapText(exact), compares ? percent(exact / record.tabular.mean - 1) : "-"]
      }
      if hasAdamW { row.append(gapText(record.adamW?.mean ?? .nan)) }
      table.add(row)
    }
    return ([table.text, ""] + conclusions).joined(separator: "\n")
  }

  private var conclusions: [String] {
    var lines: [String] = []
    if let worst = result.worstDeviation() {
      lines.append(
        "exact: its mean gap is within \(percent(worst.relative)) of the table's while that is at "
          + "least 1e-4 (worst at step \(worst.step))")
      let solved = result.exactProximalSteps - result.exactUnsolved
      lines.append(
        "exact: \(solved) of \(result.exactProximalSteps) proximal steps reached the inner "
          + "tolerance, \(result.exactInnerSteps) optimizer steps in all")
    }
    if let last = result.records.last?.adamW {
      lines.append("adamw: last mean gap \(gapText(last.mean)), largest \(gapText(last.max))")
    }
    let seconds = result.seconds.filter { $0.value >= 0.5 }.sorted { $0.key < $1.key }
      .map { "\($0.key) \(Int($0.value.rounded())) s" }
    if !seconds.isEmpty { lines.append("time: " + seconds.joined(separator: ", ")) }
    return lines
  }

  /// About twenty.
  private var shownRecords: [NeuralGameResult.Record] {
    let every = max(1, result.records.count / 20)
    return result.records.enumerated().filter {
      ($0.offset + 1) % every == 0 || $0.offset == result.records.count - 1
    }.map(\.element)
  }

  private func percent(_ share: Double) -> String {
    share.isFinite ? String(format: "%.2f %%", 100 * share) : "-"
  }

  /// One object a line: the table, then each mode. Gaps are means over the games.
  public var jsonLines: [String] {
    curves.map { curve in
      var line = JSONLine()
      line.add("algorithm", curve.name)
      line.add("game", source)
      line.add("games", result.games)
      line.add("gap", steps: result.records.map(\.step), curve.values.map(\.mean))
      line.add("max_gap", steps: result.records.map(\.step), curve.values.map(\.max))
      if curve.name == Self.name(.exact), let worst = result.worstDeviation() {
        line.add("worst_deviation", worst.relative)
        line.add("inner_steps", result.exactInnerSteps)
      }
      return line.text
    }
  }

  /// Mean gaps against proximal steps.
  public var chart: Chart {
    let series = curves.enumerated().map { group, curve in
      ChartSeries(
        curve.title,
        zip(result.records, curve.values).map { (x: Double($0.step), y: $1.mean) },
        // The exact curve lies on the table's: dashes let both be seen.
        style: curve.name == Self.name(.exact) ? .dashed : .solid, group: group)
    }
    var chart = Chart(
      title: "Mean duality gap of a neural policy: \(source)",
      subtitle: "\(result.games) \(result.games == 1 ? "game" : "games"), eta = "
        + "\(shortNumber(result.settings.eta)), magnet_coef = "
        + "\(shortNumber(result.settings.magnetCoefficient)), magnet_sync_steps = "
        + "\(result.settings.magnetSyncSteps)",
      xLabel: "proximal steps", yLabel: "duality gap (log scale)", xScale: .linear, yScale: .log,
      series: series)
    chart.yFloor = 1e-16
    return chart
  }

  private static func name(_ mode: NeuralGameSettings.Mode) -> String {
    "mpo-neural-\(mode.rawValue)"
  }

  private var curves: [(name: String, title: String, values: [GapSummary])] {
    let tabular = ("mpo", "MPO on a table", result.records.map(\.tabular))
    return [tabular]
      + result.settings.modes.map { mode in
        let values = result.records.compactMap { mode == .exact ? $0.exact : $0.adamW }
        let title = mode == .exact ? "network, steps solved" : "network, AdamW"
        return (Self.name(mode), title, values)
      }
  }
}

extension NeuralGameSettings {
  /// The settings that a mode uses.
  func summary(_ mode: Mode) -> String {
    switch mode {
    case .exact:
      return "inner_tolerance = \(shortNumber(innerTolerance)), max_inner_steps = \(maxInnerSteps)"
    case .adamW:
      return "inner_steps = \(innerSteps), learning_rate = \(shortNumber(learningRate)), "
        + "clip_range = \(shortNumber(clipRange))"
    }
  }
}
