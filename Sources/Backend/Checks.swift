/// Argument checks shared by every backend, one function per operation, called before anything is
/// launched. Each throws `BackendError.argument` naming what was expected and found; those of
/// operations with dimensions to work out return them. Views must lie inside their storage.
/// Whether a buffer belongs to the backend is the backend's own check.
enum Check {
  /// One tensor: type, shape as (rows, columns) or exact, contiguity and bounds.
  static func tensor(
    _ op: String, _ name: String, _ t: Tensor, type: ElementType = .f32, strided: Bool = false
  ) throws {
    guard t.type == type else {
      throw BackendError.argument(op: op, "\(name): expected \(type), found \(t.type)")
    }
    guard t.shape.allSatisfy({ $0 >= 0 }), t.offset >= 0 else {
      throw BackendError.argument(
        op: op, "\(name): negative dimension or offset in \(t.shape) at \(t.offset)")
    }
    guard strided || t.isContiguous else {
      throw BackendError.argument(
        op: op,
        "\(name): expected contiguous rows, found \(t.shape) with row stride \(t.rowStride)")
    }
    guard t.count > 0 else { return }
    guard t.rows == 1 || t.rowStride >= t.columns else {
      throw BackendError.argument(
        op: op, "\(name): rows of \(t.shape) overlap, row stride \(t.rowStride)")
    }
    let end = t.offset + (t.rows - 1) * t.rowStride + t.columns
    guard end <= t.storage.count else {
      throw BackendError.argument(
        op: op, "\(name): view \(t.shape) ends at \(end), its storage at \(t.storage.count)")
    }
  }

  /// A tensor taken as (rows, columns).
  static func matrix(
    _ op: String, _ name: String, _ t: Tensor, _ rows: Int, _ columns: Int,
    type: ElementType = .f32, strided: Bool = false
  ) throws {
    try tensor(op, name, t, type: type, strided: strided)
    guard t.rows == rows, t.columns == columns else {
      throw BackendError.argument(
        op: op, "\(name): expected (\(rows), \(columns)), found \(t.shape)")
    }
  }

  /// A contiguous tensor of `count` elements, whatever its shape.
  static func vector(
    _ op: String, _ name: String, _ t: Tensor, _ count: Int, type: ElementType = .f32
  ) throws {
    try tensor(op, name, t, type: type)
    guard t.count == count else {
      throw BackendError.argument(op: op, "\(name): expected \(count) elements, found \(t.shape)")
    }
  }

  static func require(_ op: String, _ holds: Bool, _ text: @autoclosure () -> String) throws {
    guard holds else { throw BackendError.argument(op: op, text()) }
  }

  // MARK: Memory

  static func allocate(_ count: Int, _ type: ElementType, on device: DeviceDescription) throws {
    try require(
      "allocate", type != .f64 || device.supportsFloat64,
      "f64: \(device.name) has no double precision (cl_khr_fp64); use f32 or another device "
        + "(see 'magnetic devices')")
    try require(
      "allocate", count >= 0 && count <= Int.max / (2 * type.size),
      "expected a count of elements, found \(count)")
  }

  static func transfer(_ op: String, _ t: Tensor, bytes: Int) throws {
    try tensor(op, "tensor", t, type: t.type)
    try require(
      op, t.count * t.type.size == bytes,
      "\(t.shape) of \(t.type) is \(t.count * t.type.size) bytes, the host memory \(bytes)")
  }

  static func fill(_ t: Tensor) throws { try tensor("fill", "tensor", t) }

  static func copy(_ source: Tensor, to destination: Tensor) throws {
    try tensor("copy", "source", source, type: destination.type, strided: true)
    try tensor("copy", "destination", destination, type: destination.type, strided: true)
    try require(
      "copy", source.shape == destination.shape,
      "expected the shape \(source.shape), found \(destination.shape)")
  }

  // MARK: Linear algebra and elementwise

