import Foundation

/// Curves over a run, one line for each method: the mean over its seeds with a band.
struct RecipePicture {
  /// One method: points of the mean and of the band.
  struct Curve {
    var name: String
    var points: [(x: Double, y: Double)]
    var band: [(x: Double, low: Double, high: Double)]
  }

  let plot: RecipeCollecting.Plot
  private(set) var curves: [Curve] = []

  init(
    _ plot: RecipeCollecting.Plot, plan: RecipePlan, figures: (RecipePlan.ID) -> RunFigures?
  ) throws {
    self.plot = plot
    for method in plan.recipe.methods where plot.methods.contains(method.name) {
      let runs = plan.ids(of: plot.stage).filter { $0.method == method.name && $0.point == nil }
        .compactMap(figures)
      let lines = try runs.map { try Self.points(plot, $0) }
      guard !lines.isEmpty else { continue }
      curves.append(Self.curve(method.title, lines, smooth: plot.smooth, band: plot.band))
    }
  }

  /// In the order of x.
  private static func points(
    _ plot: RecipeCollecting.Plot, _ run: RunFigures
  ) throws -> [(x: Double, y: Double)] {
    guard plot.source == .output else {
      return try run.metrics([plot.x, plot.y]).map { (x: $0[0], y: $0[1]) }
    }
    let pairs = zip(try run.outputs(plot.x), try run.outputs(plot.y))
    return pairs.map { (x: $0, y: $1) }.sorted { $0.x < $1.x }
  }

  /// Seeds are put together by their place in the file; the shortest one ends the curve.
  static func curve(
    _ name: String, _ lines: [[(x: Double, y: Double)]], smooth: Int, band: RecipeCollecting.Band
  ) -> Curve {
    let smoothed = lines.map { Self.smoothed($0, window: smooth) }
    let count = smoothed.map(\.count).min() ?? 0
    var curve = Curve(name: name, points: [], band: [])
    for i in 0..<count {
      let values = SeedStatistics(smoothed.map { $0[i].y })
      let x = smoothed.reduce(0) { $0 + $1[i].x } / Double(smoothed.count)
      curve.points.append((x, values.mean))
      switch band {
      case .none: break
      case .standardError:
        guard let error = values.standardError else { continue }
        curve.band.append((x, values.mean - error, values.mean + error))
      case .range:
        guard values.count > 1 else { continue }
        curve.band.append((x, values.values.min() ?? 0, values.values.max() ?? 0))
      }
    }
    return curve
  }

  /// Mean of the last `window` values, of those there are at the beginning.
  static func smoothed(
    _ line: [(x: Double, y: Double)], window: Int
  ) -> [(x: Double, y: Double)] {
    line.indices.map { i in
      let part = line[max(0, i - window + 1)...i]
      return (line[i].x, part.reduce(0) { $0 + $1.y } / Double(part.count))
    }
  }

  var svg: String {
    var parts: [String] = []
    if plot.smooth > 1 { parts.append("running mean of \(plot.smooth) steps") }
    switch plot.band {
    case .none: break
    case .standardError: parts.append("mean over seeds ± standard error")
    case .range: parts.append("mean over seeds, band from the least to the greatest")
    }
    let chart = Chart(
      title: plot.title, subtitle: parts.joined(separator: "; "), xLabel: plot.xLabel,
      yLabel: plot.yLabel, xScale: plot.xScale, yScale: plot.yScale,
      series: curves.map { curve in
        var series = ChartSeries(curve.name, curve.points)
        series.band = curve.band
        return series
      })
    return chart.svg
  }
}
