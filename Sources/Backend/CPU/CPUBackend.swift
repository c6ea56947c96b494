import CPUKernels
import Foundation

#if canImport(DNNLShim)
  import DNNLShim
#endif

/// The host CPU: the specification that every other backend is tested against.
///
/// Operations run at once, on a pool of threads that this backend owns (the calling thread is one
/// of them); matrix products go to oneDNN where the trait `OneDNN` is on, else to a portable
/// kernel. Where the processor has matrix tiles (AMX) this package's own kernel takes the products, in
/// f32 with all bits of the operands (`tiles.c`). Results are bit-identical for the same build, CPU and thread count.
public final class CPUBackend: ComputeBackend {
  let pool: OpaquePointer
  let memoryPool = MemoryPool()
  let sgemm: mpo_sgemm?
  /// Products of bf16 operands; nil takes those of f32 with rounded operands.
  let halfProduct: mpo_half_gemm?
  /// Products by matrix tiles.
  let usesTiles: Bool
  /// Threads that share an operation, the caller among them.
  public let threads: Int

  /// - threads: 0 or nil takes the environment's `MPO_NUM_THREADS`, else every online core.
  /// - portableProducts: keeps matrix products off oneDNN (tests compare the two).
  /// - bfloat16Products: whether products in bf16 precision are done by oneDNN in that type; by
  ///   default where the CPU has instructions for it. Elsewhere oneDNN emulates them slowly, and
  ///   f32 products of rounded operands are faster.
  /// - matrixTiles: false keeps products off matrix tiles; by default they are used where processor
  ///   and system have them, unless one of the two settings above asks for something else.
  /// - Throws: `.outOfMemory` when the pool could not be made, `.argument` for a malformed
  ///   `MPO_NUM_THREADS`.
  public init(
    threads: Int? = nil, portableProducts: Bool = false, bfloat16Products: Bool? = nil,
    matrixTiles: Bool? = nil
  ) throws {
    let count = try threads.flatMap { $0 > 0 ? $0 : nil } ?? Self.defaultThreads()
    guard let pool = mpo_pool_create(Int32(clamping: count)) else {
      throw BackendError.outOfMemory(bytes: 0, device: "the CPU (thread pool)")
    }
    self.pool = pool
    self.threads = Int(mpo_pool_threads(pool))
    usesTiles =
      (matrixTiles ?? (!portableProducts && bfloat16Products == nil))
      && mpo_tiles_available() != 0
    #if canImport(DNNLShim)
      sgemm = portableProducts ? nil : mpo_dnnl_sgemm
      let half = !portableProducts && (bfloat16Products ?? (mpo_dnnl_has_bf16() != 0))
      halfProduct = half ? mpo_dnnl_bf16 : nil
    #else
      sgemm = nil
      halfProduct = nil
    #endif
  }

  deinit { mpo_pool_destroy(pool) }

  private static func defaultThreads() throws -> Int {
    let information = ProcessInfo.processInfo
    guard let text = information.environment["MPO_NUM_THREADS"], !text.isEmpty else {
      return information.activeProcessorCount
    }
    guard let count = Int(text), count > 0 else {
      throw BackendError.argument(
        op: "CPUBackend", "MPO_NUM_THREADS: expected a count above 0, found '\(text)'")
    }
    return count
  }

  /// Matrix tiles pack their operands, and round them on the way; oneDNN's products would need a
  /// rounded copy for every call.
  public var prefersHalfWeights: Bool { !usesTiles }

  public var description: DeviceDescription {
    DeviceDescription(
      kind: .cpu, name: Self.processorName, vendor: Self.architecture,
      driver: (sgemm == nil ? "portable kernels" : "oneDNN") + (usesTiles ? ", matrix tiles" : ""),
      computeUnits: threads,
      memory: Int(clamping: ProcessInfo.processInfo.physicalMemory))
  }

  private static let processorName: String = {
    var name = [CChar](repeating: 0, count: 64)
    mpo_cpu_name(&name)
    return name.withUnsafeBytes { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }()

  private static var architecture: String {
    #if arch(x86_64)
      "x86-64"
    #elseif arch(arm64)
      "arm64"
    #else
      "unknown"
    #endif
  }

  public var memory: MemoryStatistics { memoryPool.statistics }

  // MARK: Pointers

  /// First byte of a view. Foreign buffers are an argument error.
  func bytes(_ t: Tensor, _ op: String) throws -> UnsafeMutableRawPointer {
    guard type(of: t.storage) == CPUBuffer.self else {
      throw Self.foreign(op, t.storage)
    }
    return unsafeDowncast(t.storage, to: CPUBuffer.self).memory + t.offset * t.type.size
  }

  static func foreign(_ op: String, _ buffer: DeviceBuffer) -> BackendError {
    .argument(op: op, "expected a tensor of the CPU backend, found \(type(of: buffer))")
  }

  func floats(_ t: Tensor, _ op: String) throws -> UnsafeMutablePointer<Float> {
    try bytes(t, op).assumingMemoryBound(to: Float.self)
  }

  func ints(_ t: Tensor, _ op: String) throws -> UnsafeMutablePointer<Int32> {
    try bytes(t, op).assumingMemoryBound(to: Int32.self)
  }

  /// The C kernels return nonzero when scratch memory could not be taken.
  func check(_ status: Int32, _ op: String) throws {
    guard status == 0 else {
      throw BackendError.outOfMemory(bytes: 0, device: "the CPU (scratch of \(op))")
    }
  }
}

extension CPUBackend {
  /// The exp and tanh of the C kernels, for their tests.
  package static func kernelExp(_ x: [Float]) -> [Float] { map(x, mpo_exp_array) }
  package static func kernelTanh(_ x: [Float]) -> [Float] { map(x, mpo_tanh_array) }
  package static func kernelExp(doubles x: [Double]) -> [Double] { map(x, mpo_exp_double_array) }

  private static func map<Real>(
    _ x: [Real], _ kernel: (UnsafePointer<Real>?, UnsafeMutablePointer<Real>?, Int) -> Void
  ) -> [Real] {
    [Real](unsafeUninitializedCapacity: x.count) { out, count in
      kernel(x, out.baseAddress, x.count)
      count = x.count
    }
  }
}
