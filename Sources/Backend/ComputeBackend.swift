/// A compute device with the operations that a decoder, its adjoint, the magnetic loss and the
/// tabular games need. The CPU implementation is the specification; an OpenCL device runs every
/// operation by its own kernels, none silently on the host.
///
/// Legend: N tokens (rows), C hidden width, V vocabulary, H query heads, G key/value heads,
/// D head width, F feed-forward width, S sequences, B active rows while decoding.
///
/// Contract of every operation:
/// - All tensors belong to this backend; activations and parameters are `.f32`, indices `.i32`.
///   Tabular games may be `.f64` where `description.supportsFloat64`; operands of `matmul` may be
///   `.bf16`.
/// - Shapes are checked before anything runs; `BackendError.argument` names the mismatch. Empty
///   tensors (0 rows) are legal and do nothing.
/// - Operations are asynchronous in order; `download` and `synchronize` wait.
/// - Outputs do not alias inputs unless said so. "Accumulates" means `+=`.
/// - 64-bit offsets inside; no size is narrowed. Index values (ids, rows, slots, positions) are
///   the caller's contract: they are in range (host-side callers check them once, on upload).
/// - A NaN input gives a NaN where the formula does; nothing is silently repaired.
///
/// A backend is used from one thread at a time.
public protocol ComputeBackend: AnyObject {
  var description: DeviceDescription { get }
  /// Bytes in tensors now, the most so far, and what the pool keeps for reuse.
  var memory: MemoryStatistics { get }
  /// Whether bf16 products of many rows want their weights stored as bf16. Where false they round f32
  /// weights as they read them, at little cost, and a policy that trains needs no second copy of them.
  var prefersHalfWeights: Bool { get }

  // MARK: Memory

  /// Memory with undefined contents (filled with NaN patterns in debug builds). Throws
  /// `BackendError.argument` for `.f64` on a device without double precision.
  func allocate(_ count: Int, _ type: ElementType) throws -> DeviceBuffer
  /// The same memory as elements of another type, as many as fit in. It lives as long as either buffer.
  /// Throws as `allocate` does, and for a buffer of another backend.
  func shared(_ buffer: DeviceBuffer, as type: ElementType) throws -> DeviceBuffer
  /// Copies host memory to a contiguous tensor; the host memory may be freed on return.
  func upload(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor) throws
  /// Waits, then copies a contiguous tensor to host memory of the same size.
  func download(_ tensor: Tensor, to bytes: UnsafeMutableRawBufferPointer) throws
  func fill(_ tensor: Tensor, with value: Float) throws
  /// Same shape and type; either may have a row stride.
  func copy(_ source: Tensor, to destination: Tensor) throws
  /// Same shape, contiguous, one f32 and one bf16. To bf16: the nearest, ties to even; beyond its
  /// largest finite value infinite; NaN stays NaN. To f32: exact.
  func convert(_ x: Tensor, into out: Tensor) throws
  func synchronize() throws
  /// Gives pooled memory back to the system and restarts the peak count.
  func trim() throws

  // MARK: Linear algebra and elementwise

  /// `c = scale * op(a) * op(b)` or `c += ...`; op transposes when asked. a, b, c are 2-D and may
  /// have row strides. op(a): (M, K), op(b): (K, N), c: (M, N) f32. K = 0 gives zeros. a and b may
  /// each be f32 or bf16; `precision` says whether f32 operands are rounded to bf16 first.
  func matmul(
    _ a: Tensor, transposed ta: Bool, _ b: Tensor, transposed tb: Bool, into c: Tensor,
    accumulate: Bool, scale: Float, precision: ProductPrecision) throws
  /// `out = a + b`, same shape; `out` may be `a` or `b` (residual add).
  func add(_ a: Tensor, _ b: Tensor, into out: Tensor) throws
  /// `x = (1 - t) * x + t * y` (soft magnet refresh).
  func interpolate(_ x: Tensor, towards y: Tensor, by t: Float) throws

