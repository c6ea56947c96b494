import Foundation
import MPO
import MPOBackend
import MPOModel
import TestSupport
import Testing

/// Losses of whole responses carried into the weights of a model.
@Suite struct ResponseLearnerTests {
  /// The stored rollout of `LearnerTests` with preferences: three prompts, eight responses each.
  static func rollout() throws -> Rollout {
    let rows = try LearnerTests.rollout.get()
    let k = 8
    return Rollout(
      rows: rows.enumerated().map { i, row in
        var row = row
        row.group = i / k
        return row
      },
      groups: (0..<3).map { n in
        let moves = rows[(n * k)..<(n * k + k)].map { $0.response[0] % 3 }
        return Rollout.Group(
          preferences: moves.flatMap { a in
            moves.map { b in (a - b + 3) % 3 == 1 ? 0.9 : (a == b ? 0.5 : 0.1) }
          })
      })
  }

  static func learner(
    _ loss: any ResponseLoss, inner: Int, parts: Int = 1, rate: Double = 3e-3, beta1: Double = 0,
    on backend: any ComputeBackend
  ) throws -> ResponseLearner {
    let model = try RandomModel(on: backend)
    let states = try PolicyStates(
      model.decoder, policy: model.parameters,
      magnet: RandomModel(seed: 2, on: backend).parameters,
      optimizer: LearnerTests.optimizer(
        model.parameters.layout, rate: rate, beta1: beta1, clip: 0, on: backend))
    return ResponseLearner(
      states, loss: loss, settings: LearnerTests.settings(inner: inner, parts: parts))
  }

  /// log p of every row's response, in double precision from the model's logits.
  static func logProbs(
    _ rows: [RolloutRow], _ network: any PolicyNetwork, _ parameters: ParameterSet,
    _ settings: LearnerSettings
  ) throws -> [Double] {
    let all = try LearnerTests.logProbs(
      rows.map { $0.prompt + $0.response.dropLast() }, network, parameters, settings.loss)
    return zip(rows, all).map { row, values in
      row.response.enumerated().reduce(0.0) {
        $0 + values[row.prompt.count - 1 + $1.offset][Int($1.element)]
      }
    }
  }

  static func loss(
    _ rollout: Rollout, _ learner: ResponseLearner, _ parameters: ParameterSet, old: ParameterSet
  ) throws -> Double {
    let names = [parameters, old, learner.magnet]
    let values = try names.map {
      try logProbs(rollout.rows, learner.network, $0, learner.settings)
    }
    var sum = 0.0
    for (n, group) in rollout.groups.enumerated() {
      let members = rollout.rows.indices.filter { rollout.rows[$0].group == n }
      func pick(_ v: [Double]) -> [Double] { members.map { v[$0] } }
      sum +=
        learner.loss.value(
          ResponseGroup(
            policy: pick(values[0]), old: pick(values[1]), reference: pick(values[2]),
            preferences: group.preferences,
            lengths: members.map { rollout.rows[$0].response.count })
        ).loss / Double(rollout.groups.count)
    }
    return sum
  }

