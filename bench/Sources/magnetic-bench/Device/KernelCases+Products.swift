import MPOBackend

/// Matrix products and attention, which arithmetic bounds, and decoding, which reads memory.
extension KernelCase {
  static let products: [KernelCase] = [
    product("matmul square", m: (93, 1024, 4096), n: (77, 1024, 4096), k: (50, 1024, 4096)),
    product(
      "matmul square a b^T", m: (93, 1024, 4096), n: (77, 1024, 4096), k: (50, 1024, 4096),
      transposeB: true),
    product(
      "matmul square a^T b", m: (93, 1024, 4096), n: (77, 1024, 4096), k: (50, 1024, 4096),
      transposeA: true),
    product(
      "matmul feed-forward of M", m: (33, 1024, 8192), n: (96, 3072, 3072), k: (48, 576, 576),
      transposeB: true),
    product(
      "matmul head of M", m: (33, 128, 2048), n: (96, 49_152, 49_152), k: (48, 576, 576),
      transposeB: true),
    product(
      "matmul decoding head of M", m: (16, 16, 16), n: (96, 49_152, 49_152), k: (48, 576, 576),
      transposeB: true, readsMemory: true),
    product(
      "matmul bf16 square a b^T", m: (93, 1024, 8192), n: (77, 1024, 8192), k: (50, 1024, 8192),
      transposeB: true, isHalf: true),
    product(
      "matmul bf16 feed-forward of M", m: (33, 1024, 8192), n: (96, 3072, 3072),
      k: (48, 576, 576), transposeB: true, isHalf: true),
    product(
      "matmul bf16 decoding head of M", m: (16, 16, 16), n: (96, 49_152, 49_152),
      k: (48, 576, 576), transposeB: true, readsMemory: true, isHalf: true),
  ]

  private typealias Sizes = (check: Int, processor: Int, gpu: Int)

  private static func product(
    _ name: String, m: Sizes, n: Sizes, k: Sizes, transposeA: Bool = false,
    transposeB: Bool = false, readsMemory: Bool = false, isHalf: Bool = false
  ) -> KernelCase {
    KernelCase(name: name) { b, scale in
      let m = scale.pick(m.check, m.processor, m.gpu)
      let n = scale.pick(n.check, n.processor, n.gpu)
      let k = scale.pick(k.check, k.processor, k.gpu)
      let d = KernelData(backend: b)
      func operand(_ shape: [Int], seed: UInt64) throws -> Tensor {
        let x = try d.normals(shape, seed: seed)
        return isHalf ? try b.bfloat16(x) : x
      }
      let x = try operand(transposeA ? [k, m] : [m, k], seed: 1)
      let y = try operand(transposeB ? [n, k] : [k, n], seed: 2)
      let out = try b.empty([m, n])
      return PreparedKernel(
        shape: "(\(m), \(k)) (\(k), \(n))",
        bytes: readsMemory
          ? (isHalf ? 2 : 4) * Double(m * k + n * k) + 4 * Double(m * n) : nil,
        operations: readsMemory ? nil : 2 * Double(m) * Double(n) * Double(k),
        run: {
          try b.matmul(
            x, y, transposeA: transposeA, transposeB: transposeB, into: out,
            precision: isHalf ? .bf16 : .f32)
        }, results: [out], limit: isHalf ? "mma.sync bf16 peak" : "f32 peak")
    }
  }

  static let attention: [KernelCase] = [
    KernelCase(name: "attention") { b, scale in
      let d = try AttentionData(b, scale)
      return PreparedKernel(
        shape: d.text, operations: d.operations, run: { try d.forward(b) },
        results: [d.out, d.logSumExp])
    },
    KernelCase(name: "attentionBackward") { b, scale in
      let d = try AttentionData(b, scale)
      try d.forward(b)
      return PreparedKernel(
        shape: d.text, operations: 2.5 * d.operations,
        run: {
          try b.attentionBackward(
            d.dOut, qkv: d.qkv, out: d.out, logSumExp: d.logSumExp, sequences: d.sequences,
            longest: d.length, shape: d.shape, into: d.dQKV)
        }, results: [d.dQKV])
    },
    KernelCase(name: "attentionDecode") { b, scale in
      let (rows, length) = (scale.pick(3, 16, 64), scale.pick(21, 512, 2048))
      let shape = AttentionShape(heads: 9, keyValueHeads: 3, headWidth: 64, scale: 0.125)
      let d = KernelData(backend: b)
      let cache = [rows * length, 3, 64]
      let (keys, values) = (try d.normals(cache), try d.normals(cache, seed: 2))
      let qkv = try d.normals([rows, shape.packedWidth], seed: 3)
      let runs = try b.indices((0..<rows).flatMap { [0, 0, $0 * length, length] })
        .reshaped([rows, 4])
      let out = try b.empty([rows, shape.outputWidth])
      return PreparedKernel(
        shape: "\(rows) rows of \(length)", bytes: 8 * Double(rows * length * 3 * 64),
        run: {
          try b.attentionDecode(
            qkv: qkv, keys: keys, values: values, runs: runs, longest: length, shape: shape,
            into: out)
        }, results: [out])
    },
  ]
}

/// Packed sequences of one length with the heads of shape M.
private struct AttentionData {
  let shape = AttentionShape(heads: 9, keyValueHeads: 3, headWidth: 64, scale: 0.125)
  let count, length: Int
  let qkv, out, logSumExp, dOut, dQKV, sequences: Tensor

  init(_ b: any ComputeBackend, _ scale: KernelScale) throws {
    (count, length) = (scale.pick(2, 2, 8), scale.pick(19, 512, 2048))
    let n = count * length
    let d = KernelData(backend: b)
    qkv = try d.normals([n, shape.packedWidth])
    dOut = try d.normals([n, shape.outputWidth], seed: 2)
    (out, dQKV) = (try b.empty([n, shape.outputWidth]), try b.empty([n, shape.packedWidth]))
    logSumExp = try b.empty([n, shape.heads])
    sequences = try b.indices(Array(stride(from: 0, through: n, by: length)))
  }
  var text: String { "\(count) x \(length), 9/3 heads of 64" }
  /// Two products over the lower triangle: 2 * 2 * T^2 / 2 * D a head.
  var operations: Double {
    2 * Double(length * length) * Double(shape.outputWidth) * Double(count)
  }

  func forward(_ b: any ComputeBackend) throws {
    try b.attention(
      qkv: qkv, sequences: sequences, longest: length, shape: shape, into: out,
      logSumExp: logSumExp)
  }
}
