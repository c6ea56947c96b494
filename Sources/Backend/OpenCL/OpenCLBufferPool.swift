#if canImport(CLKernels)
  import CLKernels

  /// Device memory of one backend; goes back to the pool when the last tensor is gone.
  final class OpenCLBuffer: DeviceBuffer {
    let memory: CLMemory
    let pool: OpenCLBufferPool
    /// Whose the memory is, if not its own.
    private let owner: OpenCLBuffer?

    init(type: ElementType, count: Int, memory: CLMemory, pool: OpenCLBufferPool) {
      self.memory = memory
      self.pool = pool
      owner = nil
      super.init(type: type, count: count)
    }

    /// The memory of another buffer, which lives as long as this one.
    init(sharing other: OpenCLBuffer, type: ElementType) {
      memory = other.memory
      pool = other.pool
      owner = other
      super.init(type: type, count: other.count * other.type.size / type.size)
    }

    deinit {
      if owner == nil { pool.giveBack(memory, used: count * type.size) }
    }
  }

  /// Freed blocks by size, for reuse. The queue is in order, so a block may be handed out again
  /// while commands that used it still wait: whoever uses it next comes behind them.
  final class OpenCLBufferPool {
    private let context: CLContext
    private let maximumAllocation: Int
    private let device: String
    private let limit: Int?
    private let hostPages: Bool
    private var free: [Int: [CLMemory]] = [:]
    private(set) var statistics = MemoryStatistics()

    init(_ context: CLContext, _ device: OpenCLDevice, limit: Int?) {
      self.context = context
      self.maximumAllocation = device.maximumAllocation
      self.device = device.description.name
      self.limit = limit
      hostPages = device.sharesHostMemory
    }

    /// Bytes that a request takes: at least 1 KiB, then four steps per power of two, so that at most
    /// a fifth is wasted and nearly equal sizes share a bucket.
    static func bucket(_ bytes: Int) -> Int {
      guard bytes > 1024 else { return 1024 }
      let power = 1 << (Int.bitWidth - 1 - (bytes - 1).leadingZeroBitCount)
      let step = power / 4
      return (bytes + step - 1) / step * step
    }

    func take(_ count: Int, _ type: ElementType) throws -> OpenCLBuffer {
      let bytes = count * type.size
      guard maximumAllocation == 0 || bytes <= maximumAllocation else {
        throw BackendError.outOfMemory(
          bytes: bytes, device: "\(device), whose largest buffer is \(maximumAllocation) bytes")
      }
      var size = Self.bucket(bytes)
      if maximumAllocation > 0 && size > maximumAllocation { size = max(bytes, 1) }
      let memory: CLMemory
      if let found = free[size]?.popLast() {
        statistics.pooled -= size
        memory = found
      } else {
        memory = try create(size)
      }
      statistics.live += bytes
      statistics.peak = max(statistics.peak, statistics.live)
      return OpenCLBuffer(type: type, count: count, memory: memory, pool: self)
    }

    private func create(_ size: Int) throws -> CLMemory {
      do {
        return try CLMemory(context, bytes: size, hostPages: hostPages)
      } catch {
        // What the pool keeps may be what is missing.
        free.removeAll()
        statistics.pooled = 0
      }
      do {
        return try CLMemory(context, bytes: size, hostPages: hostPages)
      } catch BackendError.device(_, let status, _)
        where [
          CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY,
          CL_INVALID_BUFFER_SIZE,
        ].contains(status)
      {
        throw BackendError.outOfMemory(bytes: size, device: device)
      }
    }

    func giveBack(_ memory: CLMemory, used: Int) {
      statistics.live -= used
      if let limit, statistics.pooled + memory.bytes > limit { return }
      free[memory.bytes, default: []].append(memory)
      statistics.pooled += memory.bytes
    }

    func trim() {
      free.removeAll()
      statistics.pooled = 0
      statistics.peak = statistics.live
    }
  }
#endif
