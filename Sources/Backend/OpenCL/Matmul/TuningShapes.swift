#if canImport(CLKernels)
  /// The products that tuning times.
  struct TuningShape: Sendable {
    /// What a model does with it.
    let role: String
    let shape: MatmulShape

    /// Products of a decoder layer and of the vocabulary with `tokens` rows, hidden width `c`,
    /// feed-forward width `f` and vocabulary `v`: y = x W^T, dx = dy W, dW = dy^T x.
    private static func roles(
      tokens: Int, c: Int, f: Int, v: Int, _ a: MatmulShape.Operand, _ b: MatmulShape.Operand
    ) -> [TuningShape] {
      func shape(
        _ role: String, _ m: Int, _ n: Int, _ k: Int, _ ta: Bool, _ tb: Bool
      ) -> TuningShape {
        TuningShape(
          role: role, shape: MatmulShape(m: m, n: n, k: k, ta: ta, tb: tb, a: a, b: b))
      }
      return [
        shape("forward", tokens, f, c, false, true),
        shape("backward input", tokens, c, f, false, false),
        shape("backward weight", f, c, tokens, true, false),
        shape("decode", 8, f, c, false, true),
        shape("vocabulary", tokens / 2, v, c, false, true),
      ]
    }

    /// Kinds of operands: f32; activations rounded on their way and bf16 weights; both rounded,
    /// which is how gradients of weights come; all bf16.
    private static let kinds: [(MatmulShape.Operand, MatmulShape.Operand)] = [
      (.f32, .f32), (.rounded, .bf16), (.rounded, .rounded), (.bf16, .bf16),
    ]

    /// The most useful first, so that a budget of time may end the list anywhere. On a CPU device
    /// bf16 is widened into the same kernel, so a few kinds say enough.
    static func all(isCPU: Bool) -> [TuningShape] {
      if isCPU {
        return kinds.prefix(2).flatMap { roles(tokens: 512, c: 576, f: 1536, v: 16384, $0, $1) }
      }
      return [(1024, 576, 1536, 49152), (4096, 2048, 5632, 49152)].flatMap { tokens, c, f, v in
        kinds.flatMap { roles(tokens: tokens, c: c, f: f, v: v, $0, $1) }
      }
    }
  }
#endif