  /// With beta1 = 0 the optimizer's first moment is the gradient itself; the second inner step has
  /// pi different from pi_k.
  @Test(arguments: AlgorithmLossTests.losses.indices)
  func gradientIsThatOfTheLoss(_ index: Int) throws {
    let rollout = try Self.rollout()
    try TestBackends.cpus()[1].run { backend in
      let loss = AlgorithmLossTests.losses[index]
      let one = try Self.learner(loss, inner: 1, on: backend)
      let old = try one.policy.copy(on: backend)
      _ = try one.learn(from: rollout)
      let two = try Self.learner(loss, inner: 2, on: backend)
      let metrics = try two.learn(from: rollout)
      let gradient = try backend.floats(two.optimizer.firstMoment.flat)
      var values = try backend.floats(one.policy.flat)
      let moved = try one.policy.copy(on: backend)
      func value(_ index: Int, _ step: Float) throws -> Double {
        let before = values[index]
        values[index] = before + step
        try values.withUnsafeBytes { try backend.upload($0, to: moved.flat) }
        values[index] = before
        return try Self.loss(rollout, one, moved, old: old)
      }
      #expect(relativeError(metrics[1].loss, try value(0, 0)) < 1e-5)
      let norm = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      let h: Float = 1.0 / 256
      for entry in one.policy.layout.entries {
        let range = entry.offset..<entry.offset + entry.count
        let index = range.max { abs(gradient[$0]) < abs(gradient[$1]) } ?? entry.offset
        let near = try value(index, h) - value(index, -h)
        let far = try value(index, 2 * h) - value(index, -2 * h)
        let expected = (8 * near - far) / (12 * Double(h))
        #expect(
          abs(Double(gradient[index]) - expected) <= 2e-3 * abs(expected) + 1e-4 * norm,
          "\(loss), \(entry.name): \(gradient[index]), differences \(expected)")
      }
    }
  }

  static let reference = Result {
    let stored = try Self.rollout()
    return try TestBackends.cpus()[0].run { backend in
      try AlgorithmLossTests.losses.map {
        try learner($0, inner: 3, beta1: 0.9, on: backend).learn(from: stored)
      }
    }
  }

  @Test(arguments: TestBackends.all())
  func innerStepsAgree(_ named: NamedBackend) throws {
    let rollout = try Self.rollout()
    let expected = try Self.reference.get()
    try named.run { backend in
      for (i, loss) in AlgorithmLossTests.losses.enumerated() {
        let found = try Self.learner(loss, inner: 3, beta1: 0.9, on: backend).learn(from: rollout)
        for (a, b) in zip(found, expected[i]) {
          #expect(abs(a.loss - b.loss) <= 1e-5 + 2e-4 * abs(b.loss), "\(loss): \(a), \(b)")
          #expect(relativeError(a.gradNorm, b.gradNorm) < 1e-3, "\(loss)")
        }
        #expect(found.count == 3 && expected[i].count == 3)
      }
    }
  }

  /// Micro-batches of whole prompts make the same gradient, with an empty response among them too.
  @Test func microBatchesChangeNothing() throws {
    var rollout = try Self.rollout()
    rollout.rows[5].response = []
    rollout.rows[6].response = []
    try TestBackends.cpus()[0].run { backend in
      func gradient(_ parts: Int) throws -> [Float] {
        let learner = try Self.learner(DPOLoss(beta: 0.3), inner: 1, parts: parts, on: backend)
        let metrics = try learner.learn(from: rollout)
        #expect(metrics.allSatisfy { $0.pairs?.pairs ?? 0 > 20 })
        #expect(learner.responseLogRatios.count == 24 && learner.responseLogRatios[5] == 0)
        return try backend.floats(learner.optimizer.firstMoment.flat)
      }
      let whole = try gradient(1)
      let norm = whole.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      let parts = try gradient(3)
      let difference = zip(whole, parts).reduce(0.0) {
        $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1)
      }.squareRoot()
      #expect(difference <= 1e-4 * norm)
    }
  }

  @Test func learnsWhatIsPreferred() throws {
    var rollout = try Self.rollout()
    // Transitive: the greater first token wins.
    for n in 0..<3 {
      let first = rollout.rows.filter { $0.group == n }.map { $0.response[0] }
      rollout.groups[n].preferences = first.flatMap { a in
        first.map { a > $0 ? 1 : (a == $0 ? 0.5 : 0) }
      }
    }
    try TestBackends.cpus()[0].run { backend in
      let learner = try Self.learner(
        DPOLoss(beta: 0.5), inner: 20, rate: 2e-3, beta1: 0.9, on: backend)
      let metrics = try learner.learn(from: rollout)
      let (first, last) = (metrics[0].pairs, metrics[19].pairs)
      #expect((last?.margin ?? 0) > (first?.margin ?? 0) + 0.3)
      #expect((last?.accuracy ?? 0) > 0.8 && metrics[19].loss < metrics[0].loss)
      #expect(abs(metrics[0].klOld) < 1e-9 && abs(metrics[0].ratio - 1) < 1e-9)
    }
  }

  // MARK: - Token losses with estimated advantages

  /// Log-ratios taken from the rollout's own log-probabilities are those computed anew.
  @Test(arguments: [
    AdvantageEstimator.rewardTransformed(alpha: 0.4),
    .penalized(beta: 0.4, penalty: .sequence),
  ])
  func logRatiosAreOfTheDrawnResponses(_ advantage: AdvantageEstimator) throws {
    let rollout = try Self.rollout()
    try TestBackends.cpus()[0].run { backend in
      func learner(_ settings: LearnerSettings) throws -> Learner {
        try LearnerTests.learner(settings, beta1: 0, clip: 0, on: backend)
      }
      var settings = LearnerTests.settings(reduction: .sequence, inner: 1)
      settings.advantage = advantage
      settings.loss.alpha = 0
      settings.loss.eta = .infinity
      let computed = try learner(settings)
      _ = try computed.learn(from: rollout)
      var rows = rollout.rows
      let fresh = try RandomModel(on: backend)
      let drawn = try LearnerTests.logProbs(
        rows.map { $0.prompt + $0.response.dropLast() }, computed.network, fresh.parameters,
        settings.loss)
      for i in rows.indices {
        rows[i].logProbs = rows[i].response.enumerated().map {
          Float(drawn[i][rows[i].prompt.count - 1 + $0.offset][Int($0.element)])
        }
      }
      let kept = try learner(settings)
      _ = try kept.learn(from: rows)
      let (a, b) = (
        try backend.floats(computed.optimizer.firstMoment.flat),
        try backend.floats(kept.optimizer.firstMoment.flat)
      )
      let norm = a.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      #expect(norm > 1e-3)
      for (x, y) in zip(a, b) { #expect(Double(abs(x - y)) <= 2e-5 * norm) }
    }
  }
}
