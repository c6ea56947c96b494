import Foundation
import MPO
import MPOBackend
import TestSupport
import Testing

/// The losses of whole responses: values worked out by hand, derivatives against differences, and what
/// their minimisers are.
@Suite struct AlgorithmLossTests {
  static let losses: [any ResponseLoss] = [
    DPOLoss(beta: 0.1), DPOLoss(beta: 0.7, labelSmoothing: 0.2), IPOLoss(beta: 0.3),
    IPOLoss(beta: 0.3, averagesLogProbs: true), INPOLoss(eta: 0.5, tau: 0.2),
    SPPOLoss(eta: 4), RLOOLoss(beta: 0.05), RLOOLoss(beta: 0.2, clip: 0),
  ]

  static func group(_ k: Int, seed: UInt64, rewards: Bool = false) -> ResponseGroup {
    var generator = PhiloxGenerator(seed: seed, domain: .test)
    func draw(_ count: Int) -> [Double] { (0..<count).map { _ in Double(generator.normal()) } }
    var p = [Double](repeating: 0.5, count: k * k)
    for i in 0..<k {
      for j in 0..<i {
        p[i * k + j] = Double(generator.uniform())
        p[j * k + i] = 1 - p[i * k + j]
      }
    }
    let policy = draw(k).map { $0 - 5 }
    return ResponseGroup(
      policy: policy, old: zip(policy, draw(k)).map { $0 + 0.1 * $1 },
      reference: zip(policy, draw(k)).map { $0 + $1 }, preferences: p,
      lengths: (0..<k).map { 3 + 2 * $0 }, rewards: rewards ? draw(k) : nil)
  }

  @Test(arguments: losses.indices, [1, 2, 5])
  func derivativesAreThoseOfTheLoss(_ index: Int, _ k: Int) {
    let loss = Self.losses[index]
    for seed in 0..<4 {
      let group = Self.group(k, seed: UInt64(seed), rewards: seed % 2 == 1)
      let value = loss.value(group)
      #expect(value.gradient.count == k && value.loss.isFinite)
      for i in 0..<k {
        func moved(_ h: Double) -> Double {
          var other = group
          other.policy[i] += h
          return loss.value(other).loss
        }
        let h = 1e-5
        let expected = (moved(h) - moved(-h)) / (2 * h)
        #expect(abs(value.gradient[i] - expected) <= 1e-7 * max(1, abs(expected)), "\(loss) \(i)")
      }
    }
  }

