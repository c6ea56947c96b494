import CPUKernels

extension CPUBackend {
  public func attention(
    qkv: Tensor, sequences: Tensor, longest: Int, shape: AttentionShape, into out: Tensor,
    logSumExp: Tensor
  ) throws {
    let op = "attention"
    let (_, s) = try Check.attention(
      qkv: qkv, sequences: sequences, longest: longest, shape: shape, out: out,
      logSumExp: logSumExp)
    let status = mpo_attention(
      pool, try floats(qkv, op), try ints(sequences, op), s, shape.c, try floats(out, op),
      try floats(logSumExp, op))
    try check(status, op)
  }

  public func attentionBackward(
    _ dOut: Tensor, qkv: Tensor, out: Tensor, logSumExp: Tensor, sequences: Tensor, longest: Int,
    shape: AttentionShape, into dQKV: Tensor
  ) throws {
    let op = "attentionBackward"
    let (_, s) = try Check.attentionBackward(
      dOut, qkv: qkv, out: out, logSumExp: logSumExp, sequences: sequences, longest: longest,
      shape: shape, into: dQKV)
    let status = mpo_attention_backward(
      pool, try floats(dOut, op), try floats(qkv, op), try floats(out, op),
      try floats(logSumExp, op), try ints(sequences, op), s, shape.c, try floats(dQKV, op))
    try check(status, op)
  }

  public func appendKV(
    qkv: Tensor, entries: Tensor, shape: AttentionShape, keys: Tensor, values: Tensor
  ) throws {
    let op = "appendKV"
    let m = try Check.appendKV(
      qkv: qkv, entries: entries, shape: shape, keys: keys, values: values)
    mpo_append_kv(
      pool, try floats(qkv, op), try ints(entries, op), m, shape.c, try floats(keys, op),
      try floats(values, op))
  }

  public func attentionDecode(
    qkv: Tensor, keys: Tensor, values: Tensor, runs: Tensor, longest: Int, shape: AttentionShape,
    into out: Tensor
  ) throws {
    let op = "attentionDecode"
    let b = try Check.attentionDecode(
      qkv: qkv, keys: keys, values: values, runs: runs, longest: longest, shape: shape, into: out)
    let status = mpo_attention_decode(
      pool, try floats(qkv, op), try floats(keys, op), try floats(values, op), try ints(runs, op),
      b, longest, shape.c, try floats(out, op))
    try check(status, op)
  }
}

extension AttentionShape {
  var c: mpo_heads {
    mpo_heads(
      heads: heads, groups: keyValueHeads, width: headWidth, window: window, scale: scale,
      softcap: softcap)
  }
}
