// From the columns of a curve to points of a chart.

extension RunCurve {
  /// Every point that is kept; nil where the line is interrupted.
  func points(_ axis: ReportAxis) -> [PlotPoint?] {
    var out: [PlotPoint?] = []
    for column in columns {
      if column.followsGap { out.append(nil) }
      for point in column.points { out.append(Self.placed(axis.place(point), point.value)) }
    }
    return out
  }

  /// Moving means, (n / 50) columns to each side and fewer near the ends, so that the first and the
  /// last value are those that were logged and nothing lags. No mean is over both sides of a break.
  /// - Parameter breaks: steps after which the value jumps, ascending.
  func smoothed(_ axis: ReportAxis, breaks: [Int] = []) -> [PlotPoint?] {
    let reach = max(1, Int((Double(columns.count) / 50).rounded()))
    // The columns at which a part begins, and their end.
    var starts = [0]
    for step in breaks {
      let next = columns.firstIndex { $0.first.step > step } ?? columns.count
      if next > starts[starts.count - 1] { starts.append(next) }
    }
    if starts[starts.count - 1] < columns.count { starts.append(columns.count) }
    var part = 0
    return columns.indices.map { i in
      while part + 2 < starts.count, i >= starts[part + 1] { part += 1 }
      let side = min(reach, i - starts[part], starts[part + 1] - 1 - i)
      let near = columns[(i - side)...(i + side)]
      let count = near.reduce(0) { $0 + $1.count }
      let mean = near.reduce(0) { $0 + $1.sum } / Double(count)
      let (first, last) = (axis.place(columns[i].first), axis.place(columns[i].last))
      return Self.placed((first + last) / 2, mean)
    }
  }

  private static func placed(_ x: Double, _ y: Double) -> PlotPoint? {
    x.isFinite ? (x: x, y: y) : nil
  }
}

/// Mean and standard error of several runs' lines where all of them are: from the last of their
/// beginnings to the first of their ends.
struct MeanLine {
  var mean: [PlotPoint?] = []
  var band: [(x: Double, low: Double, high: Double)] = []

  /// Values that are never negative have no band below 0.
  init(_ lines: [[PlotPoint]], count: Int = 200) {
    let floor = lines.joined().contains { $0.y < 0 } ? -Double.infinity : 0
    let lines = lines.filter { !$0.isEmpty }
    guard let start = lines.compactMap({ $0.first?.x }).max(),
      let end = lines.compactMap({ $0.last?.x }).min(), start <= end
    else { return }
    // The lines' own places where they agree, as seeds of one setting do in steps.
    var places = lines[0].map(\.x).filter { (start...end).contains($0) }
    let isShared = lines.allSatisfy { line in
      line.map(\.x).filter { (start...end).contains($0) } == places
    }
    if !isShared || places.count > 2 * count {
      places = (0..<count).map { start + (end - start) * Double($0) / Double(count - 1) }
    }
    var cursors = [Int](repeating: 0, count: lines.count)
    for x in places {
      let values = lines.indices.map { Self.value(lines[$0], at: x, &cursors[$0]) }
      let n = Double(values.count)
      let mean = values.reduce(0, +) / n
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      let error = n > 1 ? (squares / (n - 1) / n).squareRoot() : 0
      self.mean.append((x: x, y: mean))
      band.append((x: x, low: max(floor, mean - error), high: mean + error))
    }
  }

  /// Linear between points; `cursor` only moves on.
  private static func value(_ line: [PlotPoint], at x: Double, _ cursor: inout Int) -> Double {
    while cursor + 1 < line.count, line[cursor + 1].x <= x { cursor += 1 }
    let (a, b) = (line[cursor], line[min(cursor + 1, line.count - 1)])
    guard b.x > a.x else { return a.y }
    return a.y + (b.y - a.y) * min(1, (x - a.x) / (b.x - a.x))
  }
}
