import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// SIGINT and SIGTERM ask a run to save and stop; a second SIGINT leaves at once with status 130.
/// The handler touches one lock-free atomic and calls `_exit`, both safe in a signal handler.
public enum StopSignal {
  private static let received = Atomic<Int32>(0)

  /// Starts listening. Call it once, before long work. A reader of the log that goes away
  /// (SIGPIPE) does not end the work either.
  public static func install() {
    received.store(0, ordering: .sequentiallyConsistent)
    signal(SIGPIPE, SIG_IGN)
    signal(SIGINT) { StopSignal.handle($0) }
    signal(SIGTERM) { StopSignal.handle($0) }
  }

  /// Back to the system's own behaviour.
  public static func uninstall() {
    signal(SIGINT, SIG_DFL)
    signal(SIGTERM, SIG_DFL)
    signal(SIGPIPE, SIG_DFL)
    received.store(0, ordering: .sequentiallyConsistent)
  }

  /// True once a signal came. Ask between steps.
  public static var requested: Bool { received.load(ordering: .relaxed) != 0 }

  /// The signal that came, or nil.
  public static var signalNumber: Int32? {
    let value = received.load(ordering: .relaxed)
    return value == 0 ? nil : value
  }

  /// What the process should exit with after a graceful stop: 128 + signal, 0 without one.
  public static var exitStatus: Int32 { signalNumber.map { 128 + $0 } ?? 0 }

  private static func handle(_ number: Int32) {
    let before = received.exchange(number, ordering: .sequentiallyConsistent)
    if before != 0, number == SIGINT { _exit(130) }
  }
}