  /// `x[n] += row` in place: a bias. row (M), x (N, M), which may have a row stride.
  func addRow(_ row: Tensor, to x: Tensor) throws
  /// Adjoint: `out += sum_n x[n]`, summed in a fixed order. x (N, M), which may have a row stride;
  /// out (M). Accumulates.
  func sumRows(_ x: Tensor, into out: Tensor) throws
  /// `x = cap * tanh(x / cap)` in place, cap > 0: the final logits' soft cap while sampling.
  func softCap(_ x: Tensor, cap: Float) throws
  /// `out[i] = x[i] * (u_i >= rate ? 1 / (1 - rate) : 0)` with u_i =
  /// `Philox.dropoutUniform(seed, i, stream)`, so each element is kept with probability 1 - rate.
  /// The adjoint is the same call on the gradient. 0 <= rate < 1; same shape; out may be x.
  func dropout(_ x: Tensor, rate: Float, seed: UInt64, stream: UInt32, into out: Tensor) throws

  // MARK: Rows

  /// `out[n] (=|+=) scale * table[ids[n]]`. ids (N) i32, table (V, C) f32 or bf16, out (N, C).
  func embedding(
    _ ids: Tensor, table: Tensor, scale: Float, accumulate: Bool, into out: Tensor) throws
  /// Adjoint: `dTable[ids[n]] += scale * dOut[n]`, repeated ids summed in a fixed order. dTable
  /// (V, C) f32. Accumulates.
  func embeddingBackward(_ ids: Tensor, dOut: Tensor, scale: Float, into dTable: Tensor) throws
  /// `out[m] = x[rows[m]]`. rows (M) i32, x (N, C), out (M, C).
  func gatherRows(_ x: Tensor, rows: Tensor, into out: Tensor) throws
  /// Adjoint for distinct rows: `dX[rows[m]] += dOut[m]`. Accumulates.
  func scatterRows(_ dOut: Tensor, rows: Tensor, into dX: Tensor) throws

  // MARK: Norm, position, feed-forward

  /// `r[n] = 1 / sqrt(mean(x[n]^2) + epsilon)`, `out = x * r * (weightOffset + weight)`. x (N, C),
  /// weight (C), inverseRMS (N).
  func rmsNorm(
    _ x: Tensor, weight: Tensor, settings: RMSNormSettings, into out: Tensor, inverseRMS: Tensor
  ) throws
  /// `sum += x`, then the norm of `sum`: a residual and the norm behind it in one pass. sum, x and
  /// out (N, C) are three memories.
  func addRMSNorm(
    _ x: Tensor, to sum: Tensor, weight: Tensor, settings: RMSNormSettings, into out: Tensor,
    inverseRMS: Tensor) throws
  /// Adjoint: with g = dOut * (weightOffset + weight), `dX (=|+=) r * (g - x * r^2 * mean(g * x))`,
  /// `dWeight += sum_n dOut * x * r`. `accumulate` is about dX; dWeight always accumulates, nil (a
  /// frozen weight) leaves it out.
  func rmsNormBackward(
    _ dOut: Tensor, x: Tensor, weight: Tensor, settings: RMSNormSettings, inverseRMS: Tensor,
    into dX: Tensor, accumulate: Bool, dWeight: Tensor?) throws
  /// The same norm over the D values of every query head (queryWeight (D)) and key head (keyWeight
  /// (D)) of packed qkv (N, (H + 2G)*D); value heads are copied. out (N, (H + 2G)*D) is another
  /// memory; inverseRMS (N, H + G).
  func headRMSNorm(
    _ qkv: Tensor, queryWeight: Tensor, keyWeight: Tensor, shape: AttentionShape,
    settings: RMSNormSettings, into out: Tensor, inverseRMS: Tensor) throws
  /// Adjoint; dQKV (N, (H + 2G)*D) is overwritten. The weights' gradients (D) accumulate over rows
  /// and heads in a fixed order; nil leaves one out.
  func headRMSNormBackward(
    _ dOut: Tensor, qkv: Tensor, queryWeight: Tensor, keyWeight: Tensor, shape: AttentionShape,
    settings: RMSNormSettings, inverseRMS: Tensor, into dQKV: Tensor, dQueryWeight: Tensor?,
    dKeyWeight: Tensor?) throws
  /// `out = (x - mean) * r * weight + bias` with `r = 1 / sqrt(var + epsilon)`, var the mean squared
  /// difference from the mean of the row, summed as such. x, out (N, C), weight, bias (C);
  /// statistics (2, N): mean, then r.
  func layerNorm(
    _ x: Tensor, weight: Tensor, bias: Tensor, epsilon: Float, into out: Tensor,
    statistics: Tensor) throws
  /// Adjoint: with y = (x - mean) * r and g = dOut * weight,
  /// `dX (=|+=) r * (g - mean(g) - y * mean(g * y))`, `dWeight += sum_n dOut * y`,
  /// `dBias += sum_n dOut`. `accumulate` is about dX; the others always accumulate, nil leaves one
  /// out.
  func layerNormBackward(
    _ dOut: Tensor, x: Tensor, weight: Tensor, statistics: Tensor, into dX: Tensor,
    accumulate: Bool, dWeight: Tensor?, dBias: Tensor?) throws
  /// Rotary embedding in place on the first `heads` heads (width D) of every row of x (N, >= heads*D),
  /// in halves as Hugging Face stores it: with p = positions[n], c = cosine[p, i], s = sine[p, i],
  /// `(a, b) = (x[i], x[i + D/2]) -> (a*c - b*s, b*c + a*s)`; `inverse` uses -s (the adjoint).
  /// cosine, sine (P, D/2); positions (N) i32, below P.
  func rotary(
    _ x: Tensor, heads: Int, headWidth: Int, positions: Tensor, cosine: Tensor, sine: Tensor,
    inverse: Bool) throws
  /// `out = activation(gate) * up`, gateUp (N, 2F) = [gate | up], out (N, F). With silu SwiGLU,
  /// with the others GeGLU.
  func gatedUnit(_ gateUp: Tensor, activation: Activation, into out: Tensor) throws
  /// Adjoint; dGateUp (N, 2F) is overwritten.
  func gatedUnitBackward(
    _ dOut: Tensor, gateUp: Tensor, activation: Activation, into dGateUp: Tensor) throws
  /// `out = activation(x)`, same shape; out may be x.
  func activate(_ x: Tensor, _ activation: Activation, into out: Tensor) throws
  /// Adjoint: `dX = dOut * activation'(x)`; overwritten, may be dOut.
  func activateBackward(
    _ dOut: Tensor, x: Tensor, _ activation: Activation, into dX: Tensor) throws

