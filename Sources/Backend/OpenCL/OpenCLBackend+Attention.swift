#if canImport(CLKernels)
  extension OpenCLBackend {
    /// Which kernel of the family; each is a program of its own, since each has its own tiles.
    private enum Part: String {
      case forward = "FORWARD"
      case delta = "DELTA"
      case backwardQ = "BACKWARD_Q"
      case backwardKV = "BACKWARD_KV"
    }

    /// Vectors of 4 let a GPU load 16 bytes at once from local memory.
    private var attentionVector: Int { isNarrow ? 16 : 4 }
    private var attentionItems: Int { min(workGroup, 128) }

    /// The program of `part` with the largest tiles that local memory holds.
    private func attentionProgram(
      _ part: Part, _ shape: AttentionShape
    ) throws -> (program: ProgramKey, queries: Int, keys: Int) {
      let row = (ceilDivide(shape.headWidth, attentionVector) + 1) * attentionVector
      let limit = min(device.localMemory, isNarrow ? 128 << 10 : 48 << 10) - 512
      let smallest = max(attentionVector, 4)
      var (queries, keys) = (32, isNarrow ? 64 : 32)
      func bytes() -> Int {
        switch part {
        case .forward: 4 * ((2 * queries + keys) * row + queries * keys + 3 * queries)
        case .delta: 0
        case .backwardQ: 4 * ((3 * queries + 2 * keys) * row + 2 * queries * keys)
        case .backwardKV: 4 * ((4 * keys + 2 * queries) * row + 2 * queries * keys)
        }
      }
      while bytes() > limit {
        if keys > smallest && keys >= queries {
          keys /= 2
        } else if queries > 4 {
          queries /= 2
        } else {
          throw BackendError.argument(
            op: "attention",
            "heads of width \(shape.headWidth) do not fit \(device.localMemory) bytes of local memory"
          )
        }
      }
      let defines = [
        part.rawValue: 1, "D": shape.headWidth, "TQ": queries, "TK": keys, "VW": attentionVector,
        "WG": attentionItems, "CAPPED": shape.softcap > 0 ? 1 : 0,
      ]
      return (ProgramKey(family: "attention", defines: defines), queries, keys)
    }

    /// The window that kernels are given: for none one beyond any sequence.
    private func reach(_ shape: AttentionShape) -> Int {
      shape.window > 0 ? shape.window : Int.max
    }

    public func attention(
      qkv: Tensor, sequences: Tensor, longest: Int, shape: AttentionShape, into out: Tensor,
      logSumExp: Tensor
    ) throws {
      let (_, s) = try Check.attention(
        qkv: qkv, sequences: sequences, longest: longest, shape: shape, out: out,
        logSumExp: logSumExp)
      let (program, queries, keys) = try attentionProgram(.forward, shape)
      try launch(
        "attention", program, groups: [ceilDivide(longest, queries), shape.heads, s],
        [
          .rows(qkv), .tensor(sequences), .rows(out), .rows(logSumExp), .size(shape.heads),
          .size(shape.keyValueHeads), .float(shape.scale), .size(reach(shape)),
          .float(shape.softcap), .local(4 * queries * keys),
        ])
    }

    public func attentionBackward(
      _ dOut: Tensor, qkv: Tensor, out: Tensor, logSumExp: Tensor, sequences: Tensor, longest: Int,
      shape: AttentionShape, into dQKV: Tensor
    ) throws {
      let (n, s) = try Check.attentionBackward(
        dOut, qkv: qkv, out: out, logSumExp: logSumExp, sequences: sequences, longest: longest,
        shape: shape, into: dQKV)
      let delta = try scratch(n * shape.heads)
      try launch(
        "attention_delta", try attentionProgram(.delta, shape).program, groups: [n],
        [.rows(dOut), .rows(out), .tensor(delta), .size(shape.heads)])
      let arguments: [Argument] = [
        .rows(dOut), .rows(qkv), .rows(logSumExp), .tensor(delta), .tensor(sequences), .rows(dQKV),
        .size(shape.heads), .size(shape.keyValueHeads), .float(shape.scale), .size(reach(shape)),
        .float(shape.softcap),
      ]
      let q = try attentionProgram(.backwardQ, shape)
      try launch(
        "attention_backward_q", q.program,
        groups: [ceilDivide(longest, q.queries), shape.heads, s],
        arguments + [.local(4 * q.queries * q.keys)])
      let kv = try attentionProgram(.backwardKV, shape)
      try launch(
        "attention_backward_kv", kv.program,
        groups: [ceilDivide(longest, kv.keys), shape.keyValueHeads, s],
        arguments + [.local(4 * kv.queries * kv.keys)])
    }

    private func decodeProgram(_ shape: AttentionShape) -> ProgramKey {
      ProgramKey(
        family: "attention_decode",
        defines: [
          "D": shape.headWidth, "VW": attentionVector, "WG": attentionItems,
          "TILE": max(64, attentionItems), "CAPPED": shape.softcap > 0 ? 1 : 0,
        ])
    }

    public func appendKV(
      qkv: Tensor, entries: Tensor, shape: AttentionShape, keys: Tensor, values: Tensor
    ) throws {
      let m = try Check.appendKV(
        qkv: qkv, entries: entries, shape: shape, keys: keys, values: values)
      try launch(
        "append_kv", decodeProgram(shape), groups: [m],
        [
          .rows(qkv), .tensor(entries), .tensor(keys), .tensor(values), .size(shape.heads),
          .size(shape.keyValueHeads),
        ])
    }

    public func attentionDecode(
      qkv: Tensor, keys: Tensor, values: Tensor, runs: Tensor, longest: Int,
      shape: AttentionShape, into out: Tensor
    ) throws {
      let b = try Check.attentionDecode(
        qkv: qkv, keys: keys, values: values, runs: runs, longest: longest, shape: shape,
        into: out)
      try launch(
        "attention_decode", decodeProgram(shape), groups: [b, shape.heads],
        [
          .rows(qkv), .tensor(keys), .tensor(values), .tensor(runs), .rows(out),
          .size(shape.heads), .size(shape.keyValueHeads), .float(shape.scale),
          .float(shape.softcap), .local(4 * attentionItems),
        ])
    }
  }
#endif
