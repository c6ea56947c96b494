/// Everything a backend throws. Argument errors are raised before anything is launched and are a
/// family apart from device errors.
public enum BackendError: Error, Equatable, CustomStringConvertible {
  /// A shape, type or range that an operation does not accept: which one, what was expected, found.
  case argument(op: String, String)
  /// The device refused: the call, the OpenCL status (0 when there is none) and what it was for.
  case device(call: String, status: Int32, String)
  /// A kernel did not compile; carries the compiler's log.
  case build(program: String, log: String)
  /// A device that was asked for by name does not exist; lists those that do.
  case noDevice(asked: String, available: [String])
  /// Memory could not be taken.
  case outOfMemory(bytes: Int, device: String)

  public var description: String {
    switch self {
    case .argument(let op, let text): return "\(op): \(text)"
    case .device(let call, let status, let text):
      return "\(call) failed with status \(status): \(text)"
    case .build(let program, let log): return "kernel program '\(program)' did not compile:\n\(log)"
    case .noDevice(let asked, let available):
      let list = available.isEmpty ? "none" : available.joined(separator: "; ")
      return "no device matches '\(asked)'; available: \(list) (see 'magnetic devices')"
    case .outOfMemory(let bytes, let device):
      return "could not allocate \(bytes) bytes on \(device); use a smaller batch or model"
    }
  }
}
