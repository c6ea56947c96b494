#if canImport(CLKernels)
  extension OpenCLProbe {
    static let arithmetic: [OpenCLProbe] = [
      OpenCLProbe(
        name: "half arithmetic", meaning: "fma on half2, offered as an extension or not"
      ) { session in
        // Quarters below 8: squares plus one are exact in half.
        let values = (0..<512).map { Float($0 % 32) / 4 }
        let memory = try session.buffer(values.map { halfBits($0) })
        let kernel = try session.kernel(
          try session.program("probe", ["PROBE_HALF": 1]), "probe_half", [.memory(memory)])
        try session.launch(kernel, items: 256, group: 64)
        let got = try session.read(memory, 512, zero: UInt16(0))
        let right = got == values.map { halfBits($0 * $0 + 1) }
        return right ? .works("exact on 512 values") : .wrong("x * x + 1 is off")
      }
    ]

    /// The bits of a value that half holds exactly: 0, or normal with at most 10 fraction bits.
    private static func halfBits(_ x: Float) -> UInt16 {
      guard x != 0 else { return 0 }
      let exponent = UInt16(truncatingIfNeeded: Int(x.exponent) + 15)
      return exponent << 10 | UInt16(truncatingIfNeeded: x.significandBitPattern >> 13)
    }

    /// Local memory of a work-group, above the 48 KiB that NVIDIA's driver tells of.
    static let localMemories: [OpenCLProbe] = [16, 48, 64, 96, 160, 224].map { kib in
      OpenCLProbe(name: "local memory \(kib) KiB", meaning: "launched and right") { session in
        // A little less than asked for: drivers keep some for themselves.
        let count = kib * 256 - 64
        let memory = try session.buffer([Int32](repeating: -1, count: 64))
        let kernel = try session.kernel(
          try session.program("probe", ["PROBE_LOCAL": 1]), "probe_local",
          [.memory(memory), .local(4 * count), .int(Int32(count))])
        try session.launch(kernel, items: 64, group: 64)
        let got = try session.read(memory, 64, zero: Int32(0))
        let right = got == (0..<64).map { Int32(count - 1 - $0) }
        return right ? .works("\(kib) KiB") : .wrong("local memory does not hold what was written")
      }
    }
  }
#endif
