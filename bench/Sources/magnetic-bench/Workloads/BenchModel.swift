import MPO
import MPOBackend
import MPOModel

/// A decoder of some shape with random weights, and what trains it: the one place where workloads
/// make models.
struct BenchModel {
  let backend: any ComputeBackend
  let shape: DecoderShape
  let decoder: Decoder
  let policy: ParameterSet
  let cost: DecoderCost

  /// With `.bf16` the magnet's matrices are bf16, and the policy has a copy of theirs where the backend
  /// prefers it.
  init(
    _ shape: DecoderShape, _ precision: ProductPrecision = .f32, on backend: any ComputeBackend
  ) throws {
    self.backend = backend
    self.shape = shape
    decoder = Decoder(shape, on: backend)
    policy = try ParameterSet.random(ParameterLayout(shape), seed: 1, on: backend)
      .computing(in: precision, on: backend)
    cost = DecoderCost(shape, precision)
  }

  /// MPO with one optimizer step a rollout; `steps` in all.
  func learner(steps: Int, gradientCheckpointing: Bool = false) throws -> Learner {
    try Learner(
      decoder, policy: policy, optimizer: optimizer(steps: steps),
      settings: LearnerSettings(
        loss: MagneticLossSettings(alpha: 0.1, eta: 1), innerSteps: 1,
        gradientCheckpointing: gradientCheckpointing))
  }

  func crossEntropyLearner(steps: Int) throws -> CrossEntropyLearner {
    try CrossEntropyLearner(decoder, policy: policy, optimizer: optimizer(steps: steps))
  }

  private func optimizer(steps: Int) throws -> Optimizer {
    try Optimizer(policy.layout, settings: OptimizerSettings(), totalSteps: steps, on: backend)
  }

  /// `samples` responses of exactly `new` tokens to each prompt; as in a run, the learner's gradients
  /// lend their memory.
  func generate(
    _ prompts: [[Int32]], samples: Int = 1, new: Int, round: Int, learner: Learner
  ) throws -> [[Completion]] {
    try Generator(decoder, policy, workspace: learner.states.gradients.flat).generate(
      prompts, samples: samples,
      settings: GenerationSettings(maxNewTokens: new, stream: UInt32(round)))
  }

  /// Log-probability of every response token under `weights`: what PyTorch's magnet forward gives,
  /// which projects the response's positions alone.
  func responseLogProbs(_ rows: [RolloutRow], _ weights: ParameterSet) throws {
    let batch = try decoder.pack(rows.map { $0.prompt + $0.response.dropLast() })
    let predictors = rows.indices.flatMap { i in
      let first = batch.starts[i] + rows[i].prompt.count - 1
      return first..<(first + rows[i].response.count)
    }
    let targets = rows.flatMap(\.response)
    let tape = Tape(backend, recording: false)
    let hidden = try tape.gatherRows(
      decoder.hidden(batch, TrainableParameters(values: weights), tape: tape),
      rows: backend.indices(predictors))
    _ = try backend.crossEntropy(
      decoder.projected(hidden.value, weights),
      targets: backend.indices(targets), weights: backend.zeros([targets.count]), gradients: nil)
  }

  /// Token sequences, the same for every run.
  func tokens(_ rows: Int, _ length: Int, seed: UInt64 = 2) -> [[Int32]] {
    var random = PhiloxGenerator(seed: seed, domain: .test)
    return (0..<rows).map { _ in
      (0..<length).map { _ in Int32(random.next() % UInt64(shape.vocabulary)) }
    }
  }

  /// MiB of weights, gradients and two moments in f32, and of the magnet.
  func statesMiB(_ learner: Learner) -> Double {
    4 * weightsMiB + Double(learner.magnet.bytes) / 1_048_576
  }

  /// MiB of one copy of the weights in f32.
  var weightsMiB: Double { Double(policy.layout.count) * 4 / 1_048_576 }
}
