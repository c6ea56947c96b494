#if canImport(CLKernels)
  import Foundation

  /// Checks and times the candidates of a backend, and makes it use the fastest.
  package final class MatmulTuner {
    private let backend: OpenCLBackend
    private let check: MatmulCheck
    private var report = ProductTuningReport()
    /// By candidate and kind of product: whether the check passed. A failure refuses the candidate
    /// for everything.
    private var checked: Set<String> = []
    private var refused: Set<String> = []
    /// Candidates far behind on an earlier shape, by name and precision.
    private var hopeless: Set<String> = []
    private var timings: [(shape: TuningShape, candidate: String, seconds: Double)] = []

    package init(_ backend: OpenCLBackend) throws {
      self.backend = backend
      check = try MatmulCheck(backend)
    }

    package func run(
      seconds: Double, progress: (String) -> Void
    ) throws -> ProductTuningReport {
      try run(
        TuningShape.all(isCPU: backend.device.description.kind == .openCLCPU), seconds: seconds,
        progress: progress)
    }

    /// On other shapes than those of `TuningShape`.
    package func run(
      shapes: [MatmulShape], seconds: Double
    ) throws -> ProductTuningReport {
      try run(
        shapes.map { TuningShape(role: "test", shape: $0) }, seconds: seconds, progress: { _ in })
    }

    private func run(
      _ shapes: [TuningShape], seconds: Double, progress: (String) -> Void
    ) throws -> ProductTuningReport {
      report.units = backend.planner.units(on: backend)
      report.missingUnits = backend.planner.refusals(on: backend)
      let end = Date().addingTimeInterval(seconds)
      for (i, shape) in shapes.enumerated() {
        let title = "\(i + 1)/\(shapes.count) \(shape.title)"
        guard Date() < end else {
          report.skipped.append("\(shape.title): out of time")
          continue
        }
        do {
          try measure(shape, until: end)
          progress("\(title): \(best(of: shape) ?? "nothing ran")")
        } catch BackendError.outOfMemory(let bytes, _) {
          report.skipped.append("\(shape.title): no memory for \(bytes) bytes")
        }
        try backend.trim()
      }
      return finish()
    }

    // MARK: One shape

    private func measure(_ shape: TuningShape, until end: Date) throws {
      let product = try operands(of: shape.shape)
      var best = Double.infinity
      for candidate in backend.planner.candidates
      where candidate.takes(shape.shape, on: backend) && isPromising(candidate, shape.shape) {
        guard Date() < end else { break }
        guard isRight(candidate, shape.shape) else { continue }
        do {
          let time = try seconds(candidate, product, best)
          best = min(best, time)
          timings.append((shape, candidate.name, time))
        } catch let error where !isOutOfMemory(error) {
          refuse(candidate, String("\(error)".prefix(160)))
        }
      }
      guard shape.shape.m > SkinnyMatmul.mostRows else { return }
      for timing in timings.filter({ $0.shape.shape == shape.shape && $0.seconds > 4 * best }) {
        hopeless.insert(pace(timing.candidate, shape.shape))
      }
    }

    private func isOutOfMemory(_ error: any Error) -> Bool {
      if case BackendError.outOfMemory = error { true } else { false }
    }

    private func pace(_ candidate: String, _ shape: MatmulShape) -> String {
      "\(candidate) \(shape.isBFloat16)"
    }

    private func isPromising(_ candidate: any MatmulCandidate, _ shape: MatmulShape) -> Bool {
      !refused.contains(candidate.name)
        && (shape.m <= SkinnyMatmul.mostRows || !hopeless.contains(pace(candidate.name, shape)))
    }

    /// Whether the candidate's products of this kind are the CPU's.
    private func isRight(_ candidate: any MatmulCandidate, _ shape: MatmulShape) -> Bool {
      let few = shape.m <= SkinnyMatmul.mostRows
      let kind = "\(candidate.name) \(shape.layout) \(shape.a) \(shape.b) \(few)"
      guard !checked.contains(kind) else { return true }
      if let failure = check.failure(of: candidate, like: shape) {
        refuse(candidate, failure)
        return false
      }
      checked.insert(kind)
      return true
    }

    private func refuse(_ candidate: any MatmulCandidate, _ reason: String) {
      refused.insert(candidate.name)
      // What was out of reach of a wrong candidate may be the best.
      hopeless = []
      report.refusals.append(.init(candidate: candidate.name, reason: reason))
    }

    // MARK: Time

    /// Of one product: the least over a few rounds, each long enough for the clock, unless the
    /// first says that `best` is out of reach.
    private func seconds(
      _ candidate: any MatmulCandidate, _ product: MatmulProduct, _ best: Double
    ) throws -> Double {
      func time(_ repeats: Int) throws -> Double {
        let start = DispatchTime.now().uptimeNanoseconds
        for _ in 0..<repeats { try candidate.run(product, on: backend) }
        try backend.synchronize()
        return Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9 / Double(repeats)
      }
      // The first compiles.
      _ = try time(1)
      var least = try time(1)
      guard least < 4 * best else { return least }
      let repeats = max(1, min(20, Int(0.03 / max(least, 1e-7))))
      for _ in 0..<(least > 0.3 ? 1 : 4) { least = min(least, try time(repeats)) }
      return least
    }

    private func operands(of s: MatmulShape) throws -> MatmulProduct {
      MatmulProduct(
        a: try random(s.ta ? [s.k, s.m] : [s.m, s.k], s.a),
        b: try random(s.tb ? [s.n, s.k] : [s.k, s.n], s.b), c: try backend.empty([s.m, s.n]),
        shape: s, accumulate: false, scale: 1)
    }

    /// Of [-1, 1), repeated: multipliers draw less power on zeros and would run at another clock.
    private func random(_ shape: [Int], _ operand: MatmulShape.Operand) throws -> Tensor {
      var generator = PhiloxGenerator(seed: 4, domain: .initialization)
      let values = (0..<65_536).map { _ in 2 * generator.uniform() - 1 }
      let block = try backend.tensor(values)
      let count = shape.reduce(1, *)
      let flat = try backend.empty([count])
      for start in stride(from: 0, to: count, by: values.count) {
        let length = min(values.count, count - start)
        try backend.copy(
          block.elements(0..<length), to: flat.elements(start..<start + length))
      }
      let whole = operand == .bf16 ? try backend.bfloat16(flat) : flat
      return whole.reshaped(shape)
    }

    // MARK: Result

    private func teraflops(_ shape: MatmulShape, _ seconds: Double) -> Double {
      shape.operations / seconds * 1e-12
    }

    private func fastest(
      on shape: MatmulShape
    ) -> (shape: TuningShape, candidate: String, seconds: Double)? {
      timings.filter { $0.shape.shape == shape && !refused.contains($0.candidate) }
        .min { $0.seconds < $1.seconds }
    }

    private func best(of shape: TuningShape) -> String? {
      fastest(on: shape.shape).map {
        String(
          format: "%@, %.3f TFLOP/s", $0.candidate, teraflops(shape.shape, $0.seconds))
      }
    }

    /// Picks among what was refused nowhere, and keeps them.
    private func finish() -> ProductTuningReport {
      let right = timings.filter { !refused.contains($0.candidate) }
      var picks: [MatmulTuning.Pick] = []
      for timing in right {
        let s = timing.shape.shape
        let isPick = fastest(on: s)?.candidate == timing.candidate
        let rate = teraflops(s, timing.seconds)
        report.timings.append(
          .init(
            role: timing.shape.role, layout: s.layout, m: s.m, n: s.n, k: s.k,
            operands: "\(s.a) x \(s.b)", candidate: timing.candidate, teraflops: rate,
            isPick: isPick))
        if isPick {
          picks.append(.init(shape: s, candidate: timing.candidate, gigaflops: 1000 * rate))
        }
      }
      if !picks.isEmpty, backend.planner.adopt(picks) { report.path = backend.planner.path }
      return report
    }
  }

  extension TuningShape {
    fileprivate var title: String {
      "\(role) \(shape.layout) \(shape.m)x\(shape.n)x\(shape.k) \(shape.a) x \(shape.b)"
    }
  }
#endif
