#if canImport(CLKernels)
  import Foundation
  import MPOBackend
  import TestSupport
  import Testing

  /// A matrix unit is offered only where its products are right.
  @Suite struct FragmentProbeTests {
    private func backend(
      _ device: OpenCLDevice, _ fragments: [FragmentSource], cache: String? = nil
    ) throws -> OpenCLBackend {
      try OpenCLBackend(
        device: device, configuration: .init(matmul: .tensor, cacheDirectory: cache),
        fragments: fragments)
    }

    private let shape = MatmulShape(
      m: 40, n: 48, k: 56, ta: false, tb: true, a: .bf16, b: .bf16)

    @Test func acceptsAWorkingUnitAndKeepsTheVerdict() throws {
      for device in OpenCLDevice.all() {
        let folder = try TemporaryFolder()
        let fragment = EmulatedTensorCore.fragments
        let first = try backend(device, [fragment], cache: folder.path)
        #expect(first.planner.tuning.fragments.isEmpty)
        #expect(first.planner.units(on: first) == ["emulated"])
        let second = try backend(device, [fragment], cache: folder.path)
        #expect(second.planner.tuning.fragments == ["emulated": ""])
      }
    }

    /// A sign, an order of registers and a truncation in place of rounding.
    @Test(arguments: [
      ("sum += emulated_half", "sum -= emulated_half"), ("words[6 * lid + 1] = a.y", ""),
      ("+ 0x7fffu + (bits >> 16 & 1u)", ""), ("p[lane / 4] |", "q[lane / 4] |"),
    ])
    func refusesAWrongUnit(_ edit: (String, String)) throws {
      let text = EmulatedTensorCore.instructions
      try #require(text.contains(edit.0))
      let wrong = EmulatedTensorCore.source(
        named: "wrong", text.replacingOccurrences(of: edit.0, with: edit.1))
      for device in OpenCLDevice.all() {
        let backend = try backend(device, [wrong])
        #expect(!backend.planner.isUsable(wrong, on: backend))
        #expect(backend.planner.tuning.fragments["wrong"]?.contains("wrong result") == true)
        #expect(
          !backend.planner.candidates.contains {
            $0.name.hasPrefix("wrong") && $0.takes(shape, on: backend)
          })
      }
    }

    /// A source that does not compile is a refusal with the compiler's words, `.tensor` an error.
    @Test func refusesWhatDoesNotCompile() throws {
      let broken = EmulatedTensorCore.source(named: "broken", "#error \"no such unit\"\n")
      for device in OpenCLDevice.all() {
        let backend = try backend(device, [broken])
        #expect(backend.planner.refusals(on: backend).count == 1)
        let x = try backend.tensor([Float](repeating: 1, count: 4), [2, 2])
        #expect(throws: BackendError.self) {
          try backend.matmul(x, x, into: try backend.empty([2, 2]), precision: .bf16)
        }
      }
    }
  }
#endif