  static func matmul(
    _ a: Tensor, transposed ta: Bool, _ b: Tensor, transposed tb: Bool, into c: Tensor
  ) throws -> (m: Int, n: Int, k: Int) {
    for (name, t) in [("a", a), ("b", b), ("c", c)] {
      try tensor("matmul", name, t, strided: true)
      try require("matmul", t.shape.count == 2, "\(name): expected 2-D, found \(t.shape)")
    }
    let (m, k) = ta ? (a.shape[1], a.shape[0]) : (a.shape[0], a.shape[1])
    let (k2, n) = tb ? (b.shape[1], b.shape[0]) : (b.shape[0], b.shape[1])
    try require(
      "matmul", k == k2 && c.shape == [m, n],
      "op(a) (\(m), \(k)) times op(b) (\(k2), \(n)) into \(c.shape)")
    return (m, n, k)
  }

  static func add(_ a: Tensor, _ b: Tensor, into out: Tensor) throws {
    for (name, t) in [("a", a), ("b", b), ("out", out)] {
      try tensor("add", name, t)
      try require(
        "add", t.shape == a.shape, "\(name): expected \(a.shape), found \(t.shape)")
    }
  }

  static func interpolate(_ x: Tensor, towards y: Tensor, by t: Float) throws {
    try tensor("interpolate", "x", x)
    try vector("interpolate", "y", y, x.count)
    try require("interpolate", t >= 0 && t <= 1, "t: expected 0...1, found \(t)")
  }

  // MARK: Rows

  /// `embedding` and `embeddingBackward`; table and out are dTable and dOut there.
  static func embedding(_ op: String, _ ids: Tensor, table: Tensor, out: Tensor) throws -> (
    n: Int, v: Int, c: Int
  ) {
    try tensor(op, "table", table)
    try vector(op, "ids", ids, ids.count, type: .i32)
    try matrix(op, "out", out, ids.count, table.columns)
    return (ids.count, table.rows, table.columns)
  }

  /// `gatherRows` and `scatterRows`: x (N, C), rows (M), out (M, C).
  static func rows(_ op: String, _ x: Tensor, rows: Tensor, out: Tensor) throws -> (
    m: Int, n: Int, c: Int
  ) {
    try tensor(op, "x", x)
    try vector(op, "rows", rows, rows.count, type: .i32)
    try matrix(op, "out", out, rows.count, x.columns)
    return (rows.count, x.rows, x.columns)
  }

  // MARK: Norm, position, feed-forward

  static func rmsNorm(
    _ x: Tensor, weight: Tensor, into out: Tensor, inverseRMS: Tensor
  ) throws -> (n: Int, c: Int) {
    try tensor("rmsNorm", "x", x)
    try vector("rmsNorm", "weight", weight, x.columns)
    try matrix("rmsNorm", "out", out, x.rows, x.columns)
    try vector("rmsNorm", "inverseRMS", inverseRMS, x.rows)
    return (x.rows, x.columns)
  }

  static func rmsNormBackward(
    _ dOut: Tensor, x: Tensor, weight: Tensor, inverseRMS: Tensor, into dX: Tensor, dWeight: Tensor
  ) throws -> (n: Int, c: Int) {
    let op = "rmsNormBackward"
    try tensor(op, "x", x)
    try matrix(op, "dOut", dOut, x.rows, x.columns)
    try vector(op, "weight", weight, x.columns)
    try vector(op, "inverseRMS", inverseRMS, x.rows)
    try matrix(op, "dX", dX, x.rows, x.columns)
    try vector(op, "dWeight", dWeight, x.columns)
    return (x.rows, x.columns)
  }

  static func rotary(
    _ x: Tensor, heads: Int, headWidth: Int, positions: Tensor, cosine: Tensor, sine: Tensor
  ) throws {
    let op = "rotary"
    try tensor(op, "x", x)
    try require(
      op, heads >= 0 && headWidth > 0 && headWidth % 2 == 0,
      "expected heads >= 0 of even width, found \(heads) of \(headWidth)")
    try require(
      op, x.columns >= heads * headWidth,
      "x: expected at least \(heads) * \(headWidth) columns, found \(x.shape)")
    try vector(op, "positions", positions, x.rows, type: .i32)
    try matrix(op, "cosine", cosine, cosine.rows, headWidth / 2)
    try matrix(op, "sine", sine, cosine.rows, headWidth / 2)
  }

