import CLimits
import Foundation
import MPOBackend

/// The rate that arithmetic and caches allow, measured in the same run as what is compared with it.
final class UpdateLimit {
  private let bytes: Int
  private let elements: Int
  private let type: ElementType
  private let threads: Int
  private let games: Int
  private let memory: UnsafeMutableRawPointer

  /// Every thread multiplies through a matrix of its own, or, for one game, through its share of it.
  init(n: Int, games: Int, _ type: ElementType, threads: Int) {
    self.type = type
    self.threads = threads
    self.games = games
    let share = games >= threads ? n * n : n * n / threads
    elements = max(256, share / 256 * 256)
    bytes = elements * type.size
    memory = .allocate(byteCount: threads * bytes, alignment: 64)
    if type == .f64 {
      memory.initializeMemory(as: Double.self, repeating: 0.5, count: threads * elements)
    } else {
      memory.initializeMemory(as: Float.self, repeating: 0.5, count: threads * elements)
    }
  }

  deinit { memory.deallocate() }

  /// Updates a second of all threads together: n * n products and sums an update, nothing else.
  func updatesPerSecond() -> Double {
    let rounds = max(1, (1 << 30) / bytes)
    nonisolated(unsafe) let memory = memory
    let (bytes, elements, type) = (bytes, elements, type)
    let sums = Sums(threads)
    let seconds = measured {
      DispatchQueue.concurrentPerform(iterations: threads) { t in
        let start = memory + t * bytes
        sums[t] =
          type == .f64
          ? limit_feed_f64(start.assumingMemoryBound(to: Double.self), elements, rounds)
          : limit_feed_f32(start.assumingMemoryBound(to: Float.self), elements, rounds)
      }
    }
    let perThread = Double(rounds) / seconds
    return games >= threads ? perThread * Double(threads) : perThread
  }

  /// Keeps the results of the loops alive; each thread writes its own.
  private final class Sums: @unchecked Sendable {
    private let values: UnsafeMutablePointer<Double>
    init(_ count: Int) { values = .allocate(capacity: count) }
    deinit { values.deallocate() }
    subscript(t: Int) -> Double {
      get { values[t] }
      set { values[t] = newValue }
    }
  }
}
