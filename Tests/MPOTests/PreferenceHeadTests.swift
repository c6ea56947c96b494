import Foundation
import MPO
import MPOBackend
import MPOModel
import TestSupport
import Testing

@testable import MPO

/// The three heads as formulas, and their gradients through a decoder.
@Suite struct PreferenceHeadTests {
  private static func random(_ count: Int, _ seed: UInt64) -> [Double] {
    var generator = PhiloxGenerator(seed: seed, domain: .test)
    return (0..<count).map { _ in Double(generator.normal()) }
  }

  /// `<R v_i, v_j> / tau` with the matrix written out.
  @Test func theGeneralLogitIsThatOfTheMatrix() throws {
    for case .general(let settings) in PreferenceFixture.heads {
      let n = settings.dimension
      var (a, b) = (Self.random(n, 1), Self.random(n, 2))
      let logit = PreferenceHead.general(settings).logit(a, b)
      if settings.isNormalized {
        func unit(_ v: [Double]) -> [Double] {
          let length = sqrt(v.reduce(0) { $0 + $1 * $1 })
          return v.map { $0 / length }
        }
        (a, b) = (unit(a), unit(b))
      }
      var r = [[Double]](repeating: [Double](repeating: 0, count: n), count: n)
      for l in stride(from: 0, to: n, by: 2) { (r[l][l + 1], r[l + 1][l]) = (-1, 1) }
      let rotated = r.map { row in zip(row, a).reduce(0) { $0 + $1.0 * $1.1 } }
      let expected = zip(rotated, b).reduce(0) { $0 + $1.0 * $1.1 } / settings.temperature
      #expect(abs(logit - expected) < 1e-12)
    }
  }

  @Test(arguments: PreferenceFixture.heads)
  func antisymmetricWithExactGradients(_ head: PreferenceHead) throws {
    let n = head.outputs
    let (a, b) = (Self.random(n, 3), Self.random(n, 4))
    #expect(head.logit(a, b) == -head.logit(b, a))
    #expect(head.logit(a, a) == 0)
    let gradient = head.gradient(a, b)
    let step = 1e-6
    for k in 0..<n {
      func moved(_ v: [Double], _ by: Double) -> [Double] {
        var v = v
        v[k] += by
        return v
      }
      let da = (head.logit(moved(a, step), b) - head.logit(moved(a, -step), b)) / (2 * step)
      let db = (head.logit(a, moved(b, step)) - head.logit(a, moved(b, -step))) / (2 * step)
      #expect(abs(da - gradient.a[k]) < 1e-7 * max(1, abs(da)))
      #expect(abs(db - gradient.b[k]) < 1e-7 * max(1, abs(db)))
    }
  }

  @Test func crossEntropyOfHardAndSoftLabels() {
    for (logit, label) in [(0.3, 1.0), (-2.0, 0.5), (800.0, 0.0), (-800.0, 0.0), (1.5, 0.2)] {
      let (loss, derivative) = PreferenceLoss.crossEntropy(logit: logit, label: label)
      let p = 1 / (1 + exp(-logit))
      #expect(abs(derivative - (p - label)) < 1e-12)
      if abs(logit) < 100 {
        #expect(abs(loss - (-label * log(p) - (1 - label) * log(1 - p))) < 1e-12)
      }
    }
    #expect(PreferenceLoss.crossEntropy(logit: 800, label: 0).loss == 800)
    #expect(PreferenceLoss.crossEntropy(logit: 800, label: 1).loss == 0)
  }

