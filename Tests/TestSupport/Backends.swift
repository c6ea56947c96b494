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

/// Every backend on this machine: the CPU with one thread, with two, and without oneDNN, and each
/// OpenCL device.
public enum TestBackends {
  public static func all() -> [NamedBackend] { shared }

  /// The CPU variants only, for what OpenCL need not promise.
  public static func cpus() -> [NamedBackend] { shared.filter { $0.kind == .cpu } }

  public static func openCLs() -> [NamedBackend] { shared.filter { $0.kind == .openCL } }

  /// `MPO_REQUIRE_OPENCL=1`: a machine without an OpenCL device fails the tests.
  public static var requiresOpenCL: Bool {
    ProcessInfo.processInfo.environment["MPO_REQUIRE_OPENCL"] == "1"
  }

  private static let shared: [NamedBackend] =
    [
      NamedBackend("cpu-1", kind: .cpu) { try CPUBackend(threads: 1) },
      NamedBackend("cpu-2", kind: .cpu) { try CPUBackend(threads: 2) },
      NamedBackend("cpu-portable", kind: .cpu) {
        try CPUBackend(threads: 3, portableProducts: true)
      },
    ] + openCLBackends()

  private static func openCLBackends() -> [NamedBackend] {
    #if canImport(CLKernels)
      []
    #else
      []
    #endif
  }
}
