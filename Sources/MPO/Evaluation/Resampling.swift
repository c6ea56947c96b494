import MPOBackend

/// A percentile bootstrap in which everything is measured on the same draws: `units` prompts with
/// replacement (the responses of all policies to one prompt move together), or those responses where
/// there is one prompt. Philox domain `bootstrap`, stream = the number of the resample, as in
/// `Statistics.bootstrap`, with which it agrees.
struct Resampling {
  let units: Int
  let resamples: Int
  let seed: UInt64

  /// Fewer than two units are nothing to resample.
  var isPossible: Bool { units > 1 && resamples > 0 }

  /// Calls `body` once for each resample with how often each unit was drawn, (units).
  func drawn(_ body: ([Double]) throws -> Void) rethrows {
    guard isPossible else { return }
    for resample in 0..<resamples {
      var generator = PhiloxGenerator(
        seed: seed, domain: .bootstrap, stream: UInt32(truncatingIfNeeded: resample))
      var counts = [Double](repeating: 0, count: units)
      for _ in 0..<units { counts[generator.index(below: units)] += 1 }
      try body(counts)
    }
  }

  /// The mean of `values`, (units), in a resample.
  static func mean(_ values: [Double], _ counts: [Double]) -> Double {
    var sum = 0.0
    for i in values.indices { sum += values[i] * counts[i] }
    return sum / Double(max(1, values.count))
  }
}
