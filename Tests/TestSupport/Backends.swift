import Foundation
import MPOBackend

/// A backend under test. Tests run in parallel but a backend is used from one thread at a time, so
/// the one instance is made once and lent under a lock.
public final class NamedBackend: CustomStringConvertible, @unchecked Sendable {
  public enum Kind: Sendable { case cpu, openCL }
  public let name: String
  public let kind: Kind
  private let make: @Sendable () throws -> any ComputeBackend
  private let lock = NSRecursiveLock()
  private var made: (any ComputeBackend)?

  public init(
    _ name: String, kind: Kind, make: @escaping @Sendable () throws -> any ComputeBackend
  ) {
    self.name = name
    self.kind = kind
    self.make = make
  }

  public var description: String { name }

  /// Lends the backend; pooled memory stays for the next borrower.
  public func run<R>(_ body: (any ComputeBackend) throws -> R) throws -> R {
    lock.lock()
    defer { lock.unlock() }
    let backend = try made ?? make()
    made = backend
    return try body(backend)
  }
}

/// Every backend on this machine: the CPU with one thread, with two (both with matrix tiles where it has
/// them), with oneDNN's bf16 and f32 products, and without oneDNN, and each OpenCL device.
public enum TestBackends {
  public static func all() -> [NamedBackend] { shared }

  /// The CPU variants only, for what OpenCL need not promise.
  public static func cpus() -> [NamedBackend] { shared.filter { $0.kind == .cpu } }

  public static func openCLs() -> [NamedBackend] { shared.filter { $0.kind == .openCL } }

  /// `MPO_REQUIRE_OPENCL=1`: a machine without an OpenCL device fails the tests.
  public static var requiresOpenCL: Bool {
    ProcessInfo.processInfo.environment["MPO_REQUIRE_OPENCL"] == "1"
  }

  /// Work-items of a work-group of the kernels for GPUs, where the device has as many:
  /// `MPO_TEST_WORK_GROUP`, else the most that the backend takes.
  public static let workGroup =
    ProcessInfo.processInfo.environment["MPO_TEST_WORK_GROUP"].flatMap { Int($0) } ?? 256

  /// `MPO_TEST_BACKENDS=opencl`: only backends whose name holds the text.
  private static let shared: [NamedBackend] = {
    let part = ProcessInfo.processInfo.environment["MPO_TEST_BACKENDS"] ?? ""
    return every.filter { part.isEmpty || $0.name.contains(part) }
  }()

  private static let every: [NamedBackend] =
    [
      NamedBackend("cpu-1", kind: .cpu) { try CPUBackend(threads: 1) },
      NamedBackend("cpu-2", kind: .cpu) { try CPUBackend(threads: 2) },
      NamedBackend("cpu-bf16", kind: .cpu) { try CPUBackend(threads: 2, bfloat16Products: true) },
      NamedBackend("cpu-f32", kind: .cpu) { try CPUBackend(threads: 2, matrixTiles: false) },
      NamedBackend("cpu-portable", kind: .cpu) {
        try CPUBackend(threads: 3, portableProducts: true)
      },
    ] + openCLBackends()

  /// Each device with the kernels of both kinds of device, so that one machine tests them all.
  /// `MPO_TEST_WORK_GROUP` limits their work-groups (for simulators).
  private static func openCLBackends() -> [NamedBackend] {
    #if canImport(CLKernels)
      let limit = ProcessInfo.processInfo.environment["MPO_TEST_WORK_GROUP"].flatMap { Int($0) }
      return OpenCLDevice.all().indices.flatMap { index in
        [
          openCL(index, "vector", .init(matmul: .vector, shape: .narrow)),
          openCL(
            index, "tiled", .init(matmul: .tiled, shape: .wide, maximumWorkGroup: limit)),
        ]
      }
    #else
      []
    #endif
  }

  #if canImport(CLKernels)
    private static func openCL(
      _ index: Int, _ name: String, _ configuration: OpenCLConfiguration
    ) -> NamedBackend {
      NamedBackend("opencl:\(index)-\(name)", kind: .openCL) {
        let devices = OpenCLDevice.all()
        guard devices.indices.contains(index) else {
          throw BackendError.noDevice(asked: "opencl:\(index)", available: [])
        }
        return try OpenCLBackend(device: devices[index], configuration: configuration)
      }
    }
  #endif
}
