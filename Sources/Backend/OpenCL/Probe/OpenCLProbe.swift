#if canImport(CLKernels)
  /// One question to an OpenCL device, answered by compiling a kernel, running it and comparing
  /// with the CPU; never by the device's name. What a device refuses is an answer, not an error.
  ///
  /// A probe compiles code that drivers have seldom seen: run each in a process of its own (as
  /// `magnetic-bench probe` does), so that a fault in one spoils no other.
  public struct OpenCLProbe: Sendable {
    /// What a device said.
    public enum Answer: Sendable, Equatable {
      /// Ran and agrees with the CPU, or, for what cannot be run alone, compiled; with a detail.
      case works(String)
      /// A rate or a time, the best of several rounds.
      case measured(Double, unit: String)
      /// A property as the driver tells it.
      case says(String)
      /// Not compiled or not launched; the first line of the reason.
      case refused(String)
      /// Ran, and the numbers are wrong: not to be used.
      case wrong(String)
    }

    /// Such as `mma.sync bf16`; distinct in `all`.
    public let name: String
    /// What a "works" allows, or what is measured and how.
    public let meaning: String
    let body: @Sendable (ProbeSession) throws -> Answer

    /// Every probe, cheap ones first.
    public static let all: [OpenCLProbe] =
      properties + arithmetic + localMemories + instructions + matrixUnits + rates

    /// Asks `device` in a context of its own. `brief` is for simulators and tests: rates are taken
    /// once at tiny sizes, so that they say whether a kernel runs and nothing of its speed.
    public func run(on device: OpenCLDevice, brief: Bool = false) -> Answer {
      do {
        return try body(ProbeSession(device, brief: brief))
      } catch {
        return .refused(Self.reason(error))
      }
    }

    /// The line of a compiler's log that says what is wrong, else the first one.
    static func reason(_ error: any Error) -> String {
      let text =
        if case BackendError.build(_, let log) = error { log } else { "\(error)" }
      let lines = text.split(whereSeparator: \.isNewline)
        .map { $0.split(separator: " ").joined(separator: " ") }
        .filter { !$0.isEmpty }
      let telling = lines.first { line in
        ["error", "ptxas", "fatal", "CL_OUT", "CL_INVALID"].contains { line.contains($0) }
      }
      return String((telling ?? lines.first ?? "no reason given").prefix(200))
    }
  }

  /// ||got - want|| / ||want||; NaN where `got` holds one.
  func relativeError(_ got: [Float], _ want: [Float]) -> Double {
    var (error, size) = (0.0, 0.0)
    for (a, b) in zip(got, want) {
      error += Double(a - b) * Double(a - b)
      size += Double(b) * Double(b)
    }
    return (error / size).squareRoot()
  }
#endif
