import MPOBackend
import TestSupport
import Testing

private final class ForeignBuffer: DeviceBuffer {}

extension Conformance {
  /// `MPO_REQUIRE_OPENCL=1` turns a missing device into a failure.
  @Test func openCLIsPresentWhereRequired() {
    #expect(!TestBackends.requiresOpenCL || !TestBackends.openCLs().isEmpty)
  }

  private func isArgumentError(_ body: () throws -> Void) -> Bool {
    do {
      try body()
      return false
    } catch BackendError.argument {
      return true
    } catch {
      return false
    }
  }

  @Test(arguments: TestBackends.all())
  func wrongArgumentsThrow(_ named: NamedBackend) throws {
    try named.run { b in
      let x = try b.zeros([4, 6])
      let ids = try b.indices([0, 1] as [Int])
      let foreign = Tensor(storage: ForeignBuffer(type: .f32, count: 24), shape: [4, 6])
      let beyond = Tensor(storage: x.storage, offset: 1, shape: [4, 6])
      let strided = try b.zeros([4, 8]).columns(0..<6)
      #expect(isArgumentError { try b.matmul(x, x, into: x) })
      #expect(isArgumentError { try b.add(x, foreign, into: x) })
      #expect(isArgumentError { try b.fill(foreign, with: 0) })
      #expect(isArgumentError { try b.add(x, beyond, into: x) })
      #expect(isArgumentError { try b.add(x, strided, into: x) })
      #expect(isArgumentError { try b.add(x, try b.zeros([6, 4]), into: x) })
      #expect(isArgumentError { try b.fill(ids, with: 0) })
      #expect(isArgumentError { try b.embedding(x, table: x, into: x) })
      #expect(isArgumentError { try b.embedding(ids, table: x, into: x) })
      #expect(isArgumentError { try b.gatedUnit(try b.zeros([2, 3]), activation: .silu, into: x) })
      #expect(isArgumentError { _ = try b.allocate(-1, .f32) })
      #expect(isArgumentError { try b.addRow(try b.zeros([5]), to: x) })
      #expect(isArgumentError { try b.sumRows(x, into: try b.zeros([4])) })
      #expect(isArgumentError { try b.softCap(x, cap: 0) })
      #expect(isArgumentError { try b.dropout(x, rate: 1, seed: 0, stream: 0, into: x) })
      #expect(isArgumentError { try b.activate(x, .gelu, into: try b.zeros([4])) })
      #expect(isArgumentError { try b.activateBackward(x, x: x, .gelu, into: ids) })
      #expect(
        isArgumentError {
          try b.embeddingBackward(
            ids, dOut: try b.zeros([2, 6]), into: try b.empty([4, 6], .bf16))
        })
      #expect(
        isArgumentError {
          let w = try b.zeros([6])
          try b.layerNorm(
            x, weight: w, bias: w, epsilon: 1, into: try b.zeros([4, 6]),
            statistics: try b.zeros([4]))
        })
      #expect(
        isArgumentError {
          // In place: every head would read what another has written.
          let w = try b.zeros([2])
          try b.headRMSNorm(
            x, queryWeight: w, keyWeight: w,
            shape: .init(heads: 1, keyValueHeads: 1, headWidth: 2, scale: 1),
            settings: .init(epsilon: 1), into: x, inverseRMS: try b.zeros([4, 2]))
        })
      for (window, softcap) in [(-1, Float(0)), (0, -1), (0, .nan)] {
        #expect(
          isArgumentError {
            try b.attention(
              qkv: x, sequences: ids, longest: 4,
              shape: .init(
                heads: 1, keyValueHeads: 1, headWidth: 2, scale: 1, window: window,
                softcap: softcap), into: try b.zeros([4, 2]), logSumExp: try b.zeros([4, 1]))
          })
      }
      #expect(
        isArgumentError {
          try b.sample(
            x, rows: ids, settings: .init(), seed: 0, stream: 0, index: 0, into: ids,
            logProbs: try b.zeros([2]))
        })
      #expect(
        isArgumentError {
          let t = try b.indices([0, 0, 0, 0] as [Int])
          try b.magneticLossRows(
            policy: x, old: try b.zeros([4, 6]), magnet: x, targets: t,
            advantages: try b.zeros([4]), weights: try b.zeros([4]),
            settings: .init(alpha: 1, eta: 1),
            components: try b.zeros([MagneticComponent.count, 4]), gradient: true)
        })
      #expect(
        isArgumentError {
          try b.attention(
            qkv: x, sequences: ids, longest: 4,
            shape: .init(heads: 3, keyValueHeads: 2, headWidth: 2, scale: 1), into: x,
            logSumExp: x)
        })
    }
  }

  @Test(arguments: TestBackends.all())
  func memoryIsCountedAndReused(_ named: NamedBackend) throws {
    try named.run { b in
      try b.trim()
      let before = b.memory
      try {
        let t = try b.zeros([1000])
        #expect(b.memory.live >= before.live + 4000)
        _ = t
      }()
      try b.synchronize()
      #expect(b.memory.live == before.live)
      #expect(b.memory.peak >= before.live + 4000)
      #expect(b.memory.pooled > before.pooled)
      let pooled = b.memory.pooled
      try {
        let again = try b.zeros([1000])
        #expect(b.memory.pooled < pooled)
        _ = again
      }()
      try b.trim()
      #expect(b.memory.peak == b.memory.live)
      #expect(b.memory.pooled == 0)
    }
  }

  /// A buffer under another type is the same memory, counted once, and keeps it.
  @Test(arguments: TestBackends.all())
  func buffersAreSharedUnderAnotherType(_ named: NamedBackend) throws {
    try named.run { b in
      var words: Tensor? = try b.tensor([Float](repeating: 2, count: 101))
      let live = b.memory.live
      let halves = try b.shared(try #require(words).storage, as: .bf16)
      #expect(halves.type == .bf16 && halves.count == 202)
      #expect(b.memory.live == live)
      let view = Tensor(storage: halves, shape: [202])
      let wide = try b.empty([202])
      try b.convert(view, into: wide)
      // The upper half of 2 as f32 is 2 as bf16, the lower 0.
      #expect(try b.floats(wide) == (0..<202).map { $0 % 2 == 0 ? 0 : 2 })
      words = nil
      let other = try b.zeros([101])
      try b.convert(view, into: wide)
      #expect(try b.floats(wide)[1] == 2)
      _ = other
    }
  }

  /// A free block serves what is smaller, down to half of it.
  @Test(arguments: TestBackends.cpus())
  func freeBlocksServeSmallerSizes(_ named: NamedBackend) throws {
    try named.run { b in
      try b.trim()
      try {
        let block = try b.empty([100_000])
        _ = block
      }()
      let pooled = b.memory.pooled
      let smaller = try b.empty([60_000])
      #expect(b.memory.pooled == 0)
      try {
        let again = try b.empty([40_000])
        _ = again
      }()
      #expect(b.memory.pooled < pooled / 2)
      #expect(b.memory.live >= smaller.count * 4)
    }
  }

  /// Matmul, attention, loss and optimizer give the same bits twice.
  @Test(arguments: TestBackends.all())
  func sameBitsTwice(_ named: NamedBackend) throws {
    func once() throws -> [[UInt32]] {
      try named.run { b in
        var numbers = Numbers(21)
        func random(_ shape: [Int]) throws -> Tensor {
          try b.tensor(numbers.normals(shape.reduce(1, *)).map { Float($0) }, shape)
        }
        let shape = AttentionShape(heads: 4, keyValueHeads: 2, headWidth: 16, scale: 0.25)
        let (x, w) = (try random([200, 96]), try random([128, 96]))
        let (qkv, out) = (try b.empty([200, 128]), try b.empty([200, 64]))
        let (lse, dQKV) = (try b.empty([200, 4]), try b.empty([200, 128]))
        try b.matmul(x, w, transposeB: true, into: qkv)
        let starts = try b.indices([0, 90, 200] as [Int])
        try b.attention(
          qkv: qkv, sequences: starts, longest: 110, shape: shape, into: out, logSumExp: lse)
        try b.attentionBackward(
          out, qkv: qkv, out: out, logSumExp: lse, sequences: starts, longest: 110, shape: shape,
          into: dQKV)
        let dW = try b.zeros([128, 96])
        try b.matmul(dQKV, x, transposeA: true, into: dW, accumulate: true)
        let norm = try b.empty([1])
        try b.norm(dW, into: norm)
        return try [qkv, out, dQKV, dW, norm].map { try b.floats($0).map(\.bitPattern) }
      }
    }
    #expect(try once() == once())
  }
}
