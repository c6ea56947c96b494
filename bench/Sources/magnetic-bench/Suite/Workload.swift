/// One line of work, measured for us and for everybody who can do it too.
struct Workload {
  /// Key of results and of `--only`.
  var name: String
  var title: String
  /// Ours by precision; a peer is compared with the one of its precision, else with the first.
  var ours: [Contender]
  var peers: [Contender]
  var measures: [Measure]
  /// On an OpenCL device instead of the CPU.
  var isOpenCL = false
}

/// Somebody who does a workload: a command that prints one `Report`.
struct Contender {
  enum Program {
    /// This executable.
    case magnetic
    /// A script of `peers/`.
    case python(String)
  }

  var name: String
  var precision = "f32"
  var program = Program.magnetic
  var arguments: [String]
  var environment: [String: String] = [:]
  /// What of the workload it does; nil is everything.
  var measures: Set<Measure>?
  /// Takes a minute or more: runs with `--slow` only, else its last stored figure is told.
  var isSlow = false
  /// Seconds after which it is given up.
  var timeout = 150.0
  /// Its phase that stands for one of ours, by the name of ours, where they differ.
  var phases: [String: String] = [:]
}

/// What a row of the table compares.
enum Measure: Hashable {
  /// Units a second of a phase.
  case rate(String, unit: String)
  /// Seconds of a phase.
  case time(String)
  /// The most resident memory of the process.
  case peak
  /// The peak less what was resident before the model was made, and less the states: weights,
  /// gradients, two moments and magnet (each contender's own precision).
  case beyondStates
  /// The peak beyond inputs and gradients.
  case extra

  var title: String {
    switch self {
    case .rate(let phase, let unit): return "\(phase), \(unit)"
    case .time(let phase): return "\(phase), s"
    case .peak: return "peak, MiB"
    case .beyondStates: return "beyond the states, MiB"
    case .extra: return "beyond inputs and gradients, MiB"
    }
  }

  var higherIsBetter: Bool {
    if case .rate = self { return true }
    return false
  }

  var phase: String? {
    switch self {
    case .rate(let phase, _), .time(let phase): return phase
    default: return nil
    }
  }

  /// nil where the report does not have it.
  func value(in report: Report, phases: [String: String] = [:]) -> Double? {
    func own(_ phase: String) -> String { phases[phase] ?? phase }
    let memory = report.memory
    switch self {
    case .rate(let phase, let unit):
      return report.rate(own(phase)).map { unit == "GFLOP/s" ? $0 / 1e9 : $0 }
    case .time(let phase): return report.seconds(own(phase))
    case .peak: return memory["peak"]
    case .beyondStates:
      guard let peak = memory["peak"], let baseline = memory["baseline"],
        let states = memory["states"]
      else { return nil }
      return peak - baseline - states
    case .extra: return memory["extra"]
    }
  }
}