  /// The gradient of the whole model along a random direction, against the loss at both sides.
  @Test(arguments: TestBackends.all(), PreferenceFixture.heads)
  func gradientsAreThoseOfTheLoss(_ named: NamedBackend, _ head: PreferenceHead) throws {
    let fixture = try PreferenceFixture()
    let pairs = PreferenceFixture.tokenizedPairs()
    try named.run { backend in
      for adapted in [false, true] {
        let model = try fixture.model(head, adapted: adapted, on: backend)
        let flat = model.model.parameters.flat
        let optimizer = try Optimizer(
          model.model.parameters.layout, settings: OptimizerSettings(), totalSteps: 1, on: backend)
        let learner = try PreferenceLearner(
          model, optimizer: optimizer, centering: head == .bradleyTerry ? 0.3 : 0)
        // Away from adapters' zeros, and scores that are not all small.
        let start = zip(
          try backend.floats(flat), Self.random(flat.count, 6)
        ).map { $0 + Float($1) * 0.05 }
        func loss(_ values: [Float]) throws -> (Double, [Float]) {
          try values.withUnsafeBytes { try backend.upload($0, to: flat) }
          let (loss, gradients) = try learner.measure(pairs)
          return (loss, try backend.floats(gradients.flat))
        }
        let gradient = try loss(start).1
        let length = sqrt(gradient.reduce(0.0) { $0 + Double($1) * Double($1) })
        #expect(length > 1e-3)
        // Along the gradient itself the change is its length.
        // A step that changes the loss by some hundredths: a small temperature bends it.
        let step = min(2e-3, 0.02 / length)
        func moved(_ sign: Double) -> [Float] {
          zip(start, gradient).map { $0 + Float(sign * step * Double($1) / length) }
        }
        let slope = (try loss(moved(1)).0 - loss(moved(-1)).0) / (2 * step)
        let tolerance = named.name == "cpu-bf16" ? 5e-2 : 3e-3
        #expect(abs(slope - length) < tolerance * length, "\(slope), \(length)")
      }
    }
  }

  /// Every device gives the scores of the CPU, whatever the batch.
  @Test(arguments: TestBackends.all())
  func scoresAreThoseOfTheSpecification(_ named: NamedBackend) throws {
    let fixture = try PreferenceFixture()
    let texts = (0..<9).map {
      RandomModel.tokens(2 + 5 * $0 % 17, seed: UInt64($0), vocabulary: 300)
    }
    let head = PreferenceFixture.heads[2]
    let expected = try TestBackends.cpus()[0].run {
      let model = try fixture.model(head, on: $0)
      return try texts.map { try model.outputs([$0])[0] }
    }
    let found = try named.run { try fixture.model(head, on: $0).outputs(texts) }
    let tolerance = named.name == "cpu-bf16" ? 2e-2 : 1e-5
    for (a, b) in zip(found, expected) {
      #expect(zip(a, b).allSatisfy { abs($0 - $1) < tolerance }, "\(a), \(b)")
    }
  }

  @Test func probabilitiesAddUpExactly() throws {
    let fixture = try PreferenceFixture()
    try TestBackends.cpus()[1].run { backend in
      for head in PreferenceFixture.heads {
        let model = try fixture.model(head, on: backend)
        let question = PreferenceQuestion(
          prompt: [5, 6, 7],
          responses: (0..<6).map { RandomModel.tokens(5, seed: UInt64($0), vocabulary: 300) })
        let logits = try model.logits([question, question])
        #expect(logits[0] == logits[1])
        let p = logits[0].probabilities
        for i in 0..<6 {
          #expect(p[i * 6 + i] == 0.5)
          for j in 0..<6 { #expect(p[i * 6 + j] + p[j * 6 + i] == 1) }
        }
        // The same comparison in both orders of the question.
        let turned = try model.logits([
          PreferenceQuestion(prompt: [5, 6, 7], responses: question.responses.reversed())
        ])[0]
        // Another place in the batch is another order of sums.
        #expect(abs(turned[0, 5] + logits[0][0, 5]) < 1e-5)
        if head == .bradleyTerry { #expect(logits[0].cyclicTriples == (0, 20)) }
      }
    }
  }

  @Test func aCircleIsACyclicTriple() {
    let circle = PreferenceLogits(responses: 4) { i, j in
      [[0, 1, -1, 1], [0, 0, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0]][i][j]
    }
    #expect(circle.cyclicTriples == (1, 4))
  }

  @Test func longTextsLoseThePromptFirst() {
    let single = PairText(maxLength: 6, separators: [])
    #expect(single.single([1, 2, 3, 4], [7, 8, 9]) == [2, 3, 4, 7, 8, 9])
    #expect(single.single([1, 2], [3, 4, 5, 6, 7, 8, 9]) == [3, 4, 5, 6, 7, 9])
    let pair = PairText(maxLength: 9, separators: [[90], [91], [92]])
    #expect(pair.pair([1, 2, 3, 4], [5], [6, 7]) == [2, 3, 4, 90, 5, 91, 6, 7, 92])
    #expect(pair.pair([1], [2, 3, 4, 5, 6], [7, 8]) == [90, 2, 3, 4, 6, 91, 7, 8, 92])
    #expect(pair.pair([1], [2, 3, 4, 5], [6, 7, 8, 9]) == [90, 2, 3, 5, 91, 6, 7, 9, 92])
  }
}
