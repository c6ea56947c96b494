extension Array {
  /// The elements in their order, cut into `parts` micro-batches of one size; the last may be
  /// smaller, and fewer come out where there are fewer elements.
  func microBatches(_ parts: Int) -> [[Element]] {
    let size = Swift.max(1, (count + parts - 1) / Swift.max(1, parts))
    return stride(from: 0, to: count, by: size).map {
      Array(self[$0..<Swift.min($0 + size, count)])
    }
  }
}
