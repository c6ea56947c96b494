extension GameReport {
  /// Duality gap against updates; for three responses also the paths of the policies.
  public var chart: Chart {
    var series: [ChartSeries] = []
    for (group, result) in results.enumerated() {
      let steps = result.curve.steps.map(Double.init)
      series.append(
        ChartSeries(
          "\(result.label), average", points(steps, result.curve.averageGap), style: .dashed,
          group: group, isInLegend: false))
    }
    for (group, result) in results.enumerated() {
      let steps = result.curve.steps.map(Double.init)
      series.append(ChartSeries(result.label, points(steps, result.curve.gap), group: group))
    }
    var chart = Chart.ofGaps(
      title: "Duality gap in self-play: \(name)",
      subtitle: "n = \(game.count); \(settings.conditions)", steps: settings.steps,
      series: series)
    chart.keys = [.solid("last iterate"), .dashed("average iterate")]
    return chart
  }

  /// The picture as SVG.
  public var svg: String { chart.svg(beside: simplex) }

  private var simplex: SimplexPlot? {
    let averages = results.enumerated().map { group, result in
      SimplexPlot.Path(
        result.curve.averagePath + result.curve.averages.suffix(1), style: .dashed, group: group)
    }
    let paths = results.enumerated().map { group, result in
      SimplexPlot.Path(result.curve.path + [result.curve.policy], group: group)
    }
    return SimplexPlot(
      names: game.names, paths: averages + paths, start: results.first?.curve.policies.first,
      equilibrium: results.first { $0.exact != nil }?.exact?.equilibrium)
  }

  private func points(_ x: [Double], _ y: [Double]) -> [(x: Double, y: Double)] {
    zip(x, y).map { (x: $0, y: $1) }
  }
}

extension Chart {
  /// Longer runs than this have updates on a log axis.
  static let linearSteps = 200

  /// Gaps against updates. Double precision ends near 1e-16.
  static func ofGaps(
    title: String, subtitle: String, steps: Int, series: [ChartSeries], floor: Double = 1e-16
  ) -> Chart {
    let scale = steps > linearSteps ? AxisScale.log : .linear
    var chart = Chart(
      title: title, subtitle: subtitle,
      xLabel: scale == .log ? "updates (log scale)" : "updates",
      yLabel: "duality gap (log scale)", xScale: scale, yScale: .log, series: series)
    chart.yFloor = floor
    return chart
  }
}
