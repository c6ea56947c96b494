/// Where a point of a curve lies on the page's x axis.
public enum ReportAxis: String, Sendable, CaseIterable {
  case steps, tokens, time

  var label: String {
    switch self {
    case .steps: return "step"
    case .tokens: return "generated tokens"
    case .time: return "minutes in steps"
    }
  }

  func place(_ point: RunCurve.Point) -> Double {
    switch self {
    case .steps: return Double(point.step)
    case .tokens: return point.tokens
    case .time: return point.seconds / 60
    }
  }
}

typealias PlotPoint = (x: Double, y: Double)

/// A line of a panel.
struct PanelLine {
  enum Role {
    /// In the legend and under the pointer.
    case main
    /// Every point behind a smoothed main line.
    case raw
    /// One seed behind the mean of several.
    case seed
  }

  var name: String
  /// Colour and marker; also what the legend of the page switches.
  var series: Int
  var role = Role.main
  var points: [PlotPoint?]
}

/// Between two curves: a standard error, or the shortest and longest response.
struct PanelBand {
  var series: Int
  var points: [(x: Double, low: Double, high: Double)]
}

/// One chart of the page. Lines and grid are an SVG that is stretched to whatever size the page gives
/// it, with strokes that keep their width; labels and markers are HTML in percent of that size. So
/// text has the reader's size on a phone and on a wide screen.
struct PanelPlot {
  var title: String
  var explanation = ""
  var xLabel: String
  var lines: [PanelLine] = []
  var bands: [PanelBand] = []
  /// Places of magnet refreshes: full lines when `series` is nil, else short ones in its colour.
  var refreshes: [(series: Int?, places: [Double])] = []
  /// A horizontal line: chance, a bound.
  var reference: (value: Double, label: String)?
  /// The least that the y axis must show.
  var mustShow: [Double] = []
  /// Whether a log axis may be chosen where values span more than two decades.
  var mayBeLog = false
  /// Whether lines are told apart here, and not by the page's legend.
  var hasLegend = false
  /// Where the x axis must reach to, the same in all panels.
  var xRange: (low: Double, high: Double)
  /// Of the values, for the legend and the description.
  var format: (Double) -> String = { reportFigure($0) }

  private static let unit = 1000.0

  func write(into html: inout HTML) {
    let xAxis = Axis([xRange.low, xRange.high], scale: .linear, isTight: true)
    let yAxis = Axis(yValues, scale: isLog ? .log : .linear)
    html.element("figure", [("class", "panel")]) { html in
      html.element("figcaption") { html in
        html.leaf("h3", title)
        if !explanation.isEmpty { html.leaf("p", explanation) }
        if hasLegend { writeLegend(&html) }
      }
      let widest = yAxis.ticks.map { SVG.width(tickLabel($0), size: 11.5) }.max() ?? 0
      let data = [
        ("class", "chart"), ("style", "--gutter:\(Int(widest) + 8)px"),
        ("data-x0", "\(xAxis.low)"), ("data-x1", "\(xAxis.high)"), ("data-y0", "\(yAxis.low)"),
        ("data-y1", "\(yAxis.high)"), ("data-log", isLog ? "1" : "0"), ("data-unit", xLabel),
      ]
      html.element("div", data) { html in
        html.element("div", [("class", "ys")]) { html in
          for tick in yAxis.ticks {
            guard let share = yAxis.position(tick.value) else { continue }
            html.leaf("span", tickLabel(tick), [("style", "top:\(percent(1 - share))")])
          }
        }
        html.element("div", [("class", "plot")]) { html in
          html.raw(drawing(xAxis, yAxis))
          writeMarkers(xAxis, yAxis, &html)
        }
        html.element("div", [("class", "xs")]) { html in writeTicks(xAxis, &html) }
      }
    }
  }

  private func tickLabel(_ tick: Axis.Tick) -> String {
    isLog && tick.label.hasPrefix("10") && tick.value < 1
      ? tick.label : shortTick(tick.value, plain: tick.label)
  }

  /// Ticks whose labels find room on a phone; the others only where there is more.
  private func writeTicks(_ axis: Axis, _ html: inout HTML) {
    for (i, tick) in axis.ticks.enumerated() {
      guard let share = axis.position(tick.value) else { continue }
      var classes = i % 2 == 1 ? ["odd"] : []
      if share < 0.03 { classes.append("first") }
      if share > 0.97 { classes.append("last") }
      html.leaf(
        "span", tickLabel(tick),
        [("class", classes.joined(separator: " ")), ("style", "left:\(percent(share))")])
    }
    html.leaf("em", xLabel)
  }

  private func writeLegend(_ html: inout HTML) {
    html.element("div", [("class", "legend")]) { html in
      for line in lines where line.role == .main {
        let end = line.points.last { $0 != nil }.flatMap { $0 }
        html.raw(
          "<span>\(Self.swatch(line.series))\(HTML.escaped(line.name))"
            + (end.map { " <b>\(HTML.escaped(format($0.y)))</b>" } ?? "") + "</span>")
      }
    }
  }

  /// A short line with the marker of a series.
  static func swatch(_ series: Int) -> String {
    "<svg class=\"swatch\" viewBox=\"0 0 24 12\" aria-hidden=\"true\">"
      + "<path class=\"curve s\(Palette.color(series))\" d=\"M1 6H23\"/>"
      + Marker(series: series).element(12, 6, series: series, radius: 3.6) + "</svg>"
  }

