import MPO
import MPOBackend
import MPOModel

/// A preference or reward model with random weights of the policy's shape, read as `magnetic train`
/// reads its judge of type `model`, but on ids: random models have no tokenizer.
struct AlignmentJudge {
  private let decoder: Decoder
  private let parameters: ParameterSet
  private let head: PreferenceHead

  init(_ shape: DecoderShape, outputs: Int, on backend: any ComputeBackend) throws {
    var shape = shape
    shape.scoreOutputs = outputs
    decoder = Decoder(shape, on: backend)
    parameters = try ParameterSet.random(ParameterLayout(shape), seed: 3, on: backend)
    head = outputs == 1 ? .bradleyTerry : .general(GeneralPreference())
  }

  /// What the model makes of texts, (n) each.
  func outputs(_ texts: [[Int32]]) throws -> [[Double]] {
    let n = head.outputs
    let scores = try decoder.scores(
      texts, pad: nil, TrainableParameters(values: parameters),
      tape: Tape(decoder.backend, recording: false))
    let values = try decoder.backend.floats(scores.value)
    return texts.indices.map { i in values[(i * n)..<((i + 1) * n)].map(Double.init) }
  }

  /// P(first > second).
  func preference(_ a: [Double], _ b: [Double]) -> Double { bradleyTerry(head.logit(a, b)) }
}
