/// Fewer points, the same picture.
package enum Thinning {
  /// For curves that run from left to right: of the points within one narrow column only the first,
  /// the lowest, the highest and the last stay, so spikes and the width of an oscillation are kept.
  /// - Parameter limit: about how many points may stay.
  package static func curve(
    _ points: [(x: Double, y: Double)?], limit: Int
  ) -> [(x: Double, y: Double)?] {
    guard points.count > limit, limit >= 4 else { return points }
    let xs = points.compactMap { $0?.x }
    guard let low = xs.min(), let high = xs.max() else { return [] }
    let width = max((high - low) / Double(limit / 4), 1e-9)
    var out: [(x: Double, y: Double)?] = []
    var column: [(x: Double, y: Double)] = []
    func flush() {
      guard let first = column.first, let last = column.last else { return }
      let lowest = column.indices.min { column[$0].y < column[$1].y } ?? 0
      let highest = column.indices.max { column[$0].y < column[$1].y } ?? 0
      var kept = [first]
      for i in [min(lowest, highest), max(lowest, highest)]
      where i > 0 && i < column.count - 1 { kept.append(column[i]) }
      if column.count > 1 { kept.append(last) }
      out += kept
      column = []
    }
    for point in points {
      guard let point else {
        flush()
        if let last = out.last, last != nil { out.append(nil) }
        continue
      }
      if let first = column.first, abs(point.x - first.x) > width { flush() }
      column.append(point)
    }
    flush()
    return out
  }

  /// For paths in the plane: points nearer than a spacing to the last one kept go, and the spacing
  /// grows until at most `limit` stay in all. The first and the last of each stay.
  package static func paths(
    _ paths: [[(x: Double, y: Double)]], limit: Int
  ) -> [[(x: Double, y: Double)]] {
    var spacing = 0.3
    while true {
      let out = paths.map { path($0, spacing: spacing) }
      if out.reduce(0, { $0 + $1.count }) <= limit || spacing > 1e3 { return out }
      spacing *= 1.5
    }
  }

  private static func path(
    _ points: [(x: Double, y: Double)], spacing: Double
  ) -> [(x: Double, y: Double)] {
    guard let first = points.first, let last = points.last else { return [] }
    var out = [first]
    var kept = first
    for point in points.dropFirst().dropLast() {
      let (dx, dy) = (point.x - kept.x, point.y - kept.y)
      guard dx * dx + dy * dy >= spacing * spacing else { continue }
      out.append(point)
      kept = point
    }
    if points.count > 1 { out.append(last) }
    return out
  }
}
