import Foundation
import MPO

/// How far a long run is, on standard error: a bar on a terminal, elsewhere a line every ten
/// seconds. Short runs say nothing.
final class GameProgress {
  private(set) var done = 0
  let total: Int
  private let reporter: ProgressReporter
  private let isTerminal = isatty(2) == 1
  private var next: UInt64

  /// - Parameters:
  ///   - factors: their product is the number of updates.
  ///   - unit: what is counted.
  init(_ factors: Int..., unit: String = "update") {
    total = factors.reduce(1) { product, factor in
      let (value, overflow) = product.multipliedReportingOverflow(by: factor)
      return overflow ? .max : value
    }
    reporter = ProgressReporter(total: total, unit: unit)
    next = DispatchTime.now().uptimeNanoseconds + 1_000_000_000
  }

  /// Counts an update. False after a signal.
  func goesOn() -> Bool { goesOn(done: done + 1) }

  func goesOn(done: Int) -> Bool {
    self.done = done
    let now = DispatchTime.now().uptimeNanoseconds
    if now >= next {
      if isTerminal {
        reporter.bar(step: done)
        next = now + 200_000_000
      } else {
        reporter.line(step: done, [])
        next = now + 10_000_000_000
      }
    }
    return !StopSignal.requested
  }

  func finish() { reporter.finish() }
}
