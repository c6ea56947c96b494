import Testing

/// ||a - b|| / ||b|| over a tensor.
func expectClose(
  _ a: [Float], _ b: [Double], _ tolerance: Double, _ what: String,
  _ location: SourceLocation = #_sourceLocation
) {
  #expect(a.count == b.count, "\(what)", sourceLocation: location)
  var difference = 0.0
  var norm = 0.0
  for (x, y) in zip(a, b) {
    difference += (Double(x) - y) * (Double(x) - y)
    norm += y * y
  }
  let error = difference.squareRoot() / max(norm.squareRoot(), 1e-30)
  #expect(error <= tolerance, "\(what): \(error)", sourceLocation: location)
}
