import ArgumentParser
import MPO
import MPOBackend

/// Where to compute.
struct DeviceOptions: ParsableArguments {
  @Option(help: "cpu | opencl | opencl:<index or name> | auto (a GPU, else the CPU; the default).")
  var device: String?
  @Option(parsing: .unconditional, help: "CPU threads; 0, the default, takes one for each core.")
  var threads: Int?

  /// The device that was named, else the one of a configuration.
  func open(defaults: RunSettings = RunSettings()) throws -> any ComputeBackend {
    try openDevice(device ?? defaults.device, threads: threads ?? defaults.threads)
  }
}

/// The precision of matrix products.
struct PrecisionOptions: ParsableArguments {
  @Flag(
    help: "Matrix products of bfloat16 operands with float32 sums: faster if the device has them.")
  var bf16 = false

  /// What was asked for, else what a configuration says.
  func precision(defaults: RunSettings = RunSettings()) -> ProductPrecision {
    bf16 ? .bf16 : defaults.precision
  }
}

/// Opens the device and says on standard error which one it is.
func openDevice(_ name: String, threads: Int) throws -> any ComputeBackend {
  guard threads >= 0 else {
    throw ValidationError("--threads: expected 0 or more, found \(threads)")
  }
  let backend = try DeviceSelection(parsing: name).open(threads: threads == 0 ? nil : threads) {
    note($0)
  }
  note("device: \(backend.description.summary)")
  return backend
}

extension DeviceDescription {
  /// `cpu: AMD EPYC, 2 threads` and the like.
  var summary: String {
    let size = memory > 0 ? ", \(memory >> 20) MiB" : ""
    let unit = kind == .cpu ? "threads" : "compute units"
    return "\(kind.rawValue): \(name), \(computeUnits) \(unit)\(size)"
  }
}
