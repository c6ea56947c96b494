extension Array {
  /// The elements in their order, cut into micro-batches of one size (the last may be smaller): into
  /// `parts`, or into more where these would hold more than `limit` tokens on average; fewer come out
  /// where there are fewer elements.
  func microBatches(
    _ parts: Int, limit: Int, tokens: (Element) throws -> Int
  ) rethrows -> [[Element]] {
    let total = try reduce(0) { $0 + (try tokens($1)) }
    let parts = Swift.max(1, parts, (total + limit - 1) / limit)
    let size = Swift.max(1, (count + parts - 1) / parts)
    return stride(from: 0, to: count, by: size).map {
      Array(self[$0..<Swift.min($0 + size, count)])
    }
  }
}
