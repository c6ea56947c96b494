#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Host memory of a tensor, 64-byte aligned; goes back to its backend's pool, unless another buffer
/// owns it.
public final class CPUBuffer: DeviceBuffer {
  let memory: UnsafeMutableRawPointer
  private let owner: Owner

  private enum Owner {
    case itself(MemoryPool.Block, MemoryPool)
    case other(CPUBuffer)
  }

  init(pool: MemoryPool, type: ElementType, count: Int) throws {
    let block = try pool.take(bytes: count * type.size)
    owner = .itself(block, pool)
    memory = block.memory
    super.init(type: type, count: count)
    #if DEBUG
      // A quiet NaN as f32, f64 and bf16, a wild index as i32: reading undefined contents shows at
      // once.
      memory.initializeMemory(
        as: UInt16.self, repeating: 0x7FFF, count: count * type.size / 2)
    #endif
  }

  /// The memory of another buffer, which lives as long as this one.
  init(sharing other: CPUBuffer, type: ElementType) {
    owner = .other(other)
    memory = other.memory
    super.init(type: type, count: other.count * other.type.size / type.size)
  }

  deinit {
    if case .itself(let block, let pool) = owner { pool.give(block) }
  }
}

/// Blocks of host memory in size classes (four per octave), kept for reuse, also by what is smaller
/// down to half: a training step in its steady state takes no new pages from the system.
final class MemoryPool {
  struct Block {
    let memory: UnsafeMutableRawPointer
    /// What was asked for, and what the block holds.
    let bytes: Int
    let capacity: Int
  }

  private(set) var statistics = MemoryStatistics()
  private var free: [Int: [UnsafeMutableRawPointer]] = [:]

  deinit { release() }

  func take(bytes: Int) throws -> Block {
    var capacity = Self.sizeClass(bytes)
    let memory: UnsafeMutableRawPointer
    if let pooled = pooled(capacity) {
      (memory, capacity) = pooled
      statistics.pooled -= capacity
    } else if let fresh = Self.reserve(capacity) {
      memory = fresh
    } else {
      release()
      guard let fresh = Self.reserve(capacity) else {
        throw BackendError.outOfMemory(bytes: bytes, device: "the CPU")
      }
      memory = fresh
    }
    statistics.live += bytes
    statistics.peak = max(statistics.peak, statistics.live)
    return Block(memory: memory, bytes: bytes, capacity: capacity)
  }

  /// The smallest free block of at least `capacity`, and of less than twice that: what one phase of a
  /// step has left serves the next, whose sizes are others.
  private func pooled(_ capacity: Int) -> (UnsafeMutableRawPointer, capacity: Int)? {
    var found = capacity
    while found / 2 < capacity {
      if let memory = free[found]?.popLast() { return (memory, found) }
      found = Self.sizeClass(found + 1)
    }
    return nil
  }

  func give(_ block: Block) {
    free[block.capacity, default: []].append(block.memory)
    statistics.live -= block.bytes
    statistics.pooled += block.capacity
  }

  /// Gives every pooled block back to the system and restarts the peak.
  func release() {
    for blocks in free.values {
      for memory in blocks { Self.systemFree(memory) }
    }
    free = [:]
    statistics.pooled = 0
    statistics.peak = statistics.live
  }

  /// The smallest of 256 B * {4, 5, 6, 7} * 2^k that holds `bytes`.
  static func sizeClass(_ bytes: Int) -> Int {
    if bytes <= 1024 { return max(256, (bytes + 255) & ~255) }
    let step = 1 << (Int.bitWidth - (bytes - 1).leadingZeroBitCount - 3)
    return (bytes + step - 1) & ~(step - 1)
  }

  /// Large blocks lie on pages of 2 MiB where the system has them: their first use costs fewer
  /// faults, and reading a whole model fewer look-ups of pages. What is behind the last whole one stays
  /// on small pages, so that no more memory becomes resident than is used.
  private static func reserve(_ bytes: Int) -> UnsafeMutableRawPointer? {
    let isLarge = bytes >= 2 * hugePage
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, isLarge ? hugePage : 64, bytes) == 0, let memory else {
      return nil
    }
    #if os(Linux)
      if isLarge { _ = madvise(memory, bytes / hugePage * hugePage, MADV_HUGEPAGE) }
    #endif
    return memory
  }

  private static let hugePage = 2 << 20

  private static func systemFree(_ memory: UnsafeMutableRawPointer) {
    #if canImport(Glibc)
      Glibc.free(memory)
    #else
      Darwin.free(memory)
    #endif
  }
}
