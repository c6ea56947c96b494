import Foundation

/// One line of a chart.
public struct ChartSeries: Sendable {
  public enum Style: Sendable, Equatable {
    case solid, dashed
  }

  /// For the legend.
  public var name: String
  /// In order; a point that is not finite interrupts the line.
  public var points: [(x: Double, y: Double)]
  public var style: Style
  /// Lines of the same group share colour and marker: a curve and its average. Default: the place
  /// of the series in its chart.
  public var group: Int?
  /// Whether the legend names it. Default: true.
  public var isInLegend: Bool
  /// Shaded behind the line, from low to high at each x: a spread over seeds. Default: none.
  public var band: [(x: Double, low: Double, high: Double)] = []

  public init(
    _ name: String, _ points: [(x: Double, y: Double)], style: Style = .solid, group: Int? = nil,
    isInLegend: Bool = true
  ) {
    self.name = name
    self.points = points
    self.style = style
    self.group = group
    self.isInLegend = isInLegend
  }
}

/// A line chart as SVG, without scripts or fonts of its own, in the reader's light or dark scheme
/// (`prefers-color-scheme`).
///
///     let chart = Chart(
///       title: "Duality gap", subtitle: "game g1", xLabel: "updates", yLabel: "gap",
///       xScale: .log, yScale: .log, series: [ChartSeries("MPO", points)])
///     try chart.svg.write(toFile: "gap.svg", atomically: true, encoding: .utf8)
///
/// Every series has a colour and a marker. The legend stands below the plot and never covers it.
/// Long lines are thinned to what a screen shows, so that a file stays below 200 kB.
public struct Chart: Sendable {
  public var title: String
  public var subtitle: String
  public var xLabel: String
  public var yLabel: String
  public var xScale: AxisScale
  public var yScale: AxisScale
  public var series: [ChartSeries]
  /// On a log axis, values below it are drawn at the bottom like 0. Default: 0, none but 0.
  public var yFloor = 0.0
  /// Entries of the legend that belong to no series.
  public var keys: [ChartKey] = []
  /// A small line below the legend. Default: none.
  public var note = ""

  /// Width and height of the panel in pixels, legend and titles apart.
  static let size = (width: 680.0, height: 400.0)

  public init(
    title: String, subtitle: String = "", xLabel: String, yLabel: String,
    xScale: AxisScale = .linear, yScale: AxisScale = .linear, series: [ChartSeries]
  ) {
    self.title = title
    self.subtitle = subtitle
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.xScale = xScale
    self.yScale = yScale
    self.series = series
  }

  /// The whole picture.
  public var svg: String { svg(beside: nil) }

  /// The same with paths on the simplex to the right; its groups take the colours of this chart's.
  public func svg(beside simplex: SimplexPlot?) -> String {
    var figure = Figure(title: title, subtitle: subtitle)
    figure.notes = notes
    figure.description = summary + (simplex.map { " \($0.summary)" } ?? "")
    figure.legend = [
      series.enumerated().filter(\.element.isInLegend).map { i, line in
        .series(line.name, group: line.group ?? i, style: line.style)
      }, (keys + (simplex?.keys ?? [])).map { .key($0) },
    ]
    return figure.svg(chart: self, simplex: simplex)
  }

  /// Values of 0 and below (or below `yFloor`) that a log axis draws at the bottom.
  var hasFloored: Bool {
    yScale == .log
      && series.contains { $0.points.contains { $0.y <= yFloor && isShown(x: $0.x) } }
  }

  private var notes: [String] {
    let given = note.isEmpty ? [] : [note]
    guard hasFloored else { return given }
    let bound = yFloor > 0 ? "Values below \(Axis.power(decade(yFloor)))" : "Values of 0"
    return given + ["\(bound) are drawn at the bottom."]
  }

  private func decade(_ value: Double) -> Int {
    Int((log10(value) + 1e-9).rounded(.down))
  }

  func isShown(x: Double) -> Bool { x.isFinite && (xScale == .linear || x > 0) }

  /// For readers who do not see the picture.
  private var summary: String {
    let names = series.filter(\.isInLegend).map(\.name).joined(separator: ", ")
    let ends = series.filter { $0.isInLegend }.compactMap { line in
      line.points.last { $0.y.isFinite && $0.x.isFinite }.map {
        "\(line.name) ends at \(shortFigure($0.y))"
      }
    }
    return "Line chart of \(yLabel) against \(xLabel)"
      + (series.isEmpty ? "; no data." : " for \(names). \(ends.joined(separator: "; ")).")
  }
}

/// What a legend explains besides the series: a neutral line or a symbol.
public enum ChartKey: Sendable, Equatable {
  case solid(String)
  case dashed(String)
  case dot(String)
  case cross(String)

  var name: String {
    switch self {
    case .solid(let name), .dashed(let name), .dot(let name), .cross(let name): return name
    }
  }
}