  @Test func valuesByHand() {
    // h = .3, P = 1.
    let pair = ResponseGroup(
      policy: [-1.0, -2.0], old: [-1.25, -1.75], reference: [-1.2, -1.9],
      preferences: [0.5, 1, 0, 0.5], lengths: [2, 4])
    func expect(_ loss: any ResponseLoss, _ value: Double, _ slopes: [Double]) {
      let found = loss.value(pair)
      #expect(abs(found.loss - value) < 1e-12, "\(loss): \(found.loss)")
      for (a, b) in zip(found.gradient, slopes) { #expect(abs(a - b) < 1e-12, "\(loss): \(a)") }
    }
    let s = 1 / (1 + exp(-0.5 * 0.3))
    expect(DPOLoss(beta: 0.5), -log(s), [0.5 * (s - 1), -0.5 * (s - 1)])
    expect(
      DPOLoss(beta: 0.5, labelSmoothing: 0.1), -0.9 * log(s) - 0.1 * log(1 - s),
      [0.5 * (s - 0.9), -0.5 * (s - 0.9)])
    // (.3 - 1 / (2 * .5))^2
    expect(IPOLoss(beta: 0.5), 0.49, [-1.4, 1.4])
    // .2 / 2 - (-.1) / 4 = .125
    expect(
      IPOLoss(beta: 0.5, averagesLogProbs: true), 0.875 * 0.875, [-0.875, 1.75 / 4])
    // d = 1, d_mu = .7, d_k = .5: 1 - .25 * .7 - .75 * .5 - 1 / (2 * .8)
    let rest = 1 - 0.175 - 0.375 - 0.625
    expect(INPOLoss(eta: 0.8, tau: 0.2), rest * rest, [2 * rest, -2 * rest])
    // log pi/pi_k = .25, -.25; r - 1/2 = +-.5
    expect(SPPOLoss(eta: 2), 0.75 * 0.75, [-0.75, 0.75])
    // R = 1 - .1 * (-.05), 0 - .1 * .15; A = +-1.02
    let a = 1.0 - 0.1 * -0.05 - (0 - 0.1 * 0.15)
    expect(
      RLOOLoss(beta: 0.1, clip: 0), -(exp(0.25) * a - exp(-0.25) * a) / 2,
      [-exp(0.25) * a / 2, exp(-0.25) * a / 2])
    // Both ratios are beyond the clip on the side where it holds.
    expect(RLOOLoss(beta: 0.1, clip: 0.2), -(1.2 * a - 0.8 * a) / 2, [0, 0])
  }

  @Test func dpoKeepsItsDigitsFarOut() {
    var group = Self.group(2, seed: 1)
    group.policy = [-2_000, -10]
    group.reference = [-10, -2_000]
    group.preferences = [0.5, 1, 0, 0.5]
    let value = DPOLoss(beta: 1).value(group)
    #expect(value.loss == 3_980 && value.gradient == [-1, 1])
  }

  /// On a game with uniform pi_k, all responses drawn once, INPO's minimiser is the closed form of
  /// magnetic mirror descent and SPPO's (with its partition function) multiplicative weights.
  @Test func inpoStandsStillAtTheMirrorStep() {
    let p = [[0.5, 0.1, 0.8], [0.9, 0.5, 0.1], [0.2, 0.9, 0.5]]
    let reference = [0.2, 0.5, 0.3].map { log($0) }
    let old = [Double](repeating: log(1.0 / 3), count: 3)
    let (eta, alpha) = (0.3, 0.1)
    let rates = p.map { $0.reduce(0, +) / 3 }
    let unnormalised = (0..<3).map {
      (old[$0] + eta * alpha * reference[$0] + eta * rates[$0]) / (1 + eta * alpha)
    }
    let group = ResponseGroup(
      policy: unnormalised, old: old, reference: reference, preferences: p.flatMap { $0 })
    let loss = INPOLoss(eta: (1 + eta * alpha) / eta, tau: alpha)
    #expect(loss.value(group).gradient.allSatisfy { abs($0) < 1e-12 })
    var moved = group
    moved.policy[0] += 0.1
    #expect(loss.value(moved).gradient.contains { abs($0) > 1e-2 })
  }

  // MARK: - Advantages of tokens

  @Test func advantagesOfTokens() {
    let ratios = [[0.1, 0.2, -0.3], [0.4], [-0.2, 0.6]]
    let a = [0.25, -0.5, 0.25]
    func expect(_ estimator: AdvantageEstimator, _ expected: [[Double]]) {
      let found = estimator.tokens(advantages: a, logRatios: ratios)
      #expect(found.map(\.count) == expected.map(\.count))
      for (x, y) in zip(found.joined(), expected.joined()) {
        #expect(abs(x - y) < 1e-12, "\(estimator): \(found)")
      }
    }
    expect(.response, [[0.25, 0.25, 0.25], [-0.5], [0.25, 0.25]])
    expect(
      .penalized(beta: 0.5, penalty: .sequence), [[0.25, 0.25, 0.25], [-0.7], [0.05, 0.05]])
    expect(
      .penalized(beta: 0.5, penalty: .toGo), [[0.25, 0.3, 0.4], [-0.7], [0.05, -0.05]])
    expect(
      .penalized(beta: 0.5, penalty: .token), [[0.2, 0.15, 0.4], [-0.7], [0.35, -0.05]])
    // To go: (0, -.1, -.3), (.4), (.4, .6); the baseline is the mean over the others that are there.
    expect(
      .rewardTransformed(alpha: 0.5),
      [
        [0.25 - 0.5 * (0 - 0.4), 0.25 - 0.5 * (-0.1 - 0.6), 0.25 - 0.5 * -0.3],
        [-0.5 - 0.5 * (0.4 - 0.2)], [0.25 - 0.5 * (0.4 - 0.2), 0.25 - 0.5 * (0.6 + 0.1)],
      ])
  }

  @Test func everyAlgorithmHasDefaults() throws {
    for algorithm in Algorithm.allCases {
      var c = AlignmentConfiguration()
      let given = try c.apply(yaml: "algorithm: \(algorithm.rawValue)")
      c.complete(given: given)
      #expect(c.settingsWithoutEffect.isEmpty)
      #expect(algorithm.isOffline == [.dpo, .ipo].contains(algorithm))
    }
    var comal = AlignmentConfiguration()
    comal.complete(given: try comal.apply(yaml: "algorithm: comal\neta: 0.3\nbeta: 1"))
    #expect(comal.eta == 0.3 && abs(comal.tau - 0.1) < 1e-12 && comal.magnetSyncSteps == 12)
    #expect(comal.settingsWithoutEffect == ["beta"])
    var refused = AlignmentConfiguration()
    refused.complete(given: try refused.apply(yaml: "beta: 1\nmodel: x\ndataset: y"))
    #expect { try refused.validate() } throws: { "\($0)".contains("'magnet_coef'") }
  }
}
