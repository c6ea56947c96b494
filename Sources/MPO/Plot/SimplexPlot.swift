import Foundation

/// Paths of policies over three responses on the triangle of all their mixtures: the first response
/// lower left, the second lower right, the third on top.
public struct SimplexPlot: Sendable {
  public struct Path: Sendable {
    /// Probabilities, three each; points that are not finite are left out.
    public var policies: [[Double]]
    public var style: ChartSeries.Style
    /// Colour and marker, as in `ChartSeries`.
    public var group: Int

    public init(_ policies: [[Double]], style: ChartSeries.Style = .solid, group: Int) {
      self.policies = policies
      self.style = style
      self.group = group
    }
  }

  /// Three.
  public var names: [String]
  public var paths: [Path]
  public var start: [Double]?
  public var equilibrium: [Double]?

  static let size = (width: 330.0, height: 400.0)
  private static let pointsInAll = 6000

  /// Nil unless there are three names.
  public init?(
    names: [String], paths: [Path], start: [Double]? = nil, equilibrium: [Double]? = nil
  ) {
    guard names.count == 3 else { return nil }
    self.names = names
    self.paths = paths
    self.start = start
    self.equilibrium = equilibrium
  }

  var keys: [ChartKey] {
    (start == nil ? [] : [.dot("start")]) + (equilibrium == nil ? [] : [.cross("equilibrium")])
  }

  var summary: String {
    let place = equilibrium.map { policy in
      " The equilibrium is \(policy.map(shortFigure).joined(separator: ", "))."
    }
    return "Beside it the paths of the policies on the triangle of mixtures of "
      + "\(names.joined(separator: ", ")).\(place ?? "")"
  }

  func draw(into svg: inout SVGWriter, x: Double, y: Double) {
    let triangle = Triangle(left: x + 14, right: x + Self.size.width - 14, top: y + 58)
    triangle.drawGrid(&svg)
    let width = Self.size.width / 2 - 10
    svg.label("policy", x: x, y: y + 12, classes: "ink")
    svg.label(
      SVG.fitted(names[2], width: Self.size.width - 20, size: 12), x: x + Self.size.width / 2,
      y: triangle.top - 10, classes: "ink", anchor: .middle)
    svg.label(
      SVG.fitted(names[0], width: width, size: 12), x: x + 4, y: triangle.bottom + 20,
      classes: "ink")
    svg.label(
      SVG.fitted(names[1], width: width, size: 12), x: x + Self.size.width - 4,
      y: triangle.bottom + 20, classes: "ink", anchor: .end)

    var ends: [(x: Double, y: Double, group: Int)] = []
    for (path, points) in thinned(triangle) {
      let dash = path.style == .dashed ? " dashed" : ""
      svg.add(
        "<path class=\"curve thin s\(Palette.color(path.group))\(dash)\" d=\"\(SVG.path(points))\"/>"
      )
      if let end = points.last, path.style == .solid { ends.append((end.x, end.y, path.group)) }
    }
    if let place = start.flatMap(triangle.place) { svg.add(Self.dot(place.x, place.y)) }
    // The cross reaches out from under a marker that ends upon it.
    if let place = equilibrium.flatMap(triangle.place) {
      svg.add(Self.cross(place.x, place.y, radius: 9))
    }
    for end in ends {
      svg.add(Marker(series: end.group).element(end.x, end.y, series: end.group, radius: 4.5))
    }
  }

  /// The longest first: it covers much and would hide the others.
  private func thinned(_ triangle: Triangle) -> [(path: Path, points: [(x: Double, y: Double)])] {
    let places = paths.map { $0.policies.compactMap(triangle.place) }
    let thin = Thinning.paths(places, limit: Self.pointsInAll)
    func length(_ points: [(x: Double, y: Double)]) -> Double {
      zip(points, points.dropFirst()).reduce(0) {
        $0 + abs($1.0.x - $1.1.x) + abs($1.0.y - $1.1.y)
      }
    }
    return zip(paths, thin).map { (path: $0, points: $1, length: length($1)) }
      .sorted { $0.length > $1.length }.map { ($0.path, $0.points) }
  }

  static func dot(_ x: Double, _ y: Double) -> String {
    "<circle class=\"ink halo\" cx=\"\(SVG.number(x))\" cy=\"\(SVG.number(y))\" r=\"4.5\"/>"
  }

  static func cross(_ x: Double, _ y: Double, radius r: Double = 6) -> String {
    let path = SVG.path([
      (x: x - r, y: y - r), (x: x + r, y: y + r), nil, (x: x - r, y: y + r), (x: x + r, y: y - r),
    ])
    return "<path class=\"cross\" d=\"\(path)\"/>"
  }
}

/// Where a mixture of three lies.
private struct Triangle {
  let left: Double
  let right: Double
  let top: Double
  var bottom: Double { top + (right - left) * 3.0.squareRoot() / 2 }

  /// Nil for what is not three finite numbers.
  func place(_ policy: [Double]) -> (x: Double, y: Double)? {
    guard policy.count == 3, policy.allSatisfy(\.isFinite) else { return nil }
    return (
      x: left + (right - left) * (policy[1] + policy[2] / 2),
      y: bottom - (bottom - top) * policy[2]
    )
  }

  func drawGrid(_ svg: inout SVGWriter) {
    func line(_ a: [Double], _ b: [Double], _ classes: String) {
      guard let from = place(a), let to = place(b) else { return }
      svg.line(from, to, classes: classes)
    }
    for share in [0.25, 0.5, 0.75] {
      let rest = 1 - share
      line([share, rest, 0], [share, 0, rest], "grid")
      line([rest, share, 0], [0, share, rest], "grid")
      line([rest, 0, share], [0, rest, share], "grid")
    }
    line([1, 0, 0], [0, 1, 0], "frame")
    line([0, 1, 0], [0, 0, 1], "frame")
    line([0, 0, 1], [1, 0, 0], "frame")
  }
}
