import MPOBackend

/// Logits (N, V) and what the losses need beside them.
private struct VocabularyData {
  let n, v: Int
  let logits: [Tensor]
  let targets, weights: Tensor

  init(_ b: any ComputeBackend, _ scale: KernelScale, arrays: Int) throws {
    let (n, v) = (scale.pick(5, 256, 2048), scale.pick(93, 49_152, 49_152))
    (self.n, self.v) = (n, v)
    let d = KernelData(backend: b)
    logits = try (0..<arrays).map { try d.normals([n, v], seed: UInt64($0 + 1), scale: 2) }
    targets = try d.indices(n, below: v)
    weights = try d.normals([n], seed: 9)
  }
  var shape: String { "(\(n), \(v))" }
  /// Of `passes` over one logit array.
  func bytes(_ passes: Int) -> Double { 4 * Double(passes) * Double(n * v) }
}

/// Operations over a vocabulary. A loss with a gradient reads each logit array and writes one.
extension KernelCase {
  static let vocabulary: [KernelCase] = [
    KernelCase(name: "softmax") { b, scale in
      let d = try VocabularyData(b, scale, arrays: 1)
      let out = try b.empty([d.n, d.v])
      return PreparedKernel(
        shape: d.shape, bytes: d.bytes(2), run: { try b.softmax(d.logits[0], scale: 1, into: out) },
        results: [out])
    },
    KernelCase(name: "gatherLogProb") { b, scale in
      let d = try VocabularyData(b, scale, arrays: 1)
      let out = try b.empty([d.n])
      return PreparedKernel(
        shape: d.shape, bytes: d.bytes(1),
        run: {
          try b.gatherLogProb(
            d.logits[0], targets: d.targets, transform: LogitTransform(), into: out)
        }, results: [out])
    },
    KernelCase(name: "logRatio") { b, scale in
      let d = try VocabularyData(b, scale, arrays: 3)
      let out = try b.empty([2, d.n])
      return PreparedKernel(
        shape: d.shape, bytes: d.bytes(3),
        run: {
          try b.logRatio(
            policy: d.logits[0], old: d.logits[1], magnet: d.logits[2], targets: d.targets,
            transform: LogitTransform(), into: out)
        }, results: [out])
    },
    KernelCase(name: "crossEntropyRows") { b, scale in
      let d = try VocabularyData(b, scale, arrays: 1)
      let nll = try b.empty([d.n])
      return PreparedKernel(
        shape: d.shape, bytes: d.bytes(2),
        run: {
          try b.crossEntropyRows(
            d.logits[0], targets: d.targets, weights: d.weights, transform: LogitTransform(),
            nll: nll, gradient: true)
        }, results: [nll, d.logits[0]])
    },
    KernelCase(name: "magneticLossRows") { b, scale in
      let d = try VocabularyData(b, scale, arrays: 3)
      let components = try b.empty([MagneticComponent.count, d.n])
      return PreparedKernel(
        shape: d.shape, bytes: d.bytes(4),
        run: {
          try b.magneticLossRows(
            policy: d.logits[0], old: d.logits[1], magnet: d.logits[2], targets: d.targets,
            advantages: d.weights, weights: d.weights,
            settings: MagneticLossSettings(alpha: 0.1, eta: 1), components: components,
            gradient: true)
        }, results: [components, d.logits[0]])
    },
    KernelCase(name: "sample") { b, scale in
      let d = try VocabularyData(b, scale, arrays: 1)
      let rows = try b.indices(Array(0..<d.n))
      let tokens = try b.empty([d.n], .i32)
      let logProbs = try b.empty([d.n])
      return PreparedKernel(
        shape: d.shape, bytes: d.bytes(1),
        run: {
          try b.sample(
            d.logits[0], rows: rows, settings: SamplingSettings(), seed: 1, stream: 0, index: 0,
            into: tokens, logProbs: logProbs)
        }, results: [tokens, logProbs])
    },
  ]
}
