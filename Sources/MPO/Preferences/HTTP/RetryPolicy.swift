import Foundation
import MPOBackend

/// When a question that failed is asked again: after `wait * 2^attempt` seconds, at most `maxWait`,
/// times a uniform in [1/2, 1) so that questions which failed together do not come back together. A
/// server's Retry-After is a lower bound.
public struct RetryPolicy: Sendable, Equatable {
  /// Tries after the first one, >= 0.
  public var retries = 4
  /// Seconds before the first retry, > 0.
  public var wait = 0.5
  /// Longest wait in seconds; a server that asks for more ends the run.
  public var maxWait = 60.0
  public var seed: UInt64 = 0
  public init() {}

  /// Seconds before try `attempt + 1` of question `question`, `attempt` from 0.
  public func delay(question: Int, attempt: Int) -> Double {
    let word = Philox.block(
      seed: seed, UInt32(truncatingIfNeeded: question), UInt32(truncatingIfNeeded: attempt), 0,
      Philox.Domain.retry.rawValue
    ).0
    let jitter = 0.5 + 0.5 * Double(Philox.uniform(word))
    return min(maxWait, wait * exp2(Double(min(attempt, 60)))) * jitter
  }

  /// Seconds of a Retry-After header: a number of them, or an HTTP date; nil for anything else.
  static func seconds(retryAfter text: String?, now: Date = Date()) -> Double? {
    guard let text = text?.trimmingCharacters(in: .whitespaces), !text.isEmpty else { return nil }
    if let seconds = Double(text) {
      return seconds.isFinite && seconds >= 0 ? seconds : nil
    }
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.timeZone = TimeZone(identifier: "GMT")
    format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
    return format.date(from: text).map { max(0, $0.timeIntervalSince(now)) }
  }
}
