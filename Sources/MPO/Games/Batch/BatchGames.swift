import Foundation
import MPOBackend

/// The games of a batch in host memory, P (B, n, n), in the precision of the device.
///
/// Safety: `values` is written once, by `init`, in parts that do not overlap.
final class BatchGames<Scalar: BinaryFloatingPoint & Sendable>: @unchecked Sendable {
  let games: Int
  let size: Int
  private let values: UnsafeMutableBufferPointer<Scalar>

  /// Game b is that of `PreferenceGame.random(count:seed:)` from Philox stream b.
  init(games: Int, size: Int, seed: UInt64) {
    self.games = games
    self.size = size
    values = .allocate(capacity: games * size * size)
    let (n, all) = (size, UnsafeSendable(values))
    DispatchQueue.concurrentPerform(iterations: games) { b in
      var generator = PhiloxGenerator(seed: seed, domain: .game, stream: UInt32(b))
      let p = UnsafeMutableBufferPointer(rebasing: all.value[(b * n * n)..<((b + 1) * n * n)])
      PreferenceGame.fillRandom(p, count: n, from: &generator)
    }
  }

  deinit { values.deallocate() }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(values) }

  /// Duality gaps of B policies given as logarithms, (B, n), in double precision. NaN stays NaN.
  func gaps(logPolicies: [Scalar]) -> [Double] {
    let n = size
    let all = UnsafeSendable(values)
    var out = [Double](repeating: 0, count: games)
    out.withUnsafeMutableBufferPointer { out in
      let target = UnsafeSendable(out)
      DispatchQueue.concurrentPerform(iterations: games) { b in
        var policy = (0..<n).map { exp(Double(logPolicies[b * n + $0])) }
        let total = policy.reduce(0, +)
        for i in 0..<n { policy[i] /= total }
        var columns = [Double](repeating: 0, count: n)
        var best = -Double.infinity
        for i in 0..<n {
          let row = UnsafeMutableBufferPointer(
            rebasing: all.value[((b * n + i) * n)..<((b * n + i + 1) * n)])
          var rate = 0.0
          for j in 0..<n {
            let value = Double(row[j])
            rate += value * policy[j]
            columns[j] += policy[i] * value
          }
          best = max(best, rate)
        }
        target.value[b] = total.isFinite ? best - (columns.min() ?? 0) : .nan
      }
    }
    return out
  }
}

/// Carries a buffer into `concurrentPerform`, whose iterations touch parts that do not overlap.
private struct UnsafeSendable<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}
