/// One metric over a run, in bounded memory: at most `limit` columns, each of which keeps the first,
/// lowest, highest and last of the points that fell into it, and their mean. A run with fewer points
/// is kept whole. A step that is logged again (a resumed run) replaces what was there from it on.
struct RunCurve {
  struct Point: Equatable {
    var step: Int
    /// Tokens and seconds of the run up to here; NaN where they were not logged.
    var tokens: Double
    var seconds: Double
    var value: Double
  }

  struct Column {
    var first: Point
    var low: Point
    var high: Point
    var last: Point
    var sum: Double
    var count: Int
    /// The line is interrupted before it: there a value was logged that is no number.
    var followsGap: Bool

    init(_ point: Point, followsGap: Bool) {
      (first, low, high, last) = (point, point, point, point)
      (sum, count) = (point.value, 1)
      self.followsGap = followsGap
    }

    var mean: Double { sum / Double(count) }

    /// What the column keeps, in order and each once.
    var points: [Point] {
      [first, low, high, last].sorted { $0.step < $1.step }.reduce(into: []) { kept, point in
        if kept.last?.step != point.step { kept.append(point) }
      }
    }

    mutating func take(_ next: Column) {
      if next.low.value < low.value { low = next.low }
      if next.high.value > high.value { high = next.high }
      last = next.last
      sum += next.sum
      count += next.count
    }
  }

  private(set) var columns: [Column] = []
  /// Values that were no numbers.
  private(set) var gaps = 0
  private var isInGap = false
  /// Points of one column; doubles whenever the columns become too many.
  private var capacity = 1
  private let limit: Int

  init(limit: Int = 400) { self.limit = max(4, limit) }

  var isEmpty: Bool { columns.isEmpty }
  var last: Point? { columns.last?.last }
  var first: Point? { columns.first?.first }
  /// Points that were logged.
  var count: Int { columns.reduce(0) { $0 + $1.count } }
  /// Whether every point is kept.
  var isWhole: Bool { capacity == 1 }

  mutating func append(_ point: Point) {
    guard point.value.isFinite else {
      gaps += 1
      isInGap = true
      return
    }
    let column = Column(point, followsGap: isInGap && !columns.isEmpty)
    isInGap = false
    if let end = columns.last, end.count < capacity, !column.followsGap {
      columns[columns.count - 1].take(column)
    } else {
      columns.append(column)
    }
    if columns.count > limit { merge() }
  }

  /// Takes back every point of `step` and later. Of a column that `step` lies in the middle of stays
  /// what it keeps of the earlier points.
  mutating func truncate(from step: Int) {
    while let end = columns.last, end.last.step >= step {
      columns.removeLast()
      let kept = end.points.filter { $0.step < step }
      guard let first = kept.first else { continue }
      var column = Column(first, followsGap: end.followsGap)
      for point in kept.dropFirst() { column.take(Column(point, followsGap: false)) }
      columns.append(column)
    }
  }

  /// Neighbours in pairs; a gap between two of them is given up.
  private mutating func merge() {
    var merged: [Column] = []
    merged.reserveCapacity(limit)
    for (i, column) in columns.enumerated() {
      if i % 2 == 1 { merged[merged.count - 1].take(column) } else { merged.append(column) }
    }
    columns = merged
    capacity *= 2
  }

  /// The mean over the last tenth of the steps; nil without points.
  var lastTenth: Double? {
    guard let first, let last else { return nil }
    let start = Double(last.step) - 0.1 * Double(last.step - first.step)
    let part = columns.filter { Double($0.last.step) >= start }
    let count = part.reduce(0) { $0 + $1.count }
    return count == 0 ? nil : part.reduce(0) { $0 + $1.sum } / Double(count)
  }
}
