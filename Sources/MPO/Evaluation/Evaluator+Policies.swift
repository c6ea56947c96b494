import MPOBackend
import MPOModel

extension Evaluator {
  /// Responses of every policy to the same prompts, one model in memory at a time. Each draws with the
  /// stream of its own name (`PolicyReference.streams`).
  /// - Parameters:
  ///   - load: the model of a policy; it is let go before the next one is loaded.
  ///   - starting: told before a policy's model is loaded, with its number from 0.
  ///   - progress: responses drawn so far, of all policies.
  ///   - stopRequested: asked when some responses are drawn.
  /// - Throws: what `load` and the generator throw, `EvaluationError.stopped`.
  public func samples(
    of policies: [PolicyReference], on backend: any ComputeBackend,
    load: (PolicyReference) throws -> LanguageModel,
    starting: (Int, PolicyReference) -> Void = { _, _ in },
    progress: @escaping (Int) -> Void = { _ in },
    stopRequested: @escaping () -> Bool = { false }
  ) throws -> [PolicySamples] {
    let streams = PolicyReference.streams(policies.map(\.name))
    let each = prompts.count * samples
    return try policies.indices.map { index in
      let policy = policies[index]
      func goOn() throws {
        guard stopRequested() else { return }
        throw EvaluationError.stopped(
          "stopped while '\(policy.name)', policy \(index + 1) of \(policies.count), was drawing; "
            + "nothing was written")
      }
      try goOn()
      starting(index, policy)
      let texts = try responses(of: load(policy), stream: streams[index]) { done, _ in
        progress(index * each + done)
        try goOn()
      }
      // What the pool kept of this model is of no use to the next, whose sizes may differ.
      try backend.trim()
      return PolicySamples(
        name: policy.name, path: policy.path, stream: streams[index], responses: texts)
    }
  }
}
