import MPO
import MPOBackend
import MPOModel
import TestSupport
import Testing

/// How the inner steps of a rollout end, fall and start again, and the weights of rows.
@Suite struct InnerSolveTests {
  @Test(arguments: TestBackends.all())
  func theToleranceEndsTheInnerSteps(_ named: NamedBackend) throws {
    let rows = try LearnerTests.rollout.get()
    try named.run { backend in
      func run(_ tolerance: Double, inner: Int) throws -> ([InnerStepMetrics], [Float]) {
        var settings = LearnerTests.settings(inner: inner)
        settings.innerSolve = InnerSolve(tolerance: tolerance)
        let learner = try LearnerTests.learner(settings, rate: 1e-4, on: backend)
        let metrics = try learner.learn(from: rows)
        #expect(learner.optimizer.step == metrics.filter { !$0.isSolved }.count)
        return (metrics, try backend.floats(learner.policy.flat))
      }
      let (all, _) = try run(0, inner: 12)
      let norms = all.map { $0.gradNorm / all[0].gradNorm }
      let lowest = try #require(norms.min()) * (1 + 1e-6)
      #expect(all.count == 12 && lowest < 1, "\(norms)")
      let end = try #require(norms.firstIndex { $0 <= lowest })
      let (ended, policy) = try run(lowest, inner: 12)
      let (plain, expected) = try run(0, inner: end)
      #expect(ended.count == end + 1 && ended.last?.isSolved == true)
      #expect(ended.last?.learningRate == 1e-4 && !plain.contains { $0.isSolved })
      #expect(ended.dropLast().map(\.loss) == plain.map(\.loss))
      #expect(policy == expected, "the step that found it solved moves nothing")
    }
  }

  @Test func theRateFallsAndMomentsRestart() throws {
    let rows = try LearnerTests.rollout.get()
    try TestBackends.cpus()[0].run { backend in
      var settings = LearnerTests.settings(inner: 3)
      settings.innerSolve = InnerSolve(rateDecay: 0.5, restartsMoments: true)
      let learner = try LearnerTests.learner(settings, on: backend)
      _ = try learner.learn(from: rows)
      let fresh = try Learner(
        learner.network, policy: learner.policy.copy(on: backend),
        magnet: learner.magnet.copy(on: backend),
        optimizer: LearnerTests.optimizer(learner.policy.layout, on: backend), settings: settings)
      let (again, expected) = (try learner.learn(from: rows), try fresh.learn(from: rows))
      #expect(again == expected && learner.optimizer.step == 6)
      #expect(try backend.floats(learner.policy.flat) == backend.floats(fresh.policy.flat))
      #expect(again.map(\.learningRate) == [3e-3, 1.5e-3, 0.75e-3])
    }
  }

  @Test func theSharedRateLeavesTheEmbeddingItsOwn() throws {
    try TestBackends.cpus()[0].run { backend in
      let model = try RandomModel(on: backend)
      let layout = model.parameters.layout
      var settings = OptimizerSettings()
      settings.learningRate = 0.5
      settings.sharedRateScale = 0
      let optimizer = try Optimizer(layout, settings: settings, totalSteps: 1, on: backend)
      let gradients = try model.parameters.copy(on: backend)
      let before = try backend.floats(model.parameters.flat)
      _ = try optimizer.update(model.parameters, gradients)
      let after = try backend.floats(model.parameters.flat)
      #expect(after[layout.embeddingCount...] == before[layout.embeddingCount...])
      let embedding = layout.entries[0].count
      #expect(zip(after, before).prefix(embedding).allSatisfy { $0 != $1 })
      #expect(embedding <= layout.embeddingCount && layout.embeddingCount < layout.matrixCount)
    }
  }

  /// A row of weight 2 is the row twice, and one of weight 0 is not there.
  @Test(arguments: TestBackends.all(), [LossReduction.token, .sequence])
  func rowsCountByTheirWeight(_ named: NamedBackend, _ reduction: LossReduction) throws {
    let rows = Array(try LearnerTests.rollout.get().prefix(8))
    var weighted = rows
    weighted[1].weight = 2
    weighted[4].weight = 0
    let repeated = [rows[0], rows[1], rows[1], rows[2], rows[3]] + rows[5...]
    try named.run { backend in
      func run(_ rows: [RolloutRow]) throws -> [InnerStepMetrics] {
        try LearnerTests.learner(
          LearnerTests.settings(reduction: reduction, inner: 2), beta1: 0, clip: 0, on: backend
        ).learn(from: rows)
      }
      for (a, b) in zip(try run(weighted), try run(repeated)) {
        for path in [
          \InnerStepMetrics.loss, \.surrogate, \.klMagnet, \.klOld, \.entropy, \.ratio, \.gradNorm,
        ] {
          let error = abs(a[keyPath: path] - b[keyPath: path])
          #expect(error <= 1e-6 + 2e-5 * abs(b[keyPath: path]), "\(path)")
        }
      }
      #expect(throws: TrainingError.emptyRollout) {
        try run(
          rows.map {
            RolloutRow(prompt: $0.prompt, response: $0.response, advantage: 0, weight: 0)
          })
      }
    }
  }
}
