import Foundation

/// A whole picture: titles, one or two panels, and the legend below them.
struct Figure {
  enum Entry {
    case series(String, group: Int, style: ChartSeries.Style)
    case key(ChartKey)

    var name: String {
      switch self {
      case .series(let name, _, _): return name
      case .key(let key): return key.name
      }
    }
  }

  var title: String
  var subtitle: String
  /// For `<desc>`.
  var description = ""
  /// Blocks, each from a new row on.
  var legend: [[Entry]] = []
  /// Small lines below the legend.
  var notes: [String] = []

  private static let margin = 16.0
  private static let rowHeight = 20.0
  private static let swatch = 34.0

  init(title: String, subtitle: String) {
    self.title = title
    self.subtitle = subtitle
  }

  func svg(chart: Chart, simplex: SimplexPlot?) -> String {
    let margin = Self.margin
    let panels = Chart.size.width + (simplex == nil ? 0 : SimplexPlot.size.width + 12)
    let width = panels + 2 * margin
    let header = subtitle.isEmpty ? 50.0 : 68.0
    let (columns, cell) = grid(width: panels)
    let rows = legend.flatMap { block in
      stride(from: 0, to: block.count, by: columns).map {
        Array(block[$0..<min($0 + columns, block.count)])
      }
    }
    let foot = header + Chart.size.height + 4
    let height = foot + Double(rows.count + notes.count) * Self.rowHeight + margin

    var svg = SVGWriter()
    svg.add(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(SVG.number(width)) "
        + "\(SVG.number(height))\" width=\"\(SVG.number(width))\" height=\"\(SVG.number(height))\" "
        + "role=\"img\" aria-labelledby=\"title desc\">")
    svg.add("<title id=\"title\">\(SVG.escaped(title))</title>")
    svg.add("<desc id=\"desc\">\(SVG.escaped(description))</desc>")
    svg.add("<style>\n\(Palette.styleSheet)\n</style>")
    svg.add("<rect class=\"ground\" width=\"100%\" height=\"100%\"/>")
    svg.label(
      SVG.fitted(title, width: panels, size: 16), x: margin, y: 30, classes: "title ink")
    if !subtitle.isEmpty {
      svg.label(
        SVG.fitted(subtitle, width: panels, size: 12), x: margin, y: 50, classes: "muted")
    }
    ChartDrawing(chart, x: margin, y: header).draw(into: &svg)
    simplex?.draw(into: &svg, x: margin + Chart.size.width + 12, y: header)
    for (i, row) in rows.enumerated() {
      let y = foot + (Double(i) + 0.5) * Self.rowHeight
      for (j, entry) in row.enumerated() {
        draw(entry, margin + Double(j) * cell, y, width: cell - Self.swatch - 12, &svg)
      }
    }
    for (i, note) in notes.enumerated() {
      let y = foot + (Double(rows.count + i) + 0.5) * Self.rowHeight + 4
      svg.label(
        SVG.fitted(note, width: panels, size: 11), x: margin, y: y, classes: "muted small")
    }
    svg.add("</svg>")
    return svg.text
  }

  /// Columns of the legend, all as wide as the longest entry.
  private func grid(width: Double) -> (columns: Int, cell: Double) {
    let longest = legend.joined().map { SVG.width($0.name, size: 12) }.max() ?? 0
    let cell = min(width, longest + Self.swatch + 24)
    return (max(1, Int(width / cell)), cell)
  }

  private func draw(
    _ entry: Entry, _ x: Double, _ y: Double, width: Double, _ svg: inout SVGWriter
  ) {
    let (from, to, middle) = ((x: x, y: y), (x: x + 26, y: y), x + 13)
    switch entry {
    case .series(_, let group, let style):
      let dash = style == .dashed ? " dashed" : ""
      svg.line(from, to, classes: "curve s\(Palette.color(group))\(dash)")
      if style == .solid { svg.add(Marker(series: group).element(middle, y, series: group)) }
    case .key(.solid): svg.line(from, to, classes: "curve line")
    case .key(.dashed): svg.line(from, to, classes: "curve line dashed")
    case .key(.dot): svg.add(SimplexPlot.dot(middle, y))
    case .key(.cross): svg.add(SimplexPlot.cross(middle, y))
    }
    svg.label(
      SVG.fitted(entry.name, width: width, size: 12), x: x + Self.swatch, y: y + 4, classes: "ink")
  }
}
