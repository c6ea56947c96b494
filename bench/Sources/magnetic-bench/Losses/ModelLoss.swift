import MPO
import MPOBackend
import MPOModel

/// A case with a checkpoint: the learner that `magnetic train` would use, and the gradient that it
/// leaves.
struct ModelLoss {
  let source: LossCase
  let folder: String
  let backend: any ComputeBackend

  /// The loss and gradient where the responses were drawn and, with the same seeds, after the
  /// optimizer step on them.
  func result() throws -> LossResult {
    let file = "\(folder)/\(source.name.replacing("/", with: "-"))"
    var steps: [LossResult.Step] = []
    for count in [1, 2] {
      let learner = try learner(steps: count)
      let metrics = try learner.learn(from: rollout(learner.settings))
      let path = "\(file)-\(count).safetensors"
      try write(learner.states.gradients, to: path)
      steps.append(
        LossResult.Step(loss: metrics.last?.loss ?? .nan, gradient: .file(path)))
      if count == 1 { try write(learner.policy, to: "\(file)-weights.safetensors") }
    }
    return LossResult(name: source.name, steps: steps, weights: "\(file)-weights.safetensors")
  }

  private func configuration(steps: Int) throws -> AlignmentConfiguration {
    try source.configuration([
      "--inner_steps=\(steps)", "--learning_rate=\(source.learningRate ?? 1e-4)",
      "--magnet_sync_steps=0",
    ])
  }

  private func learner(steps: Int) throws -> any PolicyLearner {
    guard let model = source.model, let reference = source.referenceModel else {
      throw LossCaseError.incomplete(source.name)
    }
    let c = try configuration(steps: steps)
    let decoder = Decoder(try ModelConfiguration(folder: model).shape, on: backend)
    let policy = try weights(model, decoder)
    let optimizer = try Optimizer(
      policy.layout, settings: c.optimizer, totalSteps: steps, on: backend)
    return try c.makeLearner(
      PolicyStates(
        decoder, policy: policy, magnet: weights(reference, decoder), optimizer: optimizer))
  }

  private func weights(_ folder: String, _ decoder: Decoder) throws -> ParameterSet {
    try ParameterSet.load(
      ModelWeights(folder: folder), layout: ParameterLayout(decoder.shape), storage: .trained,
      on: backend)
  }

  private func rollout(_ settings: LearnerSettings) throws -> Rollout {
    guard let prompts = source.prompts, let responses = source.responses else {
      throw LossCaseError.incomplete(source.name)
    }
    let c = try configuration(steps: settings.innerSteps)
    var rows: [RolloutRow] = []
    var groups: [Rollout.Group] = []
    for n in prompts.indices {
      let group = source.group(n, c)
      for (i, rate) in source.rates(group).enumerated() {
        rows.append(
          RolloutRow(
            prompt: prompts[n], response: responses[n * source.samples + i],
            advantage: Float(rate - 0.5), group: n))
      }
      groups.append(group)
    }
    return Rollout(rows: rows, groups: groups)
  }

  private func write(_ parameters: ParameterSet, to path: String) throws {
    try SafetensorsWriter.write(
      tensors: parameters.namedTensors(dtype: .f32, on: backend), to: path)
  }
}
