#if canImport(CLKernels)
  import MPOBackend
  import Testing

  @Suite struct OpenCLProbes {
    /// No device may run a probe and get wrong numbers; what it refuses it does with a reason.
    @Test(arguments: OpenCLDevice.all().indices)
    func answersAreRightOrRefused(_ index: Int) throws {
      let device = OpenCLDevice.all()[index]
      for probe in OpenCLProbe.all {
        switch probe.run(on: device, brief: true) {
        case .works(let text), .says(let text), .refused(let text):
          #expect(!text.isEmpty || probe.name == "extensions", "\(probe.name)")
        case .measured(let value, _): #expect(value.isFinite && value > 0, "\(probe.name)")
        case .wrong(let text): Issue.record("\(probe.name): \(text)")
        }
      }
    }

    /// What every device can do, so that a probe which always refuses shows.
    @Test(arguments: OpenCLDevice.all().indices)
    func plainKernelsRun(_ index: Int) throws {
      let device = OpenCLDevice.all()[index]
      for name in ["copy bandwidth", "f32 peak", "launch latency"] {
        let probe = try #require(OpenCLProbe.all.first { $0.name == name })
        guard case .measured = probe.run(on: device, brief: true) else {
          Issue.record("\(name): \(probe.run(on: device, brief: true))")
          continue
        }
      }
      let memory = try #require(OpenCLProbe.all.first { $0.name == "local memory 16 KiB" })
      #expect(memory.run(on: device) == .works("16 KiB"))
    }

    @Test func namesAreDistinct() {
      #expect(Set(OpenCLProbe.all.map(\.name)).count == OpenCLProbe.all.count)
    }

    /// Inline PTX is for NVIDIA's compiler: another that takes it would be a fault of the probe.
    @Test(arguments: OpenCLDevice.all().indices)
    func ptxIsRefusedElsewhere(_ index: Int) throws {
      let device = OpenCLDevice.all()[index]
      guard !device.description.vendor.uppercased().contains("NVIDIA") else { return }
      for name in ["mma.sync bf16", "ldmatrix (cvta)", "wgmma inline", "mma.sync bf16 peak"] {
        let probe = try #require(OpenCLProbe.all.first { $0.name == name })
        guard case .refused = probe.run(on: device, brief: true) else {
          Issue.record("\(name) was not refused by \(device.description.name)")
          continue
        }
      }
    }
  }
#endif
