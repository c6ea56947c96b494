import Foundation
import MPOBackend
import Synchronization
import Testing

/// Where the handler below may run: the stack of the thread under test.
private let lowest = Atomic<UInt>(0)
private let highest = Atomic<UInt>(.max)
private let handled = Atomic<Int>(0)
private let elsewhere = Atomic<Int>(0)

@Suite struct InterruptedProductTests {
  /// A library that moves the stack pointer to the heap (oneDNN does) must not be interrupted: the
  /// frame of a signal handler would overwrite what lies below.
  @Test func handlersRunOnTheThreadsOwnStack() throws {
    let backend = try CPUBackend(threads: 1)
    // Sizes that take oneDNN's path with a buffer, the gradient of a weight from few tokens.
    let a = try backend.tensor([Float](repeating: 1, count: 96 * 64))
    let b = try backend.tensor([Float](repeating: 1, count: 96 * 344))
    let c = try backend.zeros([64, 344])
    // The product's frames lie below this one, by far less than 256 KiB.
    var here = 0
    let top = withUnsafePointer(to: &here) { UInt(bitPattern: $0) }
    lowest.store(top - (256 << 10), ordering: .relaxed)
    highest.store(top, ordering: .relaxed)
    let before = signal(SIGUSR2) { _ in
      var local = 0
      let address = withUnsafePointer(to: &local) { UInt(bitPattern: $0) }
      let inside =
        address >= lowest.load(ordering: .relaxed) && address < highest.load(ordering: .relaxed)
      handled.add(1, ordering: .relaxed)
      if !inside { elsewhere.add(1, ordering: .relaxed) }
    }
    // The threads that tests run on block every signal.
    var wanted = sigset_t()
    var mask = sigset_t()
    sigemptyset(&wanted)
    sigaddset(&wanted, SIGUSR2)
    pthread_sigmask(SIG_UNBLOCK, &wanted, &mask)
    defer {
      pthread_sigmask(SIG_SETMASK, &mask, nil)
      signal(SIGUSR2, before)
    }
    let target = UInt(pthread_self())
    // A busy machine lets few signals through at a time; the limit only ends a test that fails.
    let end = ContinuousClock.now + .seconds(60)
    let sender = Thread {
      while handled.load(ordering: .relaxed) <= 200, ContinuousClock.now < end {
        pthread_kill(pthread_t(target), SIGUSR2)
        usleep(500)
      }
    }
    sender.start()
    while !sender.isFinished {
      try backend.matmul(
        a.reshaped([96, 64]), b.reshaped([96, 344]), transposeA: true, into: c, accumulate: true)
    }
    #expect(handled.load(ordering: .relaxed) > 200)
    #expect(elsewhere.load(ordering: .relaxed) == 0)
  }
}