  // MARK: - Drawing

  private func drawing(_ xAxis: Axis, _ yAxis: Axis) -> String {
    func at(_ point: PlotPoint?) -> PlotPoint? {
      guard let point, let h = xAxis.position(point.x), let v = yAxis.position(point.y) else {
        return nil
      }
      return (x: h * Self.unit, y: (1 - v) * Self.unit)
    }
    var svg = SVGWriter()
    svg.add(
      "<svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" role=\"img\" "
        + "aria-label=\"\(SVG.escaped(summary))\">")
    let rows = yAxis.ticks.compactMap { yAxis.position($0.value) }
    svg.add(
      "<path class=\"grid\" d=\""
        + rows.map { "M0 \(SVG.number((1 - $0) * Self.unit))H1000" }.joined() + "\"/>")
    if let reference, let share = yAxis.position(reference.value) {
      svg.add(
        "<path class=\"reference\" d=\"M0 \(SVG.number((1 - share) * Self.unit))H1000\">"
          + "<title>\(SVG.escaped(reference.label))</title></path>")
    }
    for (series, places) in refreshes {
      let marks = places.compactMap { xAxis.position($0) }.filter { (0...1).contains($0) }
      guard !marks.isEmpty else { continue }
      let top = series == nil ? 0 : 930
      let path = marks.map { "M\(SVG.number($0 * Self.unit)) \(top)V1000" }.joined()
      let classes = series.map { "tick s\(Palette.color($0))" } ?? "refresh"
      svg.add(
        "<path class=\"\(classes)\"\(Self.switched(series)) d=\"\(path)\">"
          + "<title>magnet refresh</title></path>")
    }
    for band in bands {
      let upper = band.points.compactMap { at((x: $0.x, y: $0.high)) }
      let lower = band.points.compactMap { at((x: $0.x, y: $0.low)) }
      guard upper.count > 1 else { continue }
      svg.add(
        "<path class=\"band f\(Palette.color(band.series))\"\(Self.switched(band.series)) "
          + "d=\"\(SVG.path(upper + lower.reversed()))Z\"/>")
    }
    for line in lines {
      let points = line.points.map(at)
      guard points.contains(where: { $0 != nil }) else { continue }
      let role = line.role == .main ? "" : line.role == .raw ? " raw" : " seed"
      let name = line.role == .seed ? "" : " data-name=\"\(SVG.escaped(line.name))\""
      svg.add(
        "<path class=\"curve s\(Palette.color(line.series))\(role)\"\(name)"
          + "\(Self.switched(line.series)) d=\"\(Self.path(points))\"/>")
    }
    svg.add("</svg>")
    return svg.text
  }

  /// A point between gaps is drawn too: a line of no length with a round cap is a dot.
  private static func path(_ points: [PlotPoint?]) -> String {
    var out = SVG.path(points)
    for (i, point) in points.enumerated() {
      guard let point, i == 0 || points[i - 1] == nil, i + 1 == points.count || points[i + 1] == nil
      else { continue }
      out += "M\(SVG.number(point.x)) \(SVG.number(point.y))h0"
    }
    return out
  }

  private static func switched(_ series: Int?) -> String {
    series.map { " data-series=\"\($0)\"" } ?? ""
  }

  /// Each main line's end has its series' marker.
  private func writeMarkers(_ xAxis: Axis, _ yAxis: Axis, _ html: inout HTML) {
    let main = lines.filter { $0.role == .main }
    guard main.count > 1 else { return }
    for line in main {
      guard let end = line.points.last(where: { $0 != nil }).flatMap({ $0 }),
        let h = xAxis.position(end.x), let v = yAxis.position(end.y)
      else { continue }
      html.raw(
        "<svg class=\"mark\"\(Self.switched(line.series)) style=\"left:\(percent(h));"
          + "top:\(percent(1 - v))\" viewBox=\"-7 -7 14 14\" aria-hidden=\"true\">"
          + Marker(series: line.series).element(0, 0, series: line.series, radius: 4.4) + "</svg>")
    }
  }

  private func percent(_ share: Double) -> String { "\(SVG.number(min(max(share, 0), 1) * 100))%" }

  // MARK: - Ranges

  private var drawnValues: [Double] {
    lines.flatMap { $0.points.compactMap { $0?.y } }
      + bands.flatMap { $0.points.flatMap { [$0.low, $0.high] } }
  }

  private var isLog: Bool {
    guard mayBeLog, let low = drawnValues.min(), let high = drawnValues.max() else { return false }
    return low > 0 && high > 100 * low
  }

  /// Zero too where it is not far.
  private var yValues: [Double] {
    let values = drawnValues + mustShow
    guard !isLog, let low = values.min(), let high = values.max() else { return values }
    return low > 0 && low < 0.5 * high ? values + [0] : values
  }

  /// For readers who do not see the chart.
  private var summary: String {
    let ends = lines.filter { $0.role == .main }.compactMap { line -> String? in
      guard let end = line.points.last(where: { $0 != nil }).flatMap({ $0 }) else { return nil }
      return "\(line.name) ends at \(format(end.y))"
    }
    return "\(title) against \(xLabel). " + ends.joined(separator: "; ")
  }
}
