import MPOModel

/// Bytes that a training run is going to need, from its shapes; printed before the first step.
public struct MemoryEstimate: Sendable, Equatable {
  /// Weights, gradients, moments and magnet, and a copied output projection.
  public var states: Int
  /// Activations of one micro-batch that wait for the backward pass.
  public var activations: Int
  /// Logits in flight in the fused loss.
  public var loss: Int
  public var total: Int { states + activations + loss }

  /// - Parameters:
  ///   - policy: what is trained; under adapters the base counts once.
  ///   - copies: f32 arrays of the policy's size that live through the run.
  ///   - bf16Copies: those of bf16.
  ///   - headCopy: whether the output projection is copied, in the type of its products.
  ///   - tokens: N of one micro-batch; lossTokens: those with a loss.
  ///   - policies: those with logits in a chunk of the loss.
  public init(
    _ decoder: Decoder, _ policy: ParameterSet, copies: Int, bf16Copies: Int, headCopy: Bool,
    tokens: Int,
    lossTokens: Int, policies: Int, checkpointing: Bool
  ) {
    let shape = decoder.shape
    let trained = policy.layout.count
    if let base = policy.adapted?.base {
      // Its products' copy is among its bytes, and its head is nobody's copy.
      states = 4 * copies * trained + base.bytes
    } else {
      let head = headCopy ? shape.vocabulary * shape.width : 0
      states = 4 * copies * trained + 2 * bf16Copies * trained + (bf16Copies > 0 ? 2 : 4) * head
    }
    // One block keeps its input, the middle residual, qkv, the attention's output and log-sum-exp,
    // gate and up (what is normed or activated is made again); norms of branches and heads keep what
    // they read.
    var block =
      2 * shape.width + shape.packedWidth + shape.attentionWidth + shape.heads
      + (shape.isGated ? 2 : 1) * shape.feedForward
    if shape.normsBranches { block += 2 * shape.width }
    if shape.normsHeads { block += shape.packedWidth }
    let kept = checkpointing ? shape.layers * shape.width + block : shape.layers * block
    activations = 4 * (tokens * (kept + 2 * shape.width) + lossTokens * 4 * shape.width)
    let chunk = decoder.backend.logitChunkRows(vocabulary: shape.vocabulary, policies: policies)
    loss = 4 * policies * min(lossTokens, chunk) * shape.vocabulary
  }

  public var line: String {
    func mib(_ bytes: Int) -> String { "\((bytes + (1 << 19)) >> 20)" }
    return
      "memory: about \(mib(total)) MiB (states \(mib(states)), activations \(mib(activations)), "
      + "logits \(mib(loss)))"
  }
}
