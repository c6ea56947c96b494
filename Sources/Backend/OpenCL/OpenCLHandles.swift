#if canImport(CLKernels)
  import CLKernels

  /// The one way in which OpenCL statuses become errors: `status` of the call named `call`, made for
  /// `purpose`.
  func checkCL(_ status: cl_int, _ call: String, _ purpose: @autoclosure () -> String = "") throws {
    guard status != CL_SUCCESS else { return }
    let name = String(cString: clk_status_name(status))
    let purpose = purpose()
    throw BackendError.device(
      call: call, status: status, purpose.isEmpty ? name : "\(name) (\(purpose))")
  }

  /// Unwraps what a creating call returned.
  func createdCL<T>(
    _ handle: T?, _ status: cl_int, _ call: String, _ purpose: @autoclosure () -> String = ""
  ) throws -> T {
    try checkCL(status, call, purpose())
    guard let handle else {
      throw BackendError.device(call: call, status: status, "returned no object")
    }
    return handle
  }

  // One final class per handle: `deinit` releases and never throws.

  final class CLContext {
    let handle: cl_context
    init(_ device: cl_device_id) throws {
      var status: cl_int = 0
      var device: cl_device_id? = device
      let made = clCreateContext(nil, 1, &device, nil, nil, &status)
      handle = try createdCL(made, status, "clCreateContext")
    }
    deinit { clReleaseContext(handle) }
  }

  /// An in-order queue.
  final class CLQueue {
    let handle: cl_command_queue
    init(_ context: CLContext, _ device: cl_device_id) throws {
      var status: cl_int = 0
      let made = clCreateCommandQueue(context.handle, device, 0, &status)
      handle = try createdCL(made, status, "clCreateCommandQueue")
    }
    deinit {
      clFinish(handle)
      clReleaseCommandQueue(handle)
    }
  }

  final class CLMemory {
    let handle: cl_mem
    let bytes: Int
    /// `hostPages` asks for memory that the host can map without a copy.
    init(_ context: CLContext, bytes: Int, hostPages: Bool) throws {
      var status: cl_int = 0
      let flags = CL_MEM_READ_WRITE | (hostPages ? CL_MEM_ALLOC_HOST_PTR : 0)
      let made = clCreateBuffer(context.handle, cl_mem_flags(flags), bytes, nil, &status)
      handle = try createdCL(made, status, "clCreateBuffer", "\(bytes) bytes")
      self.bytes = bytes
    }
    deinit { clReleaseMemObject(handle) }
  }

  final class CLProgram {
    let handle: cl_program
    init(_ handle: cl_program) { self.handle = handle }
    deinit { clReleaseProgram(handle) }
  }

  final class CLKernel {
    let handle: cl_kernel
    let name: String
    /// Keeps the program alive.
    private let program: CLProgram
    init(_ program: CLProgram, _ name: String) throws {
      var status: cl_int = 0
      let made = clCreateKernel(program.handle, name, &status)
      handle = try createdCL(made, status, "clCreateKernel", name)
      self.name = name
      self.program = program
    }
    deinit { clReleaseKernel(handle) }
  }
#endif
