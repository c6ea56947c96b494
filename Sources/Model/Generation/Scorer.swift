import MPOBackend

/// Log-probabilities of given tokens under a model.
public final class Scorer {
  private let decoder: Decoder
  private let parameters: ParameterSet

  public init(_ decoder: Decoder, _ parameters: ParameterSet) {
    self.decoder = decoder
    self.parameters = parameters
  }

  /// For every sequence, `log p(token[t] | tokens before)` in nats for t = 1 ..., one fewer than
  /// its tokens (none for a sequence of one).
  public func logProbs(_ sequences: [[Int32]]) throws -> [[Float]] {
    let backend = decoder.backend
    let inputs = sequences.map { Array($0.dropLast()) }
    let targets = sequences.flatMap { $0.dropFirst() }
    guard !targets.isEmpty else { return sequences.map { _ in [] } }
    // The last token of a sequence is predicted but never read, so its own id is checked here.
    let vocabulary = decoder.shape.vocabulary
    if let bad = targets.first(where: { $0 < 0 || Int($0) >= vocabulary }) {
      throw BackendError.argument(
        op: "score", "token id \(bad) is outside the vocabulary, expected 0..<\(vocabulary)")
    }
    let batch = try PackedBatch(inputs, shape: decoder.shape, on: backend)
    let tape = Tape(backend, recording: false)
    let hidden = try decoder.hidden(batch, TrainableParameters(values: parameters), tape: tape)
    let nll = try backend.crossEntropy(
      decoder.projected(hidden.value, parameters),
      targets: backend.indices(targets), weights: backend.zeros([targets.count]),
      transform: LogitTransform(softcap: decoder.logitSoftcap), gradients: nil)
    let values = try backend.floats(nll)
    return inputs.indices.map { i in
      values[batch.starts[i]..<batch.starts[i + 1]].map { -$0 }
    }
  }
}
