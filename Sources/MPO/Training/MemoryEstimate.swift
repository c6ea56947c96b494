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
  ///   - copies: f32 arrays of the policy's size that live through the run, references not among them.
  ///   - references: policies beside it that are only read.
  ///   - headCopy: whether the output projection is copied, in the type of its products.
  ///   - step: the rows of an optimizer step, and how they are cut.
  ///   - policies: those with logits in a chunk of the loss.
  public init(
    _ decoder: Decoder, _ policy: ParameterSet, references: [ParameterSet] = [], copies: Int,
    headCopy: Bool, step: StepRows, policies: Int, checkpointing: Bool
  ) {
    let shape = decoder.shape
    let own = 4 * policy.layout.count
    states = policy.bytes + (copies - 1) * own
    for reference in references {
      // Adapters share their base.
      states += reference.bytes - (reference.adapted?.base.bytes ?? 0)
    }
    if headCopy, policy.adapted == nil {
      states += (policy.precision == .bf16 ? 2 : 4) * shape.vocabulary * shape.width
    }
    let (tokens, lossTokens) = step.mostInMicroBatch(
      limit: decoder.microBatchTokens(checkpointing: checkpointing))
    activations =
      tokens * decoder.activationBytes(checkpointing: checkpointing)
      + lossTokens * 16 * shape.width
    let chunk = decoder.backend.logitChunkRows(
      lossTokens, vocabulary: shape.vocabulary, policies: policies)
    loss = 4 * policies * chunk * shape.vocabulary
  }

  public var line: String {
    func mib(_ bytes: Int) -> String { "\((bytes + (1 << 19)) >> 20)" }
    return
      "memory: about \(mib(total)) MiB (states \(mib(states)), activations \(mib(activations)), "
      + "logits \(mib(loss)))"
  }
}

/// The rows of an optimizer step, in units that stay together: rows, pairs, or a prompt's responses.
public struct StepRows: Sendable, Equatable {
  public var units: Int
  /// Of a unit at its longest: input tokens, and those with a loss.
  public var tokens: Int
  public var lossTokens: Int
  /// Micro-batches that were asked for.
  public var parts: Int

  public init(units: Int, tokens: Int, lossTokens: Int, parts: Int) {
    self.units = units
    self.tokens = tokens
    self.lossTokens = lossTokens
    self.parts = parts
  }

  /// The most that a micro-batch holds: input tokens, and those with a loss.
  func mostInMicroBatch(limit: Int) -> (tokens: Int, lossTokens: Int) {
    let together = (units + parts - 1) / max(1, parts)
    let held = min(together * tokens, max(limit, tokens))
    return (held, min(together * lossTokens, held))
  }
}
