import Foundation
import MPOBackend
import TestSupport
import Testing

/// Every OpenCL kernel at sizes 1, 7, 93, 144 and one above a work-group, by the checks of the
/// conformance suite with the other sizes kept small: `make test-kernels` runs this suite in a
/// simulator that interprets every instruction, and fails when a kernel of kernels/ was not
/// launched. `make test` leaves it out: the conformance suite runs the same checks on the device.
@Suite struct KernelSweep {
  static let sizes = [1, 7, 93, 144, TestBackends.workGroup + 1]
  private let suite = Conformance()

  @Test(arguments: TestBackends.openCLs(), sizes)
  func elementwise(_ named: NamedBackend, _ n: Int) throws {
    try suite.addAndInterpolate(named, n)
    try suite.copy(named, (n, 3))
    try suite.copy(named, (2, n))
    try suite.convert(named, n)
    try suite.softCap(named, n)
    try suite.dropout(named, n)
    try suite.activate(named, n)
    try suite.norm(named, n)
    try suite.adamW(named, n)
  }

  @Test(arguments: TestBackends.openCLs(), sizes)
  func rows(_ named: NamedBackend, _ n: Int) throws {
    for size in [(n, 3), (2, n)] {
      try suite.embedding(named, size)
      try suite.embeddingForms(named, size)
      try suite.addAndSumRows(named, size)
      try suite.gatherAndScatterRows(named, size)
      try suite.rmsNorm(named, size)
      try suite.layerNorm(named, size)
      try suite.gatedUnit(named, size)
    }
    try suite.headRMSNorm(named, .init(n: n, heads: 2, groups: 1, width: 6))
    try suite.headRMSNorm(named, .init(n: 2, heads: n, groups: 1, width: 2))
    try suite.rotary(named, .init(n: n, heads: 1, width: 6, extra: 1))
    try suite.rotary(named, .init(n: 2, heads: n, width: 2, extra: 0))
  }

  /// Rows, then a vocabulary, of n. Beside one row stand 16 tokens: with 3 a single gradient p - 1
  /// may be all cancellation.
  @Test(arguments: TestBackends.openCLs(), sizes)
  func vocabulary(_ named: NamedBackend, _ n: Int) throws {
    for size in [(n, 16), (2, n)] {
      try suite.softmax(named, size)
      try suite.logProbabilities(named, size)
      try suite.crossEntropyRows(named, size)
      try suite.magneticLossRows(
        named,
        .init(
          n: size.0, v: size.1, distance: 0.5,
          settings: .init(alpha: 0.1, eta: 0.5, clip: 0.2, transform: .init(softcap: 5))))
    }
    try suite.sample(named, n, rows: 2)
    try suite.sample(named, 3, rows: n)
  }

  @Test(arguments: TestBackends.openCLs())
  func advantageWithKLToGo(_ named: NamedBackend) throws { try suite.advantageWithKLToGo(named) }

  /// Sequences, then heads, of n. Head widths are the conformance suite's: each is programs of its
  /// own to compile.
  @Test(arguments: TestBackends.openCLs(), sizes)
  func attention(_ named: NamedBackend, _ n: Int) throws {
    for s in [
      HeadsCase(lengths: [n, 1], heads: 2, groups: 1, width: 2),
      HeadsCase(lengths: [2], heads: n, groups: 1, width: 2),
      HeadsCase(lengths: [n, 1], heads: 2, groups: 1, width: 2, window: 5, softcap: 2),
    ] {
      try suite.attention(named, s)
      try suite.decode(named, s)
    }
  }

  /// One size of n, the others small; each with every transpose, strides and accumulation.
  @Test(arguments: TestBackends.openCLs(), sizes)
  func matmul(_ named: NamedBackend, _ n: Int) throws {
    for s in [(n, 3, 2), (17, n, 2), (2, 3, n)] {
      try suite.matmul(named, .init(m: s.0, n: s.1, k: s.2))
      try suite.matmulBFloat16(named, .init(m: s.0, n: s.1, k: s.2))
    }
  }

  /// Three steps of one game.
  @Test(arguments: TestBackends.openCLs(), sizes)
  func games(_ named: NamedBackend, _ n: Int) throws {
    try Fixture.run(named) { f in
      var numbers = Numbers(UInt64(n))
      let payoff = numbers.uniforms(n * n)
      let (x, m) = (numbers.normals(n), numbers.normals(n))
      for type in Conformance.precisions(f) {
        try suite.expectUpdate(
          f, type, policy: x, magnet: m, payoff: payoff, n: n,
          .init(eta: 0.5, alpha: 0.3, steps: 3, syncSteps: 2))
      }
    }
  }
}
