/// Seconds of consecutive phases of one step.
struct PhaseClock {
  private let start = ContinuousClock.now
  private var last = ContinuousClock.now
  private(set) var phases: [(name: String, seconds: Double)] = []

  /// Ends a phase that began at the last mark.
  mutating func mark(_ name: String) {
    let now = ContinuousClock.now
    phases.append((name, last.duration(to: now).seconds))
    last = now
  }

  var total: Double { start.duration(to: last).seconds }
}

extension Duration {
  var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
