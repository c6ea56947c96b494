import CLimits
import Foundation
import MPOBackend

/// What this processor does at best, all cores together, measured in the same run as what is
/// compared with it.
struct MachineLimits {
  let threads: Int

  /// FLOP/s of f32 fused multiply-adds in registers; about a quarter of a second.
  func f32FLOPsPerSecond() -> Double { peak(limit_fma_f32) }

  /// FLOP/s of bf16 dot products; nil where the processor has no instruction for them.
  func bf16FLOPsPerSecond() -> Double? { Self.hasBF16 ? peak(limit_dot_bf16) : nil }

  /// FLOP/s of matrix tiles of bf16; nil where the processor has none. On a shared chip it was
  /// seen to vary more than the others (NOTES.md, 2026-11-29).
  func tileFLOPsPerSecond() -> Double? {
    var sum = 0.0
    return limit_tile_bf16(1, &sum) > 0 ? peak(limit_tile_bf16) : nil
  }

  static var hasBF16: Bool {
    var sum = 0.0
    return limit_dot_bf16(1, &sum) > 0
  }

  private func peak(_ loop: @escaping @Sendable (Int, UnsafeMutablePointer<Double>?) -> Double)
    -> Double
  {
    func run(_ rounds: Int) -> (flops: Double, seconds: Double) {
      let done = PerThread(threads)
      let seconds = measured {
        DispatchQueue.concurrentPerform(iterations: threads) { t in
          var sum = 0.0
          done[t] = loop(rounds, &sum)
          done.keep(sum)
        }
      }
      return ((0..<threads).reduce(0) { $0 + done[$1] }, seconds)
    }
    let trial = run(1 << 20)
    let rounds = max(1 << 20, Int(Double(1 << 20) * 0.25 / max(trial.seconds, 1e-6)))
    let (flops, seconds) = run(rounds)
    return flops / seconds
  }

  /// Bytes a second of reading memory that no cache holds: each thread its part of 512 MiB.
  func readBytesPerSecond() -> Double {
    let share = (512 << 20) / 4 / threads / 256 * 256
    let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: share * threads)
    memory.initialize(repeating: 0.5)
    defer { memory.deallocate() }
    nonisolated(unsafe) let start = UnsafePointer(memory.baseAddress)
    let sums = PerThread(threads)
    let (threads, rounds) = (threads, 2)
    let seconds = measured {
      DispatchQueue.concurrentPerform(iterations: threads) { t in
        guard let start else { return }
        sums[t] = limit_feed_f32(start + t * share, share, rounds)
      }
    }
    return Double(share * threads * rounds * 4) / seconds
  }

  /// One value a thread; keeps the results of the loops alive.
  private final class PerThread: @unchecked Sendable {
    private let values: UnsafeMutablePointer<Double>
    private let count: Int
    init(_ count: Int) {
      self.count = count
      values = .allocate(capacity: count + 1)
      values.initialize(repeating: 0, count: count + 1)
    }
    deinit { values.deallocate() }
    func keep(_ sum: Double) { if sum.isNaN { values[count] = sum } }
    subscript(t: Int) -> Double {
      get { values[t] }
      set { values[t] = newValue }
    }
  }
}

/// Bytes a second that a device copies between its own tensors, read and write counted.
func copyBytesPerSecond(on backend: any ComputeBackend, mebibytes: Int = 256) throws -> Double {
  let count = mebibytes << 18
  let (from, to) = (try backend.zeros([count]), try backend.zeros([count]))
  try backend.copy(from, to: to)
  let calls = 4
  let seconds = try measured(on: backend) {
    for _ in 0..<calls { try backend.copy(from, to: to) }
  }
  return Double(2 * 4 * count * calls) / seconds
}
