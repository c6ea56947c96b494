#if canImport(CLKernels)
  import CLKernels

  /// An OpenCL device and the limits that choose kernels.
  public struct OpenCLDevice {
    public let description: DeviceDescription
    /// Bytes of the largest single buffer.
    public let maximumAllocation: Int
    /// Bytes of local memory of a work-group.
    public let localMemory: Int
    public let maximumWorkGroup: Int
    /// The device computes in the host's memory: mapping a buffer is no transfer.
    public let sharesHostMemory: Bool
    let id: cl_device_id

    /// Every device of every platform, in the loader's order; empty when there is no platform (an
    /// absent platform is an answer here, not an error).
    public static func all() -> [OpenCLDevice] {
      var count: cl_uint = 0
      guard clGetPlatformIDs(0, nil, &count) == CL_SUCCESS, count > 0 else { return [] }
      var platforms = [cl_platform_id?](repeating: nil, count: Int(count))
      guard clGetPlatformIDs(count, &platforms, nil) == CL_SUCCESS else { return [] }
      return platforms.compactMap { $0 }.flatMap(devices(of:))
    }

    private static func devices(of platform: cl_platform_id) -> [OpenCLDevice] {
      let every = cl_device_type(
        CL_DEVICE_TYPE_GPU | CL_DEVICE_TYPE_CPU | CL_DEVICE_TYPE_ACCELERATOR)
      var count: cl_uint = 0
      guard clGetDeviceIDs(platform, every, 0, nil, &count) == CL_SUCCESS, count > 0 else {
        return []
      }
      var ids = [cl_device_id?](repeating: nil, count: Int(count))
      guard clGetDeviceIDs(platform, every, count, &ids, nil) == CL_SUCCESS else { return [] }
      return ids.compactMap { $0 }.filter(isUsable).map(OpenCLDevice.init)
    }

    private static func isUsable(_ id: cl_device_id) -> Bool {
      number(id, CL_DEVICE_AVAILABLE, as: cl_bool.self) != 0
        && number(id, CL_DEVICE_COMPILER_AVAILABLE, as: cl_bool.self) != 0
    }

    private init(_ id: cl_device_id) {
      self.id = id
      let type = Self.number(id, CL_DEVICE_TYPE, as: cl_device_type.self)
      let kind: DeviceDescription.Kind =
        if type & cl_device_type(CL_DEVICE_TYPE_GPU) != 0 {
          .openCLGPU
        } else if type & cl_device_type(CL_DEVICE_TYPE_CPU) != 0 {
          .openCLCPU
        } else {
          .openCLOther
        }
      description = DeviceDescription(
        kind: kind, name: Self.text(id, CL_DEVICE_NAME), vendor: Self.text(id, CL_DEVICE_VENDOR),
        driver: Self.text(id, CL_DRIVER_VERSION),
        computeUnits: Int(Self.number(id, CL_DEVICE_MAX_COMPUTE_UNITS, as: cl_uint.self)),
        memory: Int(clamping: Self.number(id, CL_DEVICE_GLOBAL_MEM_SIZE, as: cl_ulong.self)),
        supportsFloat64: Self.number(
          id, CL_DEVICE_DOUBLE_FP_CONFIG, as: cl_device_fp_config.self) != 0)
      maximumAllocation = Int(
        clamping: Self.number(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE, as: cl_ulong.self))
      localMemory = Int(clamping: Self.number(id, CL_DEVICE_LOCAL_MEM_SIZE, as: cl_ulong.self))
      maximumWorkGroup = Self.number(id, CL_DEVICE_MAX_WORK_GROUP_SIZE, as: Int.self)
      sharesHostMemory =
        Self.number(id, CL_DEVICE_HOST_UNIFIED_MEMORY, as: cl_bool.self) != 0
    }

    /// A further property as text; empty when the device does not tell.
    func text(_ what: Int32) -> String { Self.text(id, what) }
    /// A further property of 32 bits; 0 when the device does not tell.
    func word(_ what: Int32) -> UInt32 { Self.number(id, what, as: cl_uint.self) }

    /// 0 when the device does not tell.
    private static func number<T: FixedWidthInteger>(
      _ id: cl_device_id, _ what: Int32, as type: T.Type
    ) -> T {
      var value: T = 0
      guard
        clGetDeviceInfo(id, cl_device_info(what), MemoryLayout<T>.size, &value, nil) == CL_SUCCESS
      else { return 0 }
      return value
    }

    private static func text(_ id: cl_device_id, _ what: Int32) -> String {
      var size = 0
      guard clGetDeviceInfo(id, cl_device_info(what), 0, nil, &size) == CL_SUCCESS, size > 0 else {
        return ""
      }
      var bytes = [UInt8](repeating: 0, count: size)
      guard clGetDeviceInfo(id, cl_device_info(what), size, &bytes, nil) == CL_SUCCESS else {
        return ""
      }
      let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      return text.split(separator: " ").joined(separator: " ")
    }
  }
#endif
