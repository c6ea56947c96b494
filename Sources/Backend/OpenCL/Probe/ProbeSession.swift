#if canImport(CLKernels)
  import CLKernels

  /// A context and queue for one probe, with the few calls that probes need.
  final class ProbeSession {
    let device: OpenCLDevice
    /// Tiny sizes, one round.
    let brief: Bool
    private let context: CLContext
    private let queue: CLQueue
    private let programs: OpenCLPrograms
    /// A kernel does not keep the memory of its arguments alive.
    private var buffers: [CLMemory] = []

    init(_ device: OpenCLDevice, brief: Bool) throws {
      self.device = device
      self.brief = brief
      context = try CLContext(device.id)
      queue = try CLQueue(context, device.id)
      // Nothing is cached: the question is what this driver compiles now.
      programs = OpenCLPrograms(
        context, device, defaults: [:], texts: [:], cacheDirectory: nil)
    }

    deinit { clFinish(queue.handle) }

    var isGPU: Bool { device.description.kind == .openCLGPU }

    /// Compiles kernels/`family`.cl with definitions and further options.
    func program(
      _ family: String, _ defines: [String: Int], options: String = "-cl-std=CL1.2"
    ) throws -> CLProgram {
      let flags = defines.sorted { $0.key < $1.key }.map { " -D\($0.key)=\($0.value)" }.joined()
      return try programs.compile(family, try OpenCLPrograms.source(family), options + flags)
    }

    func binary(_ program: CLProgram) -> [UInt8]? { programs.binary(program) }

    func program(binary: [UInt8]) throws -> CLProgram {
      try programs.program(binary: binary, options: "")
    }

    /// Memory that lives as long as the session.
    func buffer(bytes: Int) throws -> CLMemory {
      let memory = try CLMemory(context, bytes: bytes, hostPages: false)
      buffers.append(memory)
      return memory
    }

    func buffer<T: BitwiseCopyable>(_ values: [T]) throws -> CLMemory {
      let memory = try buffer(bytes: values.count * MemoryLayout<T>.stride)
      try values.withUnsafeBytes { bytes in
        try checkCL(
          clEnqueueWriteBuffer(
            queue.handle, memory.handle, cl_bool(CL_TRUE), 0, bytes.count, bytes.baseAddress, 0,
            nil, nil), "clEnqueueWriteBuffer")
      }
      return memory
    }

    /// Waits, then reads `count` values.
    func read<T: BitwiseCopyable>(_ memory: CLMemory, _ count: Int, zero: T) throws -> [T] {
      var values = [T](repeating: zero, count: count)
      try values.withUnsafeMutableBytes { bytes in
        try checkCL(
          clEnqueueReadBuffer(
            queue.handle, memory.handle, cl_bool(CL_TRUE), 0, bytes.count, bytes.baseAddress, 0,
            nil, nil), "clEnqueueReadBuffer")
      }
      return values
    }

    func finish() throws { try checkCL(clFinish(queue.handle), "clFinish") }

    func copy(_ from: CLMemory, to: CLMemory) throws {
      try checkCL(
        clEnqueueCopyBuffer(
          queue.handle, from.handle, to.handle, 0, 0, from.bytes, 0, nil, nil),
        "clEnqueueCopyBuffer")
    }

    enum Argument {
      case memory(CLMemory)
      case size(Int)
      case int(Int32)
      /// Bytes of local memory.
      case local(Int)
    }

    func kernel(_ program: CLProgram, _ name: String, _ arguments: [Argument]) throws -> CLKernel {
      let kernel = try CLKernel(program, name)
      for (i, argument) in arguments.enumerated() {
        let at = cl_uint(i)
        func set<T>(_ value: T) -> cl_int {
          withUnsafeBytes(of: value) { clSetKernelArg(kernel.handle, at, $0.count, $0.baseAddress) }
        }
        let status =
          switch argument {
          case .memory(let m): set(m.handle)
          case .size(let n): set(cl_ulong(n))
          case .int(let n): set(n)
          case .local(let bytes): clSetKernelArg(kernel.handle, at, bytes, nil)
          }
        try checkCL(status, "clSetKernelArg", "argument \(i) of \(name)")
      }
      return kernel
    }

    func launch(_ kernel: CLKernel, items: Int, group: Int) throws {
      var (items, group) = (items, group)
      try checkCL(
        clEnqueueNDRangeKernel(
          queue.handle, kernel.handle, 1, nil, &items, &group, 0, nil, nil),
        "clEnqueueNDRangeKernel", "\(kernel.name), \(items) items in groups of \(group)")
    }

    /// Seconds of one `body`, the best of 5 rounds; a round enqueues it often enough to last 20 ms,
    /// so that the wait at its end does not count.
    func seconds(_ body: () throws -> Void) throws -> Double {
      let clock = ContinuousClock()
      func round(_ count: Int) throws -> Double {
        let start = clock.now
        for _ in 0..<count { try body() }
        try finish()
        return (clock.now - start) / .seconds(1)
      }
      let first = try round(1)
      guard !brief else { return first }
      var count = 1
      while count < 4096, try round(count) < 0.02 { count *= 2 }
      let rounds = try (0..<5).map { _ in try round(count) / Double(count) }
      return rounds.min() ?? .infinity
    }
  }
#endif
