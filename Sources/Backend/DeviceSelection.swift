#if canImport(CLKernels)
  import CLKernels
#endif

/// Which device to open, as a user writes it: `auto`, `cpu`, `opencl`, or `opencl:` followed by the
/// index that `magnetic devices` prints or a part of the device's name (case does not matter).
public enum DeviceSelection: Sendable, Equatable {
  /// The first OpenCL GPU, else the CPU. An OpenCL CPU device is never chosen by itself: the CPU
  /// backend is faster there.
  case auto
  case cpu
  /// The OpenCL device of this index or name; nil is a GPU, else any other OpenCL device.
  case openCL(query: String?)

  /// Throws `BackendError.argument` on other text.
  public init(parsing text: String) throws {
    let lower = text.lowercased()
    if lower == "auto" {
      self = .auto
    } else if lower == "cpu" {
      self = .cpu
    } else if lower == "opencl" {
      self = .openCL(query: nil)
    } else if lower.hasPrefix("opencl:"), lower.count > 7 {
      self = .openCL(query: String(text.dropFirst(7)))
    } else {
      throw BackendError.argument(
        op: "device",
        "expected auto, cpu, opencl or opencl:<index or part of a name>, found '\(text)'")
    }
  }

  /// Opens the device. `threads` is for the CPU (nil: all cores); `note` gets at most one line for
  /// the user, when `auto` falls back. Throws `BackendError.noDevice` when the device that was asked
  /// for is absent.
  public func open(threads: Int?, note: (String) -> Void) throws -> any ComputeBackend {
    switch self {
    case .cpu:
      return try CPUBackend(threads: threads)
    case .auto:
      #if canImport(CLKernels)
        if let gpu = OpenCLDevice.all().first(where: { $0.description.kind == .openCLGPU }) {
          return try OpenCLBackend(device: gpu)
        }
        let reason = "no OpenCL GPU found"
      #else
        let reason = "built without OpenCL"
      #endif
      let cpu = try CPUBackend(threads: threads)
      note("device auto: \(reason), using the CPU (\(cpu.description.computeUnits) threads)")
      return cpu
    case .openCL(let query):
      #if canImport(CLKernels)
        return try OpenCLBackend(device: Self.find(query, in: OpenCLDevice.all()))
      #else
        throw BackendError.noDevice(
          asked: "opencl" + (query.map { ":\($0)" } ?? ""),
          available: ["cpu (this build has no OpenCL: enable the package trait 'OpenCL')"])
      #endif
    }
  }

  #if canImport(CLKernels)
    private static func find(_ query: String?, in devices: [OpenCLDevice]) throws -> OpenCLDevice {
      let found: OpenCLDevice?
      if let query {
        if let index = Int(query) {
          found = devices.indices.contains(index) ? devices[index] : nil
        } else {
          let part = query.lowercased()
          found = devices.first { $0.description.name.lowercased().contains(part) }
        }
      } else {
        found = devices.first { $0.description.kind == .openCLGPU } ?? devices.first
      }
      guard let found else {
        throw BackendError.noDevice(
          asked: "opencl" + (query.map { ":\($0)" } ?? ""),
          available: ["cpu"]
            + devices.enumerated().map { "opencl:\($0.offset) \($0.element.description.name)" })
      }
      return found
    }
  #endif
}

/// The CPU, then every OpenCL device in the order of its index in `opencl:<index>`.
public func availableDevices() -> [DeviceDescription] {
  var list = (try? CPUBackend(threads: nil)).map { [$0.description] } ?? []
  #if canImport(CLKernels)
    list += OpenCLDevice.all().map(\.description)
  #endif
  return list
}
