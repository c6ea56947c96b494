#if canImport(CLKernels)
  import CLKernels

  /// A family of kernels built with some definitions; one program each.
  struct ProgramKey: Hashable {
    /// Base name of the file in kernels/.
    let family: String
    /// Names of sources between the common prelude and the family's.
    var preludes: [String] = []
    /// Definitions beside the defaults, such as `D` = 64; later ones win.
    var defines: [String: Int] = [:]
  }

  /// Builds programs when first used and keeps them and their kernels; compiled programs also live
  /// on disk.
  final class OpenCLPrograms {
    private let context: CLContext
    private let device: OpenCLDevice
    private let defaults: [String: Int]
    private let cache: OpenCLProgramCache?
    /// Sources beside those of kernels/, by name.
    private let texts: [String: [UInt8]]
    private var programs: [ProgramKey: CLProgram] = [:]
    private var kernels: [ProgramKey: [String: CLKernel]] = [:]

    init(
      _ context: CLContext, _ device: OpenCLDevice, defaults: [String: Int],
      texts: [String: [UInt8]], cacheDirectory: String?
    ) {
      self.context = context
      self.device = device
      self.defaults = defaults
      self.texts = texts
      self.cache = cacheDirectory.map { OpenCLProgramCache(directory: $0, device: device) }
    }

    func kernel(_ name: String, in key: ProgramKey) throws -> CLKernel {
      if let kernel = kernels[key]?[name] { return kernel }
      let kernel = try CLKernel(try program(key), name)
      kernels[key, default: [:]][name] = kernel
      return kernel
    }

    private func program(_ key: ProgramKey) throws -> CLProgram {
      if let program = programs[key] { return program }
      let source = try (["common"] + key.preludes + [key.family]).flatMap {
        try texts[$0] ?? Self.source($0)
      }
      let defines = defaults.merging(key.defines) { $1 }.sorted { $0.key < $1.key }
      // Precise exp and log, no reassociation; a product and a sum may fuse.
      let options =
        "-cl-std=CL1.2 -cl-mad-enable"
        + defines.map { " -D\($0.key)=\($0.value)" }.joined()
      let program = try load(key.family, source, options) ?? compile(key.family, source, options)
      programs[key] = program
      return program
    }

    /// The text of kernels/`name`.cl.
    static func source(_ name: String) throws -> [UInt8] {
      for i in 0..<clk_source_count() {
        let source = clk_source(i)
        if String(cString: source.name) == name {
          return Array(UnsafeBufferPointer(start: source.text, count: source.length))
        }
      }
      throw BackendError.build(program: name, log: "no such kernel source is embedded")
    }

    /// From the cache; nil when it has none that this driver takes.
    private func load(_ family: String, _ source: [UInt8], _ options: String) -> CLProgram? {
      guard let binary = cache?.read(family, source, options) else { return nil }
      return try? program(binary: binary, options: options)
    }

    /// A program from what a driver calls its binary.
    func program(binary: [UInt8], options: String) throws -> CLProgram {
      var status: cl_int = 0
      var accepted: cl_int = 0
      var id: cl_device_id? = device.id
      var length = binary.count
      let made = binary.withUnsafeBufferPointer { bytes in
        var start = bytes.baseAddress
        return clCreateProgramWithBinary(
          context.handle, 1, &id, &length, &start, &accepted, &status)
      }
      let program = CLProgram(try createdCL(made, status, "clCreateProgramWithBinary"))
      try checkCL(accepted, "clCreateProgramWithBinary", "binary status")
      try checkCL(clBuildProgram(program.handle, 1, &id, options, nil, nil), "clBuildProgram")
      return program
    }

    func compile(_ family: String, _ source: [UInt8], _ options: String) throws -> CLProgram {
      var status: cl_int = 0
      var length = source.count
      let made = source.withUnsafeBytes { bytes in
        var start = bytes.bindMemory(to: CChar.self).baseAddress
        return clCreateProgramWithSource(context.handle, 1, &start, &length, &status)
      }
      let program = CLProgram(
        try createdCL(made, status, "clCreateProgramWithSource", family))
      var id: cl_device_id? = device.id
      status = clBuildProgram(program.handle, 1, &id, options, nil, nil)
      guard status == CL_SUCCESS else {
        throw BackendError.build(
          program: "\(family) \(options)",
          log: String(cString: clk_status_name(status)) + "\n" + log(program))
      }
      if let binary = binary(program) { cache?.write(binary, family, source, options) }
      return program
    }

    private func log(_ program: CLProgram) -> String {
      let what = cl_program_build_info(CL_PROGRAM_BUILD_LOG)
      var size = 0
      clGetProgramBuildInfo(program.handle, device.id, what, 0, nil, &size)
      var bytes = [UInt8](repeating: 0, count: size)
      clGetProgramBuildInfo(program.handle, device.id, what, size, &bytes, nil)
      return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// What the driver would load instead of the source; nil when it does not tell.
    func binary(_ program: CLProgram) -> [UInt8]? {
      var size = 0
      guard
        clGetProgramInfo(
          program.handle, cl_program_info(CL_PROGRAM_BINARY_SIZES), MemoryLayout<Int>.size, &size,
          nil) == CL_SUCCESS, size > 0
      else { return nil }
      var bytes = [UInt8](repeating: 0, count: size)
      let status = bytes.withUnsafeMutableBufferPointer { buffer in
        var start = buffer.baseAddress
        return clGetProgramInfo(
          program.handle, cl_program_info(CL_PROGRAM_BINARIES),
          MemoryLayout<UnsafeMutablePointer<UInt8>?>.size, &start, nil)
      }
      return status == CL_SUCCESS ? bytes : nil
    }
  }
#endif
