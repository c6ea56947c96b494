#if canImport(CLKernels)
  extension OpenCLProbe {
    /// Inline PTX beside the matrix units. The numbers are those of kernels/probe_ptx.cl.
    static let instructions: [OpenCLProbe] =
      [
        (1, "wgmma inline", "wgmma.fence"), (2, "setmaxnreg inline", "setmaxnreg.inc"),
        (3, "cp.async.bulk inline", "cp.async.bulk.commit_group"),
        (4, "griddepcontrol inline", "griddepcontrol.wait"),
        (5, "bar.sync named", "bar.sync 1, 32"),
      ].map { number, name, instruction in
        OpenCLProbe(name: name, meaning: "\(instruction) compiles; not run") { session in
          _ = try session.program("probe_ptx", ["PROBE_INSTRUCTION": number])
          return .works("compiles")
        }
      } + [
        OpenCLProbe(
          name: "edited PTX with wgmma",
          meaning: "the binary with .target sm_90a and wgmma.fence loads and runs", body: editedPTX),
        OpenCLProbe(name: "shfl.sync", meaning: "neighbours of a warp swap numbers") { session in
          let memory = try session.buffer([Int32](repeating: -1, count: 32))
          let kernel = try session.kernel(
            try session.program("probe_ptx", ["PROBE_SHUFFLE": 1]), "probe_shuffle",
            [.memory(memory)])
          try session.launch(kernel, items: 32, group: 32)
          let right = try session.read(memory, 32, zero: Int32(0)) == (0..<32).map { $0 ^ 1 }
          return right ? .works("exact") : .wrong("lanes did not swap")
        },
        OpenCLProbe(name: "red.global.add.f32", meaning: "4096 work-items add 1") { session in
          let memory = try session.buffer([Float(0)])
          let kernel = try session.kernel(
            try session.program("probe_ptx", ["PROBE_RED": 1]), "probe_red", [.memory(memory)])
          try session.launch(kernel, items: 4096, group: 256)
          let sum = try session.read(memory, 1, zero: Float(0))[0]
          return sum == 4096 ? .works("exact") : .wrong("the sum is \(sum), not 4096")
        },
      ]

    @Sendable private static func editedPTX(_ session: ProbeSession) throws -> Answer {
      let program = try session.program("probe", ["PROBE_EMPTY": 1])
      guard let binary = session.binary(program), target(of: binary) != nil else {
        return .refused("the binary is not PTX")
      }
      var edited = false
      let lines = String(decoding: binary, as: UTF8.self)
        .split(separator: "\n", omittingEmptySubsequences: false)
        .map { line -> String in
          if line.hasPrefix(".target") { return ".target sm_90a" }
          guard !edited, line.contains("ret;") else { return String(line) }
          edited = true
          return "\twgmma.fence.sync.aligned;\n\(line)"
        }
      let text = lines.joined(separator: "\n")
      let memory = try session.buffer([Float](repeating: 0, count: 128))
      let kernel = try session.kernel(
        try session.program(binary: Array(text.utf8)), "probe_empty", [.memory(memory)])
      try session.launch(kernel, items: 128, group: 128)
      let got = try session.read(memory, 128, zero: Float(0))
      return got.allSatisfy { $0 == 1 } ? .works("loads and runs") : .wrong("did not write")
    }

    /// `mma.sync` m16n8k16, bf16 with f32 sums, and the ways to bring its operands.
    static let matrixUnits: [OpenCLProbe] = [
      matrix("mma.sync bf16", "operands from global memory", stage: 0, pointer: 0),
      matrix("ldmatrix (64-bit operand)", "from local memory", stage: 1, pointer: 0),
      matrix("ldmatrix (cast to 32 bits)", "from local memory", stage: 1, pointer: 1),
      matrix("ldmatrix (cvta)", "from local memory", stage: 1, pointer: 2),
      matrix("cp.async (64-bit operand)", "global to local memory", stage: 2, pointer: 0),
      matrix("cp.async (cast to 32 bits)", "global to local memory", stage: 2, pointer: 1),
    ]

    private static func matrix(
      _ name: String, _ what: String, stage: Int, pointer: Int
    ) -> OpenCLProbe {
      OpenCLProbe(
        name: name, meaning: "\(what), then mma.sync m16n8k16 bf16 to f32 against the CPU"
      ) { session in
        let (a, b) = (operand(16 * 16, 1), operand(8 * 16, 2))
        let memory = try session.buffer([Float](repeating: .nan, count: 16 * 8))
        let program = try session.program(
          "probe_ptx", ["PROBE_MMA": 1, "STAGE": stage, "POINTER": pointer])
        let kernel = try session.kernel(
          program, "probe_mma",
          [.memory(try session.buffer(a)), .memory(try session.buffer(b)), .memory(memory)])
        try session.launch(kernel, items: 32, group: 32)
        let error = relativeError(
          try session.read(memory, 16 * 8, zero: Float(0)), product(a, b))
        // Products of bf16 are exact in f32: only 16 additions round.
        let note = "relative error \(scientific(error))"
        return error < 1e-5 ? .works(note) : .wrong(note)
      }
    }

    /// Reproducible bf16 numbers in -1..<1.
    static func operand(_ count: Int, _ seed: UInt64) -> [UInt16] {
      var random = PhiloxGenerator(seed: seed, domain: .test)
      return (0..<count).map { _ in
        UInt16(truncatingIfNeeded: (2 * Float(random.uniform()) - 1).bitPattern >> 16)
      }
    }

    /// a (16, 16) times the transpose of b (8, 16).
    static func product(_ a: [UInt16], _ b: [UInt16]) -> [Float] {
      func value(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }
      return (0..<16 * 8).map { at in
        (0..<16).reduce(Float(0)) { $0 + value(a[at / 8 * 16 + $1]) * value(b[at % 8 * 16 + $1]) }
      }
    }

    /// 2.1e-07 and the like.
    static func scientific(_ x: Double) -> String {
      guard x.isFinite, x > 0 else { return "\(x)" }
      var (mantissa, exponent) = (x, 0)
      while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
      while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
      return "\((mantissa * 10).rounded() / 10)e\(exponent)"
    }
  }
#endif
