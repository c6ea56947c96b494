/// A figure with its 95 % interval.
public struct Estimate: Sendable, Equatable {
  public var value: Double
  /// NaN where there is nothing to resample.
  public var low: Double
  public var high: Double

  public init(_ value: Double, low: Double = .nan, high: Double = .nan) {
    self.value = value
    self.low = low
    self.high = high
  }

  /// The 2.5 and 97.5 percentiles of `resampled`; values that are no number are left out, and with
  /// none left there is no interval.
  init(_ value: Double, resampled: [Double]) {
    let sorted = resampled.filter { !$0.isNaN }.sorted()
    guard !sorted.isEmpty else {
      self.init(value)
      return
    }
    self.init(
      value, low: Statistics.quantile(sorted, 0.025), high: Statistics.quantile(sorted, 0.975))
  }

  public var hasInterval: Bool { low.isFinite && high.isFinite }

  /// 1 - it, of which the bounds change places: the other player's.
  var complement: Estimate { Estimate(1 - value, low: 1 - high, high: 1 - low) }
}

/// What is drawn independently, and so resampled.
public enum ResampledUnit: String, Sendable {
  case prompts
  /// Of a single prompt: the intervals then say nothing of other prompts.
  case responses
}
