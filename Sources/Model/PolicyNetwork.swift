import MPOBackend

/// What the trainer asks of a policy: hidden states whose products with an output projection are
/// logits, `softmax(hidden(context) projection^T)`. A language model is one, a policy of games
/// another; both learn through the same inner steps and the same fused loss.
///
/// A network holds no weights: the same one runs policy and magnet. N positions, C width, V
/// vocabulary (tokens, or responses of a game).
public protocol PolicyNetwork: AnyObject {
  var backend: any ComputeBackend { get }
  /// V
  var vocabulary: Int { get }
  /// C
  var width: Int { get }
  var layout: ParameterLayout { get }
  /// Cap of the logits (`LogitTransform.softcap`); 0 is none.
  var logitSoftcap: Float { get }

  /// Contexts on the device.
  /// - Throws: `BackendError.argument` for a context that this network has no place for.
  func pack(_ contexts: [[Int32]]) throws -> PackedBatch

  /// Bytes of one position's activations that wait for the backward pass.
  func activationBytes(checkpointing: Bool) -> Int

  /// Hidden states (N, C) at every position of the batch, recorded on `tape`. `checkpointing`
  /// keeps little of the blocks and runs them again in the backward pass.
  func hidden(
    _ batch: PackedBatch, _ parameters: TrainableParameters, tape: Tape, checkpointing: Bool
  ) throws -> Variable
}

extension PolicyNetwork {
  public var logitSoftcap: Float { 0 }

  /// Positions of a micro-batch: as many as keep about 128 MiB of activations, at least 256; on a GPU,
  /// whose products want more rows, 2 GiB and 8,192. Products gain little beyond these, and memory
  /// grows with them.
  public func microBatchTokens(checkpointing: Bool) -> Int {
    let isGPU = backend.description.kind == .openCLGPU
    let bytes = isGPU ? 2 << 30 : 128 << 20
    return max(
      isGPU ? 8192 : 256, bytes / max(1, activationBytes(checkpointing: checkpointing)))
  }

  /// What the fused losses read of hidden states (N, C).
  public func projected(_ hidden: Tensor, _ parameters: ParameterSet) throws -> ProjectedPolicy {
    ProjectedPolicy(
      hidden: hidden, weight: try parameters.outputProjection(), precision: parameters.precision)
  }

  /// Logits (rows, V) of hidden states (rows, C), capped where the network caps them.
  public func logits(_ hidden: Tensor, _ parameters: ParameterSet) throws -> Tensor {
    let out = try backend.empty([hidden.rows, vocabulary])
    try backend.matmul(
      hidden, parameters.outputProjection(), transposeB: true, into: out,
      precision: parameters.precision)
    if logitSoftcap > 0 { try backend.softCap(out, cap: logitSoftcap) }
    return out
  }
}

extension Decoder: PolicyNetwork {
  public var vocabulary: Int { shape.vocabulary }
  public var width: Int { shape.width }
  public var layout: ParameterLayout { ParameterLayout(shape) }
  public var logitSoftcap: Float { shape.logitSoftcap }

  public func pack(_ contexts: [[Int32]]) throws -> PackedBatch {
    try PackedBatch(contexts, shape: shape, on: backend)
  }

  public func activationBytes(checkpointing: Bool) -> Int {
    // One block keeps its input, the middle residual, qkv, the attention's output and log-sum-exp,
    // gate and up (what is normed or activated is made again); norms of branches and heads keep what
    // they read.
    var block =
      2 * shape.width + shape.packedWidth + shape.attentionWidth + shape.heads
      + (shape.isGated ? 2 : 1) * shape.feedForward
    if shape.normsBranches { block += 2 * shape.width }
    if shape.normsHeads { block += shape.packedWidth }
    let kept = checkpointing ? shape.layers * shape.width + block : shape.layers * block
    return 4 * (kept + 2 * shape.width)
  }
}
