import MPO
import MPOBackend
import MPOModel

/// One method's iteration on random weights: responses, judgement, update. N prompts, K responses.
struct AlignmentRound {
  let model: BenchModel
  let judge: AlignmentJudge?
  let configuration: AlignmentConfiguration
  let learner: any PolicyLearner
  let prompts: [[Int32]]
  let new: Int

  /// Seconds by phase.
  func run(_ round: Int) throws -> [String: Double] {
    let backend = model.backend
    var own: [[[Int32]]] = []
    var opponents: [[[Int32]]]?
    let gradients = learner.states.gradients.flat
    let generate = try measured(on: backend) {
      own = try draw(
        Generator(model.decoder, learner.policy, workspace: gradients), stream: 2 * round)
      guard configuration.opponent == .mixture else { return }
      let mixture = Generator.Mixture(
        learner.magnet, weight: Float(configuration.mixtureCoefficient))
      opponents = try draw(
        Generator(model.decoder, learner.policy, mixedWith: mixture, workspace: gradients),
        stream: 2 * round + 1)
    }
    var rollout = Rollout(rows: [], groups: [])
    let score = try measured(on: backend) { rollout = try judged(own, opponents) }
    let train = try measured(on: backend) { _ = try learner.learn(from: rollout) }
    return [
      "generate": generate, "score": score, "train": train, "iteration": generate + score + train,
    ]
  }

  private func draw(_ generator: Generator, stream: Int) throws -> [[[Int32]]] {
    try generator.generate(
      prompts, samples: configuration.generations,
      settings: GenerationSettings(maxNewTokens: new, stream: UInt32(stream))
    ).map { $0.map(\.tokens) }
  }

  private func judged(_ own: [[[Int32]]], _ opponents: [[[Int32]]]?) throws -> Rollout {
    let mine = try scores(own)
    let theirs = try opponents.map(scores)
    var rollout = Rollout(rows: [], groups: [])
    for n in prompts.indices {
      func rates(_ i: Int) -> [Double] {
        (theirs?[n] ?? mine[n]).map { preference(mine[n][i], $0) }
      }
      let table = own[n].indices.flatMap { i in mine[n].map { preference(mine[n][i], $0) } }
      let k = Double(own[n].count)
      var group = Rollout.Group(preferences: table)
      if configuration.algorithm == .rloo { group.rewards = mine[n].map { $0[0] } }
      // Without an opponent of its own a response is no opponent of itself.
      let means = own[n].indices.map { i in
        theirs == nil ? (rates(i).reduce(0, +) - 0.5) / (k - 1) : rates(i).reduce(0, +) / k
      }
      if theirs != nil { group.winRates = means }
      rollout.groups.append(group)
      for (response, mean) in zip(own[n], means) {
        rollout.rows.append(
          RolloutRow(
            prompt: prompts[n], response: response, advantage: Float(mean - 0.5), group: n))
      }
    }
    return rollout
  }

  /// What the judge makes of each response, (N, K, n); without a model the share of distinct tokens.
  private func scores(_ responses: [[[Int32]]]) throws -> [[[Double]]] {
    guard let judge else {
      return responses.map { $0.map { [Double(Set($0).count) / Double(max(1, $0.count))] } }
    }
    let texts = zip(prompts, responses).flatMap { prompt, list in list.map { prompt + $0 } }
    var next = try judge.outputs(texts).makeIterator()
    return responses.map { $0.compactMap { _ in next.next() } }
  }

  private func preference(_ a: [Double], _ b: [Double]) -> Double {
    judge?.preference(a, b) ?? sigmoid(a[0] - b[0])
  }
}
