import Foundation
import MPOBackend

/// Seconds that `body` takes.
func measured(_ body: () throws -> Void) rethrows -> Double {
  let clock = ContinuousClock()
  let elapsed = try clock.measure(body)
  return Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
}

/// The same on a device, waiting for what `body` has enqueued.
func measured(on backend: any ComputeBackend, _ body: () throws -> Void) throws -> Double {
  try backend.synchronize()
  return try measured {
    try body()
    try backend.synchronize()
  }
}

/// The mean of the middle two of an even number; NaN for no values.
func median(_ values: [Double]) -> Double {
  guard !values.isEmpty else { return .nan }
  let sorted = values.sorted()
  return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}

/// One line to standard error, so that standard output stays what was asked for.
func progress(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
