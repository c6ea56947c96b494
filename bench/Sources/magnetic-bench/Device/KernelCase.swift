import Foundation
import MPOBackend

/// Sizes of one run of the kernel benchmark.
enum KernelScale {
  /// Compared with the CPU, not timed: odd sizes, small.
  case check
  /// An OpenCL CPU device.
  case processor
  /// A GPU: hundreds of MiB a tensor, far beyond its caches.
  case gpu

  func pick(_ check: Int, _ processor: Int, _ gpu: Int) -> Int {
    switch self {
    case .check: check
    case .processor: processor
    case .gpu: gpu
    }
  }
}

/// An operation with its tensors on a device.
struct PreparedKernel {
  let shape: String
  /// What it must read and write at least; the rate of a memory-bound operation counts these.
  var bytes: Double?
  /// Floating-point operations, two for a multiply-add; for what arithmetic bounds.
  var operations: Double?
  let run: () throws -> Void
  /// What is compared with the CPU.
  let results: [Tensor]
  /// The probe whose rate bounds its arithmetic.
  var limit = "f32 peak"
}

/// One line of the kernel benchmark.
struct KernelCase: Sendable {
  let name: String
  let prepare: @Sendable (any ComputeBackend, KernelScale) throws -> PreparedKernel

  /// Relative error of the small size against the CPU.
  func error(_ backend: any ComputeBackend, _ cpu: any ComputeBackend) throws -> Double {
    func values(_ backend: any ComputeBackend) throws -> [Float] {
      let kernel = try prepare(backend, .check)
      try kernel.run()
      return try kernel.results.flatMap {
        $0.type == .i32 ? try backend.ints($0).map(Float.init) : try backend.floats($0)
      }
    }
    let (got, want) = (try values(backend), try values(cpu))
    let difference = zip(got, want).reduce(0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
    return (difference / want.reduce(1e-30) { $0 + Double($1) * Double($1) }).squareRoot()
  }
}

/// Seconds of one `run`, the best of 5 rounds (fewer when `budget` seconds are over); a round
/// repeats it for at least 20 ms, so that the wait at its end does not count.
func secondsPerRun(
  _ backend: any ComputeBackend, budget: Double = 1.5, _ run: () throws -> Void
) throws -> Double {
  func round(_ count: Int) throws -> Double {
    try measured {
      for _ in 0..<count { try run() }
      try backend.synchronize()
    }
  }
  _ = try round(1)  // compiles
  var count = 1
  var last = try round(count)
  while last < 0.02, count < 1 << 14 {
    count *= 2
    last = try round(count)
  }
  var best = last / Double(count)
  var spent = last
  for _ in 0..<5 where spent < budget {
    let seconds = try round(count)
    spent += seconds
    best = min(best, seconds / Double(count))
  }
  return best
}

/// Tensors for benchmarks: the same numbers on every device.
struct KernelData {
  let backend: any ComputeBackend

  /// Normal numbers; a block of 2^16 repeated, since drawing hundreds of millions takes minutes.
  func normals(_ shape: [Int], seed: UInt64 = 1, scale: Float = 1) throws -> Tensor {
    var random = PhiloxGenerator(seed: seed, domain: .test)
    let count = shape.reduce(1, *)
    let block = (0..<min(count, 1 << 16)).map { _ in random.normal() * scale }
    var values: [Float] = []
    values.reserveCapacity(count)
    while values.count < count { values += block.prefix(count - values.count) }
    return try backend.tensor(values, shape)
  }

  /// Numbers below `limit`.
  func indices(_ count: Int, below limit: Int, seed: UInt64 = 7) throws -> Tensor {
    var random = PhiloxGenerator(seed: seed, domain: .test)
    return try backend.indices((0..<count).map { _ in Int(random.next() % UInt64(limit)) })
  }

  func empty(_ shape: [Int]) throws -> Tensor { try backend.empty(shape) }
}
