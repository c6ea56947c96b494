#if canImport(CLKernels)
  import Foundation
  import MPOBackend
  import TestSupport
  import Testing

  /// A right candidate of the package under another name, counted and spoilt as a test likes.
  private struct TestCandidate: MatmulCandidate {
    final class Count: @unchecked Sendable {
      var runs = 0
    }

    let name: String
    var count = Count()
    var spoil: @Sendable (MatmulProduct, OpenCLBackend) throws -> Void = { _, _ in }

    func takes(_ shape: MatmulShape, on backend: OpenCLBackend) -> Bool { true }

    func run(_ p: MatmulProduct, on backend: OpenCLBackend) throws {
      count.runs += 1
      let all = try OpenCLBackend(device: backend.device).planner.candidates
      try all.first { $0.name == "tiled-32x32x16-64" }?.run(p, on: backend)
      try spoil(p, backend)
    }
  }

  @Suite struct TuningTests {
    private let shape = MatmulShape(m: 40, n: 48, k: 56, ta: false, tb: true, a: .f32, b: .f32)
    private var transposed: MatmulShape {
      var s = shape
      (s.ta, s.tb) = (true, false)
      return s
    }

    private func backend(
      _ device: OpenCLDevice, _ candidates: [TestCandidate], cache: String?
    ) throws -> OpenCLBackend {
      try OpenCLBackend(
        device: device, configuration: .init(cacheDirectory: cache), fragments: [],
        candidates: candidates)
    }

    /// Multiplies 40 x 56 by 56 x 48 and compares with the CPU.
    private func expectRightProduct(_ backend: OpenCLBackend) throws {
      let x = (0..<40 * 56).map { Float($0 % 13) - 6 }
      let y = (0..<48 * 56).map { Float($0 % 7) - 3 }
      func product(_ on: any ComputeBackend) throws -> [Float] {
        let c = try on.empty([40, 48])
        try on.matmul(
          try on.tensor(x, [40, 56]), try on.tensor(y, [48, 56]), transposeB: true, into: c)
        return try on.floats(c)
      }
      #expect(try product(backend) == product(try CPUBackend(threads: 1)))
    }

    /// A kernel that the driver does not take gives way to another, and is not asked again.
    @Test func aRefusedCandidateGivesWay() throws {
      for device in OpenCLDevice.all() {
        let refused = TestCandidate(name: "refused") { _, _ in
          throw BackendError.build(program: "refused", log: "too many registers")
        }
        let backend = try backend(device, [refused], cache: nil)
        backend.planner.adopt([.init(shape: shape, candidate: "refused", gigaflops: 1)])
        try expectRightProduct(backend)
        try expectRightProduct(backend)
        #expect(refused.count.runs == 1)
      }
    }

    /// A wrong row, a write behind the edge of c, a NaN, and an error.
    @Test(arguments: ["value", "edge", "nan", "throws"])
    func neverUsesAWrongCandidate(_ fault: String) throws {
      for device in OpenCLDevice.all() {
        let broken = TestCandidate(name: "broken") { p, backend in
          switch fault {
          case "value":
            let row = p.c.rows(0..<1)
            try backend.copy(p.c.rows(1..<2), to: row)
          case "edge":
            let wide = Tensor(
              storage: p.c.storage, offset: p.c.offset + p.c.columns, shape: [1, 1])
            try backend.fill(wide, with: 3)
          case "nan": try backend.fill(p.c.rows(0..<1).columns(0..<1), with: .nan)
          default: throw BackendError.device(call: "test", status: -5, "broken on purpose")
          }
        }
        let right = TestCandidate(name: "right")
        let backend = try backend(device, [broken, right], cache: nil)
        let report = try MatmulTuner(backend).run(shapes: [shape], seconds: 1e6)
        #expect(report.refusals.map(\.candidate) == ["broken"])
        #expect(report.timings.map(\.candidate) == ["right"])
        #expect(backend.planner.tuning.picks.map(\.candidate) == ["right"])
        let before = broken.count.runs
        try expectRightProduct(backend)
        #expect(broken.count.runs == before)
      }
    }

    /// What is wrong for one layout is used for none, even where it was timed before.
    @Test func refusesEverywhereWhatIsWrongSomewhere() throws {
      for device in OpenCLDevice.all() {
        let partly = TestCandidate(name: "partly") { p, backend in
          if p.shape.ta { try backend.fill(p.c.rows(0..<1).columns(0..<1), with: 1e6) }
        }
        let right = TestCandidate(name: "right")
        let backend = try backend(device, [partly, right], cache: nil)
        let report = try MatmulTuner(backend).run(shapes: [shape, transposed], seconds: 1e6)
        #expect(report.refusals.map(\.candidate) == ["partly"])
        #expect(Set(backend.planner.tuning.picks.map(\.candidate)) == ["right"])
        #expect(backend.planner.tuning.picks.count == 2)
      }
    }

    @Test func picksOutliveTheProcess() throws {
      for device in OpenCLDevice.all() {
        let folder = try TemporaryFolder()
        let (first, second) = (TestCandidate(name: "first"), TestCandidate(name: "second"))
        let writer = try backend(device, [first, second], cache: folder.path)
        let kept = writer.planner.adopt([
          .init(shape: shape, candidate: "second", gigaflops: 1.5)
        ])
        #expect(kept)
        let reader = try backend(device, [first, second], cache: folder.path)
        #expect(reader.planner.tuning == writer.planner.tuning)
        try expectRightProduct(reader)
        #expect(second.count.runs == 1 && first.count.runs == 0)
        // A pick that is no candidate any more is passed over.
        let later = try backend(device, [first], cache: folder.path)
        try expectRightProduct(later)
        #expect(first.count.runs == 0 && second.count.runs == 1)
      }
    }

    /// The nearest tuned shape that the same programs serve decides.
    @Test func usesTheNearestShape() throws {
      for device in OpenCLDevice.all() {
        let (near, far) = (TestCandidate(name: "near"), TestCandidate(name: "far"))
        let backend = try backend(device, [far, near], cache: nil)
        func shape(_ m: Int, _ tb: Bool) -> MatmulShape {
          MatmulShape(m: m, n: 48, k: 56, ta: false, tb: tb, a: .f32, b: .f32)
        }
        backend.planner.adopt([
          .init(shape: shape(4000, true), candidate: "far", gigaflops: 1),
          .init(shape: shape(64, true), candidate: "near", gigaflops: 1),
          .init(shape: shape(40, false), candidate: "far", gigaflops: 1),
        ])
        try expectRightProduct(backend)
        #expect(near.count.runs == 1 && far.count.runs == 0)
      }
    }

    @Test func aDamagedOrForeignFileIsAbsent() throws {
      for device in OpenCLDevice.all() {
        let folder = try TemporaryFolder()
        let one = TestCandidate(name: "one")
        let writer = try backend(device, [one], cache: folder.path)
        writer.planner.adopt([.init(shape: shape, candidate: "one", gigaflops: 2)])
        let path = try #require(writer.planner.path)
        let whole = try String(contentsOfFile: path, encoding: .utf8)
        let driver = device.description.driver
        try #require(whole.contains("\"driver\" : \""))
        let damages = [
          "", "{", String(whole.dropLast(whole.count / 2)),
          whole.replacingOccurrences(of: "\"sources\" : \"", with: "\"sources\" : \"0"),
          whole.replacingOccurrences(of: "\"driver\" : \"", with: "\"driver\" : \"not "),
          whole.replacingOccurrences(of: "\"format\" : 1", with: "\"format\" : 2"),
          whole.replacingOccurrences(of: "\"m\" : 40", with: "\"m\" : \"forty\""),
        ]
        for damage in damages {
          #expect(damage != whole, "nothing was damaged (driver \(driver))")
          try damage.write(toFile: path, atomically: true, encoding: .utf8)
          let reader = try backend(device, [one], cache: folder.path)
          #expect(reader.planner.tuning == MatmulTuning())
        }
        try whole.write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try backend(device, [one], cache: folder.path).planner.tuning.picks.count == 1)
      }
    }

    /// Out of time is said, not passed over.
    @Test func saysWhatItLeftOut() throws {
      for device in OpenCLDevice.all() {
        let backend = try backend(device, [TestCandidate(name: "one")], cache: nil)
        let report = try MatmulTuner(backend).run(shapes: [shape], seconds: -1)
        #expect(report.timings.isEmpty && report.skipped.count == 1)
        #expect(report.path == nil)
      }
    }

    @Test func theCPUHasNothingToTune() {
      #expect(throws: BackendError.self) {
        try tuneProducts(on: .cpu) { _ in }
      }
    }
  }
#endif
