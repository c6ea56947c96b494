#if canImport(CLKernels)
  import CLKernels

  /// Every operation by hand-written kernels on one OpenCL device, none on the host. Commands go to
  /// an in-order queue and return at once; only `download`, `synchronize` and `trim` wait.
  ///
  /// Runs are deterministic on one device (no float atomics); against the CPU they agree to
  /// rounding. Programs are compiled when an operation is first used and kept on disk
  /// (`OpenCLConfiguration.cacheDirectory`), so first calls are slow.
  public final class OpenCLBackend: ComputeBackend {
    public let device: OpenCLDevice
    public let configuration: OpenCLConfiguration
    let context: CLContext
    let queue: CLQueue
    let pool: OpenCLBufferPool
    let programs: OpenCLPrograms
    /// Chooses how each product is computed.
    package let planner: MatmulPlanner
    /// Work-items of a work-group and floats of a vector in kernels that say nothing else.
    let workGroup: Int
    let vector: Int
    /// Elements that a work-group of an elementwise kernel covers.
    let block: Int
    /// What the device and the configuration allow.
    let largestWorkGroup: Int
    private var unflushed = 0

    public convenience init(
      device: OpenCLDevice, configuration: OpenCLConfiguration = .init()
    ) throws {
      try self.init(
        device: device, configuration: configuration, fragments: FragmentSource.builtIn)
    }

    /// `fragments` are the matrix units to look for, `candidates` what may multiply matrices (nil:
    /// all of this package).
    package init(
      device: OpenCLDevice, configuration: OpenCLConfiguration, fragments: [FragmentSource],
      candidates: [any MatmulCandidate]? = nil
    ) throws {
      self.device = device
      self.configuration = configuration
      context = try CLContext(device.id)
      queue = try CLQueue(context, device.id)
      pool = OpenCLBufferPool(context, device, limit: configuration.poolLimit)
      let narrow =
        switch configuration.shape {
        case .automatic: device.description.kind == .openCLCPU
        case .narrow: true
        case .wide: false
        }
      let limit = min(device.maximumWorkGroup, configuration.maximumWorkGroup ?? .max)
      largestWorkGroup = max(1, min(256, limit))
      workGroup = narrow ? 1 : largestWorkGroup
      vector = narrow ? 16 : 1
      block = narrow ? 8192 : 4 * workGroup
      programs = OpenCLPrograms(
        context, device, defaults: ["WG": workGroup, "VW": vector, "BLOCK": block],
        texts: FragmentSource.texts(of: fragments), cacheDirectory: configuration.cacheDirectory)
      planner = MatmulPlanner(
        device, fragments: fragments,
        candidates: candidates ?? builtInCandidates(for: fragments),
        cacheDirectory: configuration.cacheDirectory)
    }

    public var description: DeviceDescription {
      var description = device.description
      description.supportsFloat64 = description.supportsFloat64 && configuration.float64
      return description
    }
    public var memory: MemoryStatistics { pool.statistics }
    /// Kernels load bf16 operands as they are.
    public var prefersHalfWeights: Bool { true }
    /// Small work-groups, wide vectors.
    var isNarrow: Bool { vector > 1 }

    // MARK: Memory

    public func allocate(_ count: Int, _ type: ElementType) throws -> DeviceBuffer {
      try Check.allocate(count, type, on: description)
      let buffer = try pool.take(count, type)
      #if DEBUG
        // Whoever reads before writing finds NaN.
        let words = type == .bf16 ? count / 2 : count
        try fill(Tensor(storage: buffer, shape: [words]), bits: 0x7FC0_DEAD)
      #endif
      return buffer
    }

    public func shared(_ buffer: DeviceBuffer, as type: ElementType) throws -> DeviceBuffer {
      try Check.allocate(0, type, on: description)
      return OpenCLBuffer(sharing: try own(buffer, "shared"), type: type)
    }

    public func upload(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor) throws {
      try Check.transfer("upload", tensor, bytes: bytes.count)
      guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
      if device.sharesHostMemory && bytes.count >= Self.mappedBytes {
        try checkCL(
          clk_map_write(
            queue.handle, try handle(tensor, "upload"), tensor.offset * tensor.type.size, start,
            bytes.count), "clEnqueueMapBuffer", "upload of \(bytes.count) bytes")
        return
      }
      try checkCL(
        clk_upload(
          queue.handle, try handle(tensor, "upload"), tensor.offset * tensor.type.size, start,
          bytes.count), "clEnqueueWriteBuffer", "upload of \(bytes.count) bytes")
    }

    public func download(_ tensor: Tensor, to bytes: UnsafeMutableRawBufferPointer) throws {
      try Check.transfer("download", tensor, bytes: bytes.count)
      guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
      if device.sharesHostMemory {
        try checkCL(
          clk_map_read(
            queue.handle, try handle(tensor, "download"), tensor.offset * tensor.type.size, start,
            bytes.count), "clEnqueueMapBuffer", "download of \(bytes.count) bytes")
        return
      }
      try checkCL(
        clEnqueueReadBuffer(
          queue.handle, try handle(tensor, "download"), cl_bool(CL_TRUE),
          tensor.offset * tensor.type.size, bytes.count, start, 0, nil, nil),
        "clEnqueueReadBuffer", "download of \(bytes.count) bytes")
    }

    /// Uploads of at least this are mapped where memory is shared: weights. Smaller ones, indices in the
    /// middle of a step, are queued, because a mapping waits for the queue.
    private static let mappedBytes = 1 << 20

    public func synchronize() throws {
      try checkCL(clFinish(queue.handle), "clFinish")
    }

    public func trim() throws {
      try synchronize()
      pool.trim()
    }

    /// The memory of a tensor, which must be this backend's.
    func handle(_ tensor: Tensor, _ op: String) throws -> cl_mem {
      try own(tensor.storage, op).memory.handle
    }

    private func own(_ buffer: DeviceBuffer, _ op: String) throws -> OpenCLBuffer {
      guard let buffer = buffer as? OpenCLBuffer, buffer.pool === pool else {
        throw BackendError.argument(op: op, "a tensor belongs to another backend")
      }
      return buffer
    }

    // MARK: Launch

    /// An argument or several of a kernel.
    enum Argument {
      /// Memory and offset in elements.
      case tensor(Tensor)
      /// Memory, offset and row stride in elements.
      case rows(Tensor)
      /// `ulong`
      case size(Int)
      /// `uint`
      case word(UInt32)
      case float(Float)
      case double(Double)
      /// Bytes of local memory.
      case local(Int)

      static func flag(_ value: Bool) -> Argument { .word(value ? 1 : 0) }
    }

    /// Puts one kernel on the queue: `groups` work-groups of `items` work-items (default: the `WG` of
    /// the program). No groups, no launch.
    func launch(
      _ name: String, _ program: ProgramKey, groups: [Int], items: Int? = nil,
      _ arguments: [Argument]
    ) throws {
      guard !groups.contains(0) else { return }
      let kernel = try programs.kernel(name, in: program)
      var index: cl_uint = 0
      func set<T>(_ value: T) throws {
        let status = withUnsafeBytes(of: value) {
          clSetKernelArg(kernel.handle, index, $0.count, $0.baseAddress)
        }
        try checkCL(status, "clSetKernelArg", "argument \(index) of \(name)")
        index += 1
      }
      for argument in arguments {
        switch argument {
        case .tensor(let t):
          try set(try handle(t, name))
          try set(cl_ulong(t.offset))
        case .rows(let t):
          try set(try handle(t, name))
          try set(cl_ulong(t.offset))
          try set(cl_ulong(t.rowStride))
        case .size(let n): try set(cl_ulong(n))
        case .word(let n): try set(n)
        case .float(let x): try set(x)
        case .double(let x): try set(x)
        case .local(let bytes):
          try checkCL(
            clSetKernelArg(kernel.handle, index, bytes, nil), "clSetKernelArg",
            "\(bytes) bytes of local memory of \(name)")
          index += 1
        }
      }
      let items = items ?? program.defines["WG"] ?? workGroup
      var local = [Int](repeating: 1, count: groups.count)
      local[0] = items
      let global = zip(groups, local).map { $0 * $1 }
      try checkCL(
        clEnqueueNDRangeKernel(
          queue.handle, kernel.handle, cl_uint(groups.count), nil, global, local, 0, nil, nil),
        "clEnqueueNDRangeKernel", "\(name), groups \(groups) of \(items)")
      // Some drivers hold commands back until a flush: keep the device fed.
      unflushed += 1
      if unflushed >= 32 {
        unflushed = 0
        try checkCL(clFlush(queue.handle), "clFlush")
      }
    }

    /// The scratch of a work-group's reductions: one float for each work-item.
    var reduction: Argument { .local(4 * workGroup) }

    /// Memory that only kernels see.
    func scratch(_ count: Int, _ type: ElementType = .f32) throws -> Tensor {
      Tensor(storage: try pool.take(count, type), shape: [count])
    }
  }

  /// `a / b` rounded up.
  func ceilDivide(_ a: Int, _ b: Int) -> Int { (a + b - 1) / b }
#endif