  /// `swiGLU` and its adjoint (out is dOut there). Returns rows and F.
  static func swiGLU(_ op: String, _ gateUp: Tensor, out: Tensor) throws -> (n: Int, f: Int) {
    try tensor(op, "gateUp", gateUp)
    try require(
      op, gateUp.columns % 2 == 0, "gateUp: expected (N, 2F), found \(gateUp.shape)")
    try matrix(op, "out", out, gateUp.rows, gateUp.columns / 2)
    return (gateUp.rows, gateUp.columns / 2)
  }

  static func swiGLUBackward(
    _ dOut: Tensor, gateUp: Tensor, into dGateUp: Tensor
  ) throws -> (n: Int, f: Int) {
    try matrix("swiGLUBackward", "dGateUp", dGateUp, gateUp.rows, gateUp.columns)
    return try swiGLU("swiGLUBackward", gateUp, out: dOut)
  }

  // MARK: Attention

  static func heads(_ op: String, _ s: AttentionShape) throws {
    try require(
      op,
      s.heads > 0 && s.keyValueHeads > 0 && s.heads % s.keyValueHeads == 0 && s.headWidth > 0
        && s.headWidth % 2 == 0,
      "expected heads a multiple of key/value heads and an even width, found \(s.heads), "
        + "\(s.keyValueHeads), \(s.headWidth)")
  }

  static func attention(
    _ op: String = "attention", qkv: Tensor, sequences: Tensor, longest: Int,
    shape: AttentionShape, out: Tensor, logSumExp: Tensor
  ) throws -> (n: Int, s: Int) {
    try heads(op, shape)
    try matrix(op, "qkv", qkv, qkv.rows, shape.packedWidth)
    try vector(op, "sequences", sequences, sequences.count, type: .i32)
    try require(
      op, sequences.count >= 1, "sequences: expected S + 1 elements, found \(sequences.shape)")
    try require(
      op, longest >= 0 && longest <= qkv.rows,
      "longest: expected 0...\(qkv.rows), found \(longest)")
    try matrix(op, "out", out, qkv.rows, shape.outputWidth)
    try matrix(op, "logSumExp", logSumExp, qkv.rows, shape.heads)
    return (qkv.rows, sequences.count - 1)
  }

  static func attentionBackward(
    _ dOut: Tensor, qkv: Tensor, out: Tensor, logSumExp: Tensor, sequences: Tensor, longest: Int,
    shape: AttentionShape, into dQKV: Tensor
  ) throws -> (n: Int, s: Int) {
    let op = "attentionBackward"
    let sizes = try attention(
      op, qkv: qkv, sequences: sequences, longest: longest, shape: shape, out: out,
      logSumExp: logSumExp)
    try matrix(op, "dOut", dOut, qkv.rows, shape.outputWidth)
    try matrix(op, "dQKV", dQKV, qkv.rows, shape.packedWidth)
    return sizes
  }

  /// Key and value caches (slots, capacity, G, D).
  static func caches(
    _ op: String, keys: Tensor, values: Tensor, shape: AttentionShape
  ) throws -> (slots: Int, capacity: Int) {
    try heads(op, shape)
    for (name, t) in [("keys", keys), ("values", values)] {
      try tensor(op, name, t)
      try require(
        op,
        t.shape.count == 4 && Array(t.shape[2...]) == [shape.keyValueHeads, shape.headWidth]
          && t.shape == keys.shape,
        "\(name): expected (slots, capacity, \(shape.keyValueHeads), \(shape.headWidth)), "
          + "found \(t.shape)")
    }
    return (keys.shape[0], keys.shape[1])
  }

  static func appendKV(
    qkv: Tensor, source: Tensor, slots: Tensor, positions: Tensor, shape: AttentionShape,
    keys: Tensor, values: Tensor
  ) throws -> (m: Int, slots: Int, capacity: Int) {
    let op = "appendKV"
    let cache = try caches(op, keys: keys, values: values, shape: shape)
    try matrix(op, "qkv", qkv, qkv.rows, shape.packedWidth)
    try vector(op, "source", source, source.count, type: .i32)
    try vector(op, "slots", slots, source.count, type: .i32)
    try vector(op, "positions", positions, source.count, type: .i32)
    return (source.count, cache.slots, cache.capacity)
  }