  // MARK: Attention

  /// Causal grouped-query attention within each packed sequence (no padding anywhere), online
  /// softmax, no (T, T) array; with a window only the tiles that touch it are computed, so that the
  /// cost grows with T * window. qkv (N, (H + 2G)*D) = [q heads | k heads | v heads]; query head h
  /// uses key/value head h / (H/G). sequences (S + 1) i32 holds the first row of each sequence and
  /// N last; `longest` is the longest sequence. out (N, H*D), logSumExp (N, H).
  func attention(
    qkv: Tensor, sequences: Tensor, longest: Int, shape: AttentionShape, into out: Tensor,
    logSumExp: Tensor) throws
  /// Adjoint; dQKV (N, (H + 2G)*D) is overwritten.
  func attentionBackward(
    _ dOut: Tensor, qkv: Tensor, out: Tensor, logSumExp: Tensor, sequences: Tensor, longest: Int,
    shape: AttentionShape, into dQKV: Tensor) throws
  /// KV-cache append: row m of qkv's k and v parts goes to keys/values[entries[m]]. keys, values
  /// (entries, G, D); entries (M) i32, distinct.
  func appendKV(
    qkv: Tensor, entries: Tensor, shape: AttentionShape, keys: Tensor, values: Tensor) throws
  /// One new token per active row against two runs of cache entries: those of its prompt, which
  /// rows may share, and its own (its own key and value already appended). Row b attends to entries
  /// runs[b, 0] ..< + runs[b, 1] and then runs[b, 2] ..< + runs[b, 3]. qkv (B, ...), runs (B, 4)
  /// i32, at least one entry a row; `longest` is the largest total of a row. out (B, H*D).
  /// `shape.window` is not looked at: for a sliding window pass runs already cut to it.
  func attentionDecode(
    qkv: Tensor, keys: Tensor, values: Tensor, runs: Tensor, longest: Int, shape: AttentionShape,
    into out: Tensor) throws

  // MARK: Softmax family (one pass over the vocabulary each, max-subtracted)

