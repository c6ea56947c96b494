extension Array {
  /// The elements in their order, cut into micro-batches: into `parts` of one size (the last may be
  /// smaller), or into as many as hold `limit` tokens on average if that is more; what still holds more
  /// than `limit` is cut where it would pass it. No element is cut, and none is left out.
  func microBatches(
    _ parts: Int, limit: Int, tokens: (Element) throws -> Int
  ) rethrows -> [[Element]] {
    let total = try reduce(0) { $0 + (try tokens($1)) }
    let parts = Swift.max(1, parts, (total + limit - 1) / limit)
    let size = Swift.max(1, (count + parts - 1) / parts)
    var cut: [[Element]] = []
    var held = 0
    for (i, element) in enumerated() {
      let more = try tokens(element)
      if i % size == 0 || held + more > limit {
        cut.append([])
        held = 0
      }
      cut[cut.count - 1].append(element)
      held += more
    }
    return cut
  }
}
