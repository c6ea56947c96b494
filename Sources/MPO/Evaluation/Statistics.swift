import Foundation
import MPOBackend

/// A share with a 95 % interval.
public struct WinRate: Sendable, Equatable, CustomStringConvertible {
  public enum Interval: String, Sendable { case bootstrap, wilson }
  /// Mean over prompts of the mean P(policy > reference).
  public var mean: Double
  public var low: Double
  public var high: Double
  public var interval: Interval
  public var prompts: Int
  /// Responses of the policy, over all prompts.
  public var samples: Int

  public var description: String {
    func percent(_ x: Double) -> String { String(format: "%.1f", 100 * x) }
    let over =
      interval == .bootstrap
      ? "bootstrap over \(prompts) prompts" : "Wilson over \(samples) samples of one prompt"
    return "\(percent(mean)) % (95 % interval \(percent(low))-\(percent(high)) %, \(over))"
  }
}

public enum Statistics {
  /// z of a two-sided 95 % interval.
  static let z = 1.959963984540054

  /// Win rate of a policy from `rowMeans`, per prompt the mean preference of each of its responses
  /// over the reference's. The interval is a percentile bootstrap over prompts (they are the
  /// independent draws, responses to one prompt are not; Philox domain `bootstrap`); with a single
  /// prompt it is Wilson's over its responses and says nothing of other prompts.
  /// - Precondition: every prompt has at least one response. No prompts give [0, 1] around 1/2.
  public static func winRate(
    rowMeans: [[Double]], seed: UInt64 = 0, resamples: Int = 10_000
  ) -> WinRate {
    let means = rowMeans.map { $0.reduce(0, +) / Double(max(1, $0.count)) }
    let samples = rowMeans.reduce(0) { $0 + $1.count }
    guard means.count > 1 else {
      let mean = means.first ?? 0.5
      let (low, high) = wilson(share: mean, samples: samples)
      return WinRate(
        mean: mean, low: low, high: high, interval: .wilson, prompts: means.count, samples: samples)
    }
    let mean = means.reduce(0, +) / Double(means.count)
    let (low, high) = bootstrap(means, seed: seed, resamples: resamples)
    return WinRate(
      mean: mean, low: low, high: high, interval: .bootstrap, prompts: means.count,
      samples: samples)
  }

  /// 2.5 and 97.5 percentiles of the mean over `resamples` draws with replacement.
  /// - Precondition: `values` is not empty, `resamples` > 0.
  public static func bootstrap(
    _ values: [Double], seed: UInt64, resamples: Int
  ) -> (low: Double, high: Double) {
    var means = [Double](repeating: 0, count: resamples)
    for resample in 0..<resamples {
      var generator = PhiloxGenerator(
        seed: seed, domain: .bootstrap, stream: UInt32(truncatingIfNeeded: resample))
      var sum = 0.0
      for _ in values.indices { sum += values[generator.index(below: values.count)] }
      means[resample] = sum / Double(values.count)
    }
    means.sort()
    return (quantile(means, 0.025), quantile(means, 0.975))
  }

  /// Wilson's score interval of a share of `samples` trials. Preferences between 0 and 1 vary no
  /// more than wins and losses of the same mean, so for them it is on the safe side.
  public static func wilson(share p: Double, samples: Int) -> (low: Double, high: Double) {
    guard samples > 0 else { return (0, 1) }
    let n = Double(samples)
    let center = (p + z * z / (2 * n)) / (1 + z * z / n)
    let half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
    return (max(0, center - half), min(1, center + half))
  }

  /// Linear interpolation between order statistics. Precondition: `sorted` is not empty.
  static func quantile(_ sorted: [Double], _ q: Double) -> Double {
    let position = q * Double(sorted.count - 1)
    let lower = Int(position)
    let upper = min(lower + 1, sorted.count - 1)
    return sorted[lower] + (position - Double(lower)) * (sorted[upper] - sorted[lower])
  }
}
