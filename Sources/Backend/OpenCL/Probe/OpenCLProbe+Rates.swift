#if canImport(CLKernels)
  extension OpenCLProbe {
    /// The limits that kernels are compared with, and what a launch costs.
    static let rates: [OpenCLProbe] = [
      OpenCLProbe(
        name: "launch latency", meaning: "one of 2000 launches of a kernel that does nothing"
      ) { session in
        let kernel = try session.kernel(
          try session.program("probe", ["PROBE_LAUNCH": 1]), "probe_launch",
          [.memory(try session.buffer([Float](repeating: 0, count: 64)))])
        let launches = session.brief ? 2 : 2000
        let seconds = try session.seconds {
          for _ in 0..<launches { try session.launch(kernel, items: 32, group: 32) }
        }
        return .measured(seconds / Double(launches) * 1e6, unit: "us")
      },
      OpenCLProbe(
        name: "copy bandwidth",
        meaning: "bytes read and written a second, the best of a kernel and clEnqueueCopyBuffer"
      ) { session in .measured(try copyRate(session) / 1e9, unit: "GB/s") },
      OpenCLProbe(
        name: "f32 peak", meaning: "fused multiply-adds in registers, two operations each"
      ) { session in .measured(try multiplyAddRate(session) / 1e12, unit: "TFLOP/s") },
      OpenCLProbe(
        name: "mma.sync bf16 peak", meaning: "mma.sync m16n8k16 in registers"
      ) { session in .measured(try matrixRate(session) / 1e12, unit: "TFLOP/s") },
    ]

    private static func copyRate(_ session: ProbeSession) throws -> Double {
      // Far beyond caches.
      let wanted = session.brief ? 1 << 16 : (session.isGPU ? 256 : 128) << 20
      let bytes = min(wanted, session.device.maximumAllocation / 4) & ~0xFFFF
      let (x, y) = (try session.buffer(bytes: bytes), try session.buffer(bytes: bytes))
      var best = try session.seconds { try session.copy(x, to: y) }
      for lanes in [4, 16] {
        let count = bytes / (4 * lanes)
        let kernel = try session.kernel(
          try session.program("probe", ["PROBE_COPY": 1, "LANES": lanes]), "probe_copy",
          [.memory(x), .memory(y), .size(count)])
        let group = min(256, session.device.maximumWorkGroup)
        let items = ceilDivide(count, group) * group
        best = min(
          best, try session.seconds { try session.launch(kernel, items: items, group: group) })
      }
      return 2 * Double(bytes) / best
    }

    private static func multiplyAddRate(_ session: ProbeSession) throws -> Double {
      let (lanes, group) = session.isGPU ? (4, 256) : (16, 1)
      let units = session.brief ? 1 : session.device.description.computeUnits
      let items = units * (session.isGPU ? 8 * 256 : 16)
      let rounds = session.brief ? 4 : session.isGPU ? 4000 : 20_000
      let kernel = try session.kernel(
        try session.program("probe", ["PROBE_FMA": 1, "LANES": lanes]), "probe_fma",
        [.memory(try session.buffer(bytes: 4 * items)), .size(rounds)])
      let seconds = try session.seconds { try session.launch(kernel, items: items, group: group) }
      return Double(items) * Double(rounds) * Double(2 * 8 * lanes) / seconds
    }

    private static func matrixRate(_ session: ProbeSession) throws -> Double {
      let items = session.device.description.computeUnits * 256 * 4
      let rounds = session.brief ? 4 : 4000
      let kernel = try session.kernel(
        try session.program("probe_ptx", ["PROBE_MMA_PEAK": 1]), "probe_mma_peak",
        [.memory(try session.buffer(bytes: 4 * items)), .size(rounds)])
      let seconds = try session.seconds { try session.launch(kernel, items: items, group: 256) }
      let each = Double(8 * 2 * 16 * 8 * 16)
      return Double(items / 32) * Double(rounds) * each / seconds
    }
  }
#endif