  /// Row-wise `out = softmax(scale * logits)`; out may be logits.
  func softmax(_ logits: Tensor, scale: Float, into out: Tensor) throws
  /// `out[n] = log softmax(transform(logits[n]))[targets[n]]`. logits (N, V), targets (N) i32.
  func gatherLogProb(
    _ logits: Tensor, targets: Tensor, transform: LogitTransform, into out: Tensor) throws
  /// `out[0, n] = log p(y) - log p_old(y)`, `out[1, n] = log p(y) - log mu(y)`, y = targets[n], from
  /// three logit arrays (N, V), read once. out (2, N), which may have a row stride.
  func logRatio(
    policy: Tensor, old: Tensor, magnet: Tensor, targets: Tensor, transform: LogitTransform,
    into out: Tensor) throws
  /// The row part of the fused magnetic loss (see `magneticLoss`): reads the three logit rows,
  /// writes the components of each row into `components` (MagneticComponent.count, N; may have a
  /// row stride) and, when `gradient` is true, overwrites `policy` with weights[n] * d loss[n] /
  /// d (policy logits before `transform`). `old` may be `policy` itself: the policy that generated,
  /// unmoved. Otherwise `policy` does not alias `old` or `magnet`.
  func magneticLossRows(
    policy: Tensor, old: Tensor, magnet: Tensor, targets: Tensor, advantages: Tensor,
    weights: Tensor, settings: MagneticLossSettings, components: Tensor, gradient: Bool) throws
  /// The row part of cross-entropy: `nll[n] = -log softmax(transform(logits[n]))[targets[n]]` and,
  /// when `gradient`, logits are overwritten with weights[n] * d nll / d logits. weights (N).
  func crossEntropyRows(
    _ logits: Tensor, targets: Tensor, weights: Tensor, transform: LogitTransform, nll: Tensor,
    gradient: Bool) throws
  /// For every packed sequence, `out[t] = advantages[t] - sum_{u > t} (alpha * klMagnet[u] +
  /// klOld[u] / eta)`: the score-function term of the whole-response KL (algorithm: kl_to_go).
  /// All (N); sequences (S + 1) i32.
  func advantageWithKLToGo(
    advantages: Tensor, klMagnet: Tensor, klOld: Tensor, sequences: Tensor, alpha: Float,
    eta: Float, into out: Tensor) throws
  /// Draws one token per row by inverse transform in index order over the kept set, with the
  /// uniform `Philox.samplingUniform(seed, index, rows[b], stream)`. logits (B, V), rows (B) i32,
  /// tokens (B) i32. logProbs (B): log-probability of the drawn token under
  /// softmax(logits / temperature) before any truncation (temperature 0: under softmax(logits)).
  func sample(
    _ logits: Tensor, rows: Tensor, settings: SamplingSettings, seed: UInt64, stream: UInt32,
    index: UInt32, into tokens: Tensor, logProbs: Tensor) throws

  // MARK: Tabular games

  /// `settings.steps` exact magnetic mirror descent steps on B games at once, in log space:
  /// `log pi = (log pi + eta*alpha*log mu + eta*P*pi) / (1 + eta*alpha) - log Z`, and `mu = pi`
  /// after every `syncSteps` steps counted from `firstStep` (0: never). logPolicy, logMagnet (B, n)
  /// updated in place and normalised; payoff (B, n, n), P[i, j] = P(i beats j), though any finite
  /// payoff is right. An action of log pi = -inf stays excluded. All three f32, or all three f64
  /// (then log pi is accurate to about 1e-15 / (eta * alpha) at a fixed point, f32: 1e-7).
  ///
  /// The CPU reads half of a large P when P[i, j] + P[j, i] is the same for all pairs, which it
  /// finds out by itself, to one unit in the last place of that constant or of the larger entry:
  /// the payoff that it then uses differs from P by no more than P's own rounding. Any other P, one
  /// pair off included, is used as it is.
  func magneticUpdate(
    logPolicy: Tensor, logMagnet: Tensor, payoff: Tensor, settings: MagneticUpdateSettings) throws

  // MARK: Optimizer

  /// `out[0] = sqrt(sum x^2)`, reduced in a fixed order. x contiguous, out (1).
  func norm(_ x: Tensor, into out: Tensor) throws
  /// AdamW with decoupled decay, in place, bias-corrected (Loshchilov and Hutter, 2019). The gradient
  /// is first multiplied by min(1, maxGradNorm / (gradNorm[0] + 1e-6)) when maxGradNorm > 0.
  func adamW(
    parameters: Tensor, gradients: Tensor, firstMoment: Tensor, secondMoment: Tensor,
    gradNorm: Tensor, settings: AdamWSettings) throws
}
