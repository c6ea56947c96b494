import Foundation

/// Ctrl-C ends the running child too, which is in a process group of its own.
final class Interruption: @unchecked Sendable {
  static let shared = Interruption()
  private let lock = NSLock()
  private var running: pid_t = 0
  private var sources: [any DispatchSourceSignal] = []

  /// Process that is running; 0 for none.
  var child: pid_t {
    get { lock.withLock { running } }
    set { lock.withLock { running = newValue } }
  }

  private init() {
    for number in [SIGINT, SIGTERM] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { [self] in
        if child > 0 { kill(child, SIGKILL) }
        _exit(128 + number)
      }
      source.resume()
      sources.append(source)
    }
  }
}