  static func attentionDecode(
    qkv: Tensor, keys: Tensor, values: Tensor, slots: Tensor, lengths: Tensor, longest: Int,
    shape: AttentionShape, into out: Tensor
  ) throws -> (b: Int, slots: Int, capacity: Int) {
    let op = "attentionDecode"
    let cache = try caches(op, keys: keys, values: values, shape: shape)
    try matrix(op, "qkv", qkv, qkv.rows, shape.packedWidth)
    try vector(op, "slots", slots, qkv.rows, type: .i32)
    try vector(op, "lengths", lengths, qkv.rows, type: .i32)
    try require(
      op, longest >= 0 && longest <= cache.capacity,
      "longest: expected 0...\(cache.capacity) (the cache's capacity), found \(longest)")
    try matrix(op, "out", out, qkv.rows, shape.outputWidth)
    return (qkv.rows, cache.slots, cache.capacity)
  }

  // MARK: Softmax family

  static func softmax(_ logits: Tensor, into out: Tensor) throws -> (n: Int, v: Int) {
    try tensor("softmax", "logits", logits)
    try matrix("softmax", "out", out, logits.rows, logits.columns)
    return (logits.rows, logits.columns)
  }

  /// Logits (N, V) with V >= 1 unless there are no rows, their targets (N) and the transform.
  static func targets(
    _ op: String, _ logits: Tensor, _ targets: Tensor, _ transform: LogitTransform
  ) throws -> (n: Int, v: Int) {
    try tensor(op, "logits", logits)
    try require(
      op, logits.rows == 0 || logits.columns > 0, "logits: expected V >= 1, found \(logits.shape)")
    try vector(op, "targets", targets, logits.rows, type: .i32)
    try require(
      op, transform.softcap >= 0 && transform.softcap.isFinite && transform.scale.isFinite,
      "expected a finite softcap >= 0 and scale, found \(transform.softcap), \(transform.scale)")
    return (logits.rows, logits.columns)
  }

  static func gatherLogProb(
    _ logits: Tensor, targets: Tensor, transform: LogitTransform, into out: Tensor
  ) throws -> (n: Int, v: Int) {
    let sizes = try Check.targets("gatherLogProb", logits, targets, transform)
    try vector("gatherLogProb", "out", out, sizes.n)
    return sizes
  }

  static func logRatio(
    policy: Tensor, old: Tensor, magnet: Tensor, targets: Tensor, transform: LogitTransform,
    into out: Tensor
  ) throws -> (n: Int, v: Int) {
    let sizes = try Check.targets("logRatio", policy, targets, transform)
    try matrix("logRatio", "old", old, sizes.n, sizes.v)
    try matrix("logRatio", "magnet", magnet, sizes.n, sizes.v)
    try matrix("logRatio", "out", out, 2, sizes.n, strided: true)
    return sizes
  }

  static func magneticLossRows(
    policy: Tensor, old: Tensor, magnet: Tensor, targets: Tensor, advantages: Tensor,
    weights: Tensor, settings: MagneticLossSettings, components: Tensor, gradient: Bool
  ) throws -> (n: Int, v: Int) {
    let op = "magneticLossRows"
    let sizes = try Check.targets(op, policy, targets, settings.transform)
    for (name, t) in [("old", old), ("magnet", magnet)] {
      try matrix(op, name, t, sizes.n, sizes.v)
      try require(
        op, !gradient || !overlap(policy, t), "policy is overwritten and overlaps \(name)")
    }
    try vector(op, "advantages", advantages, sizes.n)
    try vector(op, "weights", weights, sizes.n)
    try matrix(op, "components", components, MagneticComponent.count, sizes.n, strided: true)
    try require(
      op, settings.eta > 0 && settings.alpha.isFinite && settings.clip >= 0,
      "expected eta > 0, a finite alpha and clip >= 0, found \(settings.eta), \(settings.alpha), "
        + "\(settings.clip)")
    return sizes
  }

