import Foundation
import MPOBackend
import MPOModel
import TestSupport
import Testing

@testable import MPO

/// Every algorithm's loss and gradient against TRL's code or a float64 formula (see `LossFixtures`).
@Suite struct LossReferenceTests {
  @Test func everyAlgorithmHasACase() throws {
    let fixtures = try LossFixtures.read()
    let known = Set((fixtures.tables + fixtures.models).map(\.algorithm))
    // MPO's loss is a function of whole distributions: MagneticLossTests and the golden files.
    #expect(known == Set(Algorithm.allCases.map(\.rawValue)).subtracting(["mpo"]))
  }

  @Test(arguments: try LossFixtures.read().tables)
  func logProbabilities(_ fixture: LossFixtures.Case) throws {
    let policy = try #require(fixture.policy)
    let old = try #require(fixture.old)
    let reference = try #require(fixture.reference)
    let c = try fixture.configuration()
    #expect(c.settingsWithoutEffect.isEmpty)
    var loss = 0.0
    var gradient: [Double] = []
    let prompts = Double(fixture.preferences.count)
    for n in fixture.preferences.indices {
      let rows = (n * fixture.samples)..<((n + 1) * fixture.samples)
      let judged = fixture.group(n, c)
      if let function = c.responseLoss {
        func sums(_ tokens: [[Double]]) -> [Double] { tokens[rows].map { $0.reduce(0, +) } }
        let lengths = policy[rows].map(\.count)
        let value = function.value(
          ResponseGroup(
            policy: sums(policy), old: sums(old), reference: sums(reference),
            preferences: judged.preferences, lengths: lengths, winRates: judged.winRates,
            rewards: judged.rewards))
        loss += value.loss / prompts
        for (slope, length) in zip(value.gradient, lengths) {
          gradient += Array(repeating: slope / prompts, count: length)
        }
      } else {
        // -rho A at rho = 1, summed over tokens: the value and the slope are both -A.
        let advantages = c.tokenLoss.advantage.tokens(
          advantages: fixture.advantages(judged),
          logRatios: rows.map { i in zip(old[i], reference[i]).map { $0 - $1 } })
        let slopes = advantages.joined().map { -$0 / Double(fixture.samples) / prompts }
        loss += slopes.reduce(0, +)
        gradient += slopes
      }
    }
    #expect(relativeError(loss, fixture.loss) < 1e-9)
    let wanted = try #require(fixture.gradient).flatMap { $0 }
    try #require(gradient.count == wanted.count)
    let error = zip(gradient, wanted).reduce(0.0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    let size = wanted.reduce(0.0) { $0 + $1 * $1 }
    #expect(error.squareRoot() < 1e-9 * size.squareRoot())
  }

  /// The learner that `magnetic train` uses, one optimizer step on given responses: loss, and norm
  /// of the gradient of every parameter.
  @Test(arguments: try LossFixtures.read().models)
  func models(_ fixture: LossFixtures.Case) throws {
    guard let folder = SharedData.path("parity/llama") else { return }
    let backend = try CPUBackend()
    let decoder = Decoder(try ModelConfiguration(folder: folder).shape, on: backend)
    let policy = try ParameterSet.load(
      ModelWeights(folder: folder), layout: ParameterLayout(decoder.shape), on: backend)
    let reference = try policy.copy(on: backend)
    try backend.copy(
      backend.tensor(backend.floats(policy.flat).map { $0 * 0.97 }), to: reference.flat)
    let c = try fixture.configuration(["--inner_steps=1", "--magnet_sync_steps=0"])
    let learner = try c.makeLearner(
      PolicyStates(
        decoder, policy: policy, magnet: reference,
        optimizer: Optimizer(policy.layout, settings: c.optimizer, totalSteps: 1, on: backend)))
    let metrics = try learner.learn(from: rollout(fixture, c))
    // Losses near zero are differences of larger numbers.
    let loss = try #require(metrics.first).loss
    #expect(abs(loss - fixture.loss) < 1e-5 * max(abs(fixture.loss), 0.1))
    let norms = try #require(fixture.norms)
    let whole = norms.values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let gradients = learner.states.gradients
    #expect(Set(gradients.layout.entries.map(\.name)) == Set(norms.keys))
    for entry in gradients.layout.entries {
      let values = try backend.floats(gradients.tensor(entry))
      let norm = values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      let wanted = try #require(norms[entry.name])
      #expect(abs(norm - wanted) < 1e-5 * max(wanted, 1e-2 * whole), "\(entry.name)")
    }
  }

  private func rollout(
    _ fixture: LossFixtures.Case, _ c: AlignmentConfiguration
  ) throws -> Rollout {
    let prompts = try #require(fixture.prompts)
    let responses = try #require(fixture.responses)
    var rollout = Rollout(rows: [], groups: [])
    for n in prompts.indices {
      let group = fixture.group(n, c)
      for (i, advantage) in fixture.advantages(group).enumerated() {
        rollout.rows.append(
          RolloutRow(
            prompt: prompts[n], response: responses[n * fixture.samples + i],
            advantage: Float(advantage), group: n))
      }
      rollout.groups.append(group)
    }
    return rollout
  }
}
