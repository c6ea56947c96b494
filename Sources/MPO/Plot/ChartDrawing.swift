import Foundation

/// Three digits, for descriptions.
func shortFigure(_ value: Double) -> String { String(format: "%.3g", value) }

/// Drawing of a chart's panel at (x, y), its upper left corner.
struct ChartDrawing {
  let chart: Chart
  let x: Double
  let y: Double
  private let horizontal: Axis
  private let vertical: Axis
  private let plot: (left: Double, top: Double, right: Double, bottom: Double)

  /// About 12 bytes a point.
  private static let pointsInAll = 12_000
  /// Corners of a band along one of its sides.
  private static let bandPoints = 240

  init(_ chart: Chart, x: Double, y: Double) {
    self.chart = chart
    (self.x, self.y) = (x, y)
    let points = chart.series.flatMap(\.points).filter { chart.isShown(x: $0.x) }
    horizontal = Axis(points.map(\.x), scale: chart.xScale, isTight: true)
    let bands = chart.series.flatMap(\.band).filter { chart.isShown(x: $0.x) }
    // On a log axis the lower side of a band may be 0 or less; only the curves stretch it.
    let spread = bands.flatMap { chart.yScale == .log ? [$0.high] : [$0.low, $0.high] }
    vertical = Axis(
      points.map(\.y) + spread, scale: chart.yScale, floor: chart.yFloor,
      hasZeros: chart.hasFloored)
    let widest = vertical.ticks.map { SVG.width($0.label, size: 12) }.max() ?? 0
    plot = (x + widest + 14, y + 26, x + Chart.size.width - 18, y + Chart.size.height - 44)
  }

  func draw(into svg: inout SVGWriter) {
    drawAxes(&svg)
    let shown = chart.series.map(path)
    guard shown.contains(where: { $0.contains { $0 != nil } }) else {
      svg.label(
        "no data", x: (plot.left + plot.right) / 2, y: (plot.top + plot.bottom) / 2,
        classes: "muted", anchor: .middle)
      return
    }
    svg.add(
      "<clipPath id=\"plot\"><rect x=\"\(SVG.number(plot.left))\" y=\"\(SVG.number(plot.top - 1))\""
        + " width=\"\(SVG.number(plot.right - plot.left))\" "
        + "height=\"\(SVG.number(plot.bottom - plot.top + 2))\"/></clipPath>")
    svg.add("<g clip-path=\"url(#plot)\">")
    for (i, line) in chart.series.enumerated() { drawBand(line, series: line.group ?? i, &svg) }
    for (i, points) in shown.enumerated() {
      let line = chart.series[i]
      let color = Palette.color(line.group ?? i)
      let dash = line.style == .dashed ? " dashed" : ""
      svg.add(
        "<path class=\"curve s\(color)\(dash)\" d=\"\(SVG.path(points))\">"
          + "<title>\(SVG.escaped(line.name))</title></path>")
    }
    svg.add("</g>")
    for (i, points) in shown.enumerated() where chart.series[i].style == .solid {
      drawMarkers(points.compactMap { $0 }, series: chart.series[i].group ?? i, &svg)
    }
  }

  private func drawAxes(_ svg: inout SVGWriter) {
    for tick in vertical.ticks {
      guard let share = vertical.position(tick.value) else { continue }
      let py = plot.bottom - share * (plot.bottom - plot.top)
      svg.line((plot.left, py), (plot.right, py), classes: "grid")
      svg.label(tick.label, x: plot.left - 8, y: py + 4, classes: "muted", anchor: .end)
    }
    var end = -Double.infinity
    for tick in horizontal.ticks {
      guard let share = horizontal.position(tick.value) else { continue }
      let px = plot.left + share * (plot.right - plot.left)
      svg.line((px, plot.top), (px, plot.bottom), classes: "grid")
      let half = SVG.width(tick.label, size: 12) / 2
      guard px - half > end + 6 else { continue }
      svg.label(tick.label, x: px, y: plot.bottom + 18, classes: "muted", anchor: .middle)
      end = px + half
    }
    svg.line((plot.left, plot.bottom), (plot.right, plot.bottom), classes: "frame")
    svg.line((plot.left, plot.top), (plot.left, plot.bottom), classes: "frame")
    svg.label(chart.yLabel, x: x, y: y + 12, classes: "ink")
    svg.label(
      chart.xLabel, x: (plot.left + plot.right) / 2, y: plot.bottom + 38, classes: "ink",
      anchor: .middle)
  }

  /// A closed shape, there along the upper side and back along the lower one.
  private func drawBand(_ line: ChartSeries, series: Int, _ svg: inout SVGWriter) {
    let shown = line.band.filter { chart.isShown(x: $0.x) }
    guard shown.count > 1 else { return }
    let stride = (shown.count + Self.bandPoints - 1) / Self.bandPoints
    let kept = shown.indices.filter { $0 % stride == 0 || $0 == shown.count - 1 }.map { shown[$0] }
    func place(_ x: Double, _ y: Double) -> (x: Double, y: Double)? {
      guard let h = horizontal.position(x), let v = vertical.position(y) else { return nil }
      return (
        plot.left + h * (plot.right - plot.left), plot.bottom - v * (plot.bottom - plot.top)
      )
    }
    let corners =
      kept.compactMap { place($0.x, $0.high) } + kept.reversed().compactMap { place($0.x, $0.low) }
    svg.add("<path class=\"band f\(Palette.color(series))\" d=\"\(SVG.path(corners))Z\"/>")
  }

  /// In pixels, thinned; nil where the line is interrupted.
  private func path(_ line: ChartSeries) -> [(x: Double, y: Double)?] {
    let points: [(x: Double, y: Double)?] = line.points.filter { chart.isShown(x: $0.x) }.map {
      guard let h = horizontal.position($0.x), let v = vertical.position($0.y) else { return nil }
      return (
        x: plot.left + h * (plot.right - plot.left), y: plot.bottom - v * (plot.bottom - plot.top)
      )
    }
    return Thinning.curve(points, limit: min(2400, Self.pointsInAll / max(1, chart.series.count)))
  }

  /// At the end, and along the way at places that differ from series to series, so that lines that
  /// lie upon each other can be told.
  private func drawMarkers(
    _ points: [(x: Double, y: Double)], series: Int, _ svg: inout SVGWriter
  ) {
    guard let last = points.last else { return }
    let marker = Marker(series: series)
    let spacing = (plot.right - plot.left) / 5
    let shift = spacing * (0.5 + Double(series % 7) / 7).truncatingRemainder(dividingBy: 1)
    var next = plot.left + shift
    for point in points where point.x >= next && point.x < last.x - 12 {
      svg.add(marker.element(point.x, point.y, series: series))
      while next <= point.x { next += spacing }
    }
    svg.add(marker.element(last.x, last.y, series: series))
  }
}
