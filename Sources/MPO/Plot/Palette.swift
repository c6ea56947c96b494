/// Colours, markers and the style sheet of pictures.
///
/// The hues follow Okabe and Ito's set for colour-blind readers, extended, and darkened (lightened
/// on dark ground) until each has a contrast of at least 3 to its background. Ten colours are more
/// than anyone tells apart by hue alone, so every series also has a marker of its own.
package enum Palette {
  package static let light = [
    "#0072b2", "#d55e00", "#007f5f", "#a8408a", "#8a6d00", "#0c8fa8", "#7a4a2a", "#5c5c5c",
    "#d6336c", "#4b3fa7",
  ]
  package static let dark = [
    "#5ab4f0", "#ff8a3d", "#2fcb9a", "#e88acb", "#e3c54a", "#58d6e4", "#cf9f70", "#b8b8b8",
    "#ff7c9c", "#a99dff",
  ]

  /// Fonts and colours for both schemes, as classes: `s0`... stroke and `f0`... fill of a series.
  static var styleSheet: String {
    """
    text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; \
    font-size: 12px; }
    .title { font-size: 16px; font-weight: 600; }
    .small { font-size: 11px; }
    .curve { fill: none; stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; }
    .thin { stroke-width: 1; opacity: 0.8; }
    .dashed { stroke-dasharray: 5 4; }
    .band { opacity: 0.16; stroke: none; }
    .line, .grid, .frame { fill: none; }
    .grid { stroke-width: 1; }
    .hollow { stroke-width: 1.6; }
    \(rules(light, ground: "#ffffff", ink: "#1f2328", muted: "#59626c", grid: "#e4e7eb", "#8b949e"))
    @media (prefers-color-scheme: dark) {
    \(rules(dark, ground: "#0d1117", ink: "#e6edf3", muted: "#9aa4af", grid: "#252b33", "#6e7681"))
    }
    """
  }

  private static func rules(
    _ colors: [String], ground: String, ink: String, muted: String, grid: String, _ frame: String
  ) -> String {
    var lines = [
      ".ground { fill: \(ground); }", ".ink { fill: \(ink); }", ".muted { fill: \(muted); }",
      ".grid { stroke: \(grid); }", ".frame { stroke: \(frame); }",
      ".line { stroke: \(muted); }", ".halo { stroke: \(ground); }", ".hollow { fill: \(ground); }",
      ".cross { stroke: \(ink); fill: none; stroke-width: 2; }",
    ]
    for (i, color) in colors.enumerated() {
      lines.append(".s\(i) { stroke: \(color); } .f\(i) { fill: \(color); }")
    }
    return lines.joined(separator: "\n")
  }

  /// Series after the tenth take the colours again, with other markers.
  package static func color(_ series: Int) -> Int { series % light.count }
}

/// The shape that marks a series, centred on a point.
enum Marker: Int, CaseIterable {
  case circle, square, triangle, diamond, cross, pointDown, plus, ring, frame, lozenge

  init(series: Int) {
    self = Marker.allCases[series % Marker.allCases.count]
  }

  /// One path element in the colour of `series`.
  func element(_ x: Double, _ y: Double, series: Int, radius r: Double = 4) -> String {
    let color = Palette.color(series)
    func polygon(_ corners: [(Double, Double)], closed: Bool = true) -> String {
      SVG.path(corners.map { (x: x + r * $0.0, y: y + r * $0.1) }) + (closed ? "Z" : "")
    }
    let disc =
      "M\(SVG.number(x - r)) \(SVG.number(y))a\(SVG.number(r)) \(SVG.number(r)) 0 1 0 "
      + "\(SVG.number(2 * r)) 0a\(SVG.number(r)) \(SVG.number(r)) 0 1 0 \(SVG.number(-2 * r)) 0Z"
    let square = polygon([(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)])
    func filled(_ path: String) -> String { "<path class=\"f\(color) halo\" d=\"\(path)\"/>" }
    func stroked(_ path: String, _ classes: String) -> String {
      "<path class=\"\(classes) s\(color)\" d=\"\(path)\"/>"
    }
    switch self {
    case .circle: return filled(disc)
    case .square: return filled(square)
    case .triangle: return filled(polygon([(0, -1.15), (1.1, 0.8), (-1.1, 0.8)]))
    case .diamond: return filled(polygon([(0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)]))
    case .pointDown: return filled(polygon([(0, 1.15), (1.1, -0.8), (-1.1, -0.8)]))
    case .cross:
      return stroked(
        polygon([(-1, -1), (1, 1)], closed: false) + polygon([(-1, 1), (1, -1)], closed: false),
        "curve")
    case .plus:
      return stroked(
        polygon([(0, -1.2), (0, 1.2)], closed: false)
          + polygon([(-1.2, 0), (1.2, 0)], closed: false), "curve")
    case .ring: return stroked(disc, "hollow")
    case .frame: return stroked(square, "hollow")
    case .lozenge:
      return stroked(polygon([(0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)]), "hollow")
    }
  }
}