  /// Two contiguous views share an element.
  static func overlap(_ a: Tensor, _ b: Tensor) -> Bool {
    a.storage === b.storage && a.offset < b.offset + b.count && b.offset < a.offset + a.count
  }

  static func crossEntropyRows(
    _ logits: Tensor, targets: Tensor, weights: Tensor, transform: LogitTransform, nll: Tensor
  ) throws -> (n: Int, v: Int) {
    let sizes = try Check.targets("crossEntropyRows", logits, targets, transform)
    try vector("crossEntropyRows", "weights", weights, sizes.n)
    try vector("crossEntropyRows", "nll", nll, sizes.n)
    return sizes
  }

  static func advantageWithKLToGo(
    advantages: Tensor, klMagnet: Tensor, klOld: Tensor, sequences: Tensor, eta: Float,
    into out: Tensor
  ) throws -> (n: Int, s: Int) {
    let op = "advantageWithKLToGo"
    let n = advantages.count
    for (name, t) in [
      ("advantages", advantages), ("klMagnet", klMagnet), ("klOld", klOld), ("out", out),
    ] {
      try vector(op, name, t, n)
    }
    try vector(op, "sequences", sequences, sequences.count, type: .i32)
    try require(
      op, sequences.count >= 1, "sequences: expected S + 1 elements, found \(sequences.shape)")
    try require(op, eta > 0, "eta: expected above 0, found \(eta)")
    return (n, sequences.count - 1)
  }

  static func sample(
    _ logits: Tensor, rows: Tensor, settings: SamplingSettings, into tokens: Tensor,
    logProbs: Tensor
  ) throws -> (b: Int, v: Int) {
    let op = "sample"
    try tensor(op, "logits", logits)
    try require(
      op, logits.rows == 0 || logits.columns > 0, "logits: expected V >= 1, found \(logits.shape)")
    try vector(op, "rows", rows, logits.rows, type: .i32)
    try vector(op, "tokens", tokens, logits.rows, type: .i32)
    try vector(op, "logProbs", logProbs, logits.rows)
    try require(
      op,
      settings.temperature >= 0 && settings.temperature.isFinite && settings.topK >= 0
        && settings.topP > 0 && settings.topP <= 1 && settings.minP >= 0 && settings.minP <= 1,
      "expected temperature >= 0, topK >= 0, topP in (0, 1] and minP in 0...1, found \(settings)")
    return (logits.rows, logits.columns)
  }

  // MARK: Tabular games and optimizer

  static func magneticUpdate(
    logPolicy: Tensor, logMagnet: Tensor, payoff: Tensor, settings: MagneticUpdateSettings
  ) throws -> (b: Int, n: Int) {
    let op = "magneticUpdate"
    let (b, n) = (logPolicy.rows, logPolicy.columns)
    let type = logPolicy.type
    try require(
      op, type != .i32, "logPolicy: expected f32 or f64, found \(type)")
    try tensor(op, "logPolicy", logPolicy, type: type)
    try matrix(op, "logMagnet", logMagnet, b, n, type: type)
    try matrix(op, "payoff", payoff, b * n, n, type: type)
    try require(
      op,
      settings.eta >= 0 && settings.alpha >= 0 && settings.steps >= 0 && settings.syncSteps >= 0
        && settings.firstStep >= 0,
      "expected eta, alpha, steps, syncSteps, firstStep >= 0, found \(settings)")
    return (b, n)
  }

  static func norm(_ x: Tensor, into out: Tensor) throws {
    try tensor("norm", "x", x)
    try vector("norm", "out", out, 1)
  }

  static func adamW(
    parameters: Tensor, gradients: Tensor, firstMoment: Tensor, secondMoment: Tensor,
    gradNorm: Tensor, settings: AdamWSettings
  ) throws {
    try tensor("adamW", "parameters", parameters)
    for (name, t) in [
      ("gradients", gradients), ("firstMoment", firstMoment), ("secondMoment", secondMoment),
    ] {
      try vector("adamW", name, t, parameters.count)
    }
    try vector("adamW", "gradNorm", gradNorm, 1)
    try require("adamW", settings.step >= 1, "step: expected 1 or more, found \(settings.step)")
  }
}
