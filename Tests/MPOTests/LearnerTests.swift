import Foundation
import MPO
import MPOBackend
import MPOModel
import TestSupport
import Testing

/// The inner step of MPO and of cross-entropy training: the same on every backend, and the gradient
/// of the loss that its formula says.
@Suite struct LearnerTests {
  static func optimizer(
    _ layout: ParameterLayout, rate: Double = 3e-3, beta1: Double = 0.9, clip: Double = 1,
    on backend: any ComputeBackend
  ) throws -> Optimizer {
    var settings = OptimizerSettings()
    settings.learningRate = rate
    settings.beta1 = beta1
    settings.maxGradNorm = clip
    return try Optimizer(layout, settings: settings, totalSteps: 100, on: backend)
  }

  // MARK: - Cross-entropy

  /// Ten losses on ten batches of sequences of mixed lengths.
  static func tenLosses(
    _ decoder: Decoder, _ parameters: ParameterSet, rows: [[Int32]]
  ) throws -> [Double] {
    let learner = try CrossEntropyLearner(
      decoder, policy: parameters,
      // Adam turns the rounding of a gradient near zero into whole steps, so they are small ones.
      optimizer: Self.optimizer(parameters.layout, rate: 5e-4, on: decoder.backend))
    return try (0..<10).map { step in
      let batch = (0..<4).map { rows[(4 * step + $0) % rows.count] }
      return try learner.step([batch]).loss
    }
  }

  static func randomLosses(_ backend: any ComputeBackend) throws -> [Double] {
    let model = try RandomModel(on: backend)
    let rows = (0..<12).map { RandomModel.tokens(2 + 5 * $0 % 31, seed: UInt64($0)) }
    return try tenLosses(model.decoder, model.parameters, rows: rows)
  }

  static func storiesLosses(_ backend: any ComputeBackend, _ folder: String) throws -> [Double] {
    let model = try LanguageModel.load(folder, on: backend)
    let rows = [
      "Once upon a time, there was a little girl named Lily.",
      "The dog and the cat went to the park. They played all day, and then they were tired.",
      "\"No!\" said Tom.", "One day, a big bird saw a small boy with a red ball.",
      "Zebras juggle xylophones quietly.",
    ].map { model.tokenizer.encode($0) }
    return try tenLosses(model.decoder, model.parameters, rows: rows)
  }

  static let randomReference = Result { try TestBackends.cpus()[0].run { try randomLosses($0) } }
  static let storiesReference = Result<[Double], any Error> {
    guard let folder = SharedData.path("models/stories260K") else { return [] }
    return try TestBackends.cpus()[0].run { try storiesLosses($0, folder) }
  }

  @Test(arguments: TestBackends.all())
  func tenCrossEntropyLossesAgree(_ named: NamedBackend) throws {
    let expected = try Self.randomReference.get()
    let found = try named.run { try Self.randomLosses($0) }
    for (a, b) in zip(found, expected) { #expect(relativeError(a, b) <= 1e-4, "\(a), \(b)") }
    #expect(Set(found).count == 10 && found.allSatisfy { $0 > 3 && $0 < 9 }, "\(found)")
    guard let folder = SharedData.path("models/stories260K") else { return }
    let stories = try named.run { try Self.storiesLosses($0, folder) }
    for (a, b) in zip(stories, try Self.storiesReference.get()) {
      #expect(relativeError(a, b) <= 1e-4, "stories260K: \(a), \(b)")
    }
    #expect(stories[9] < stories[0] - 0.1 && stories.count == 10, "it learns: \(stories)")
  }

  // MARK: - One stored rollout

  /// Three prompts with eight responses each, drawn once on the CPU; a zero-sum preference makes
  /// the advantages, so that they sum to zero for each prompt.
  static let rollout = Result {
    try TestBackends.cpus()[0].run { backend in
      let model = try RandomModel(on: backend)
      let prompts = [4, 9, 1].enumerated().map { RandomModel.tokens($1, seed: 50 + UInt64($0)) }
      let completions = try Generator(model.decoder, model.parameters).generate(
        prompts, samples: 8,
        settings: GenerationSettings(maxNewTokens: 10, stopTokens: [0, 1, 2, 3], seed: 3))
      return zip(prompts, completions).flatMap { prompt, list -> [RolloutRow] in
        // Rock, paper, scissors on the first token.
        let moves = list.map { $0.tokens[0] % 3 }
        return zip(list, moves).map { completion, move in
          let wins = moves.reduce(0.0) {
            $0 + ((move - $1 + 3) % 3 == 1 ? 1 : (move == $1 ? 0.5 : 0))
          }
          return RolloutRow(
            prompt: prompt, response: completion.tokens,
            advantage: Float((wins - 0.5) / 7 - 0.5))
        }
      }
    }
  }

  static func settings(
    reduction: LossReduction = .token, clip: Float = 0, inner: Int = 4, parts: Int = 1,
    klToGo: Bool = false, checkpointing: Bool = false, sync: Int = 0, mixup: Float = 1
  ) -> LearnerSettings {
    LearnerSettings(
      loss: MagneticLossSettings(
        alpha: 0.3, eta: 0.8, clip: clip, transform: LogitTransform(scale: 1.25)),
      reduction: reduction, innerSteps: inner, accumulationSteps: parts,
      advantage: klToGo ? .klToGo : .response,
      gradientCheckpointing: checkpointing, magnetSyncSteps: sync, magnetMixup: mixup)
  }

  /// A learner whose magnet is another model.
  static func learner(
    _ settings: LearnerSettings, rate: Double = 3e-3, beta1: Double = 0.9, clip: Double = 1,
    on backend: any ComputeBackend
  ) throws -> Learner {
    let model = try RandomModel(on: backend)
    let magnet = try RandomModel(seed: 2, on: backend).parameters
    return try Learner(
      model.decoder, policy: model.parameters, magnet: magnet,
      optimizer: optimizer(
        model.parameters.layout, rate: rate, beta1: beta1, clip: clip, on: backend),
      settings: settings)
  }

  static let innerReference = Result {
    let rows = try rollout.get()
    return try TestBackends.cpus()[0].run { backend in
      try [LossReduction.token, .sequence].map {
        try learner(settings(reduction: $0), on: backend).learn(from: rows)
      }
    }
  }

  @Test(arguments: TestBackends.all(), [LossReduction.token, .sequence])
  func innerStepsAgree(_ named: NamedBackend, _ reduction: LossReduction) throws {
    let rows = try Self.rollout.get()
    let expected = try Self.innerReference.get()[reduction == .token ? 0 : 1]
    let found = try named.run {
      try Self.learner(Self.settings(reduction: reduction), on: $0).learn(from: rows)
    }
    #expect(found.count == 4 && expected.count == 4)
    for (step, (a, b)) in zip(found, expected).enumerated() {
      for (name, x, y) in [
        ("surrogate", a.surrogate, b.surrogate), ("KL to the magnet", a.klMagnet, b.klMagnet),
        ("KL to the generator", a.klOld, b.klOld), ("gradient norm", a.gradNorm, b.gradNorm),
      ] {
        #expect(abs(x - y) <= max(1e-7, 1e-4 * abs(y)), "step \(step), \(name): \(x), \(y)")
      }
    }
    // The figures are alive: the policy moves away from the generator and towards the magnet.
    #expect(expected[3].klOld > 1e-4 && expected[3].klMagnet < expected[0].klMagnet)
    #expect(expected[3].surrogate > 1e-4 && expected[0].gradNorm > 1e-3)
  }

  @Test(arguments: TestBackends.all())
  func theFirstInnerStepStandsAtTheGenerator(_ named: NamedBackend) throws {
    let rows = try Self.rollout.get()
    try named.run { backend in
      let learner = try Self.learner(Self.settings(), on: backend)
      for _ in 0..<2 {
        let first = try learner.learn(from: rows)[0]
        #expect(abs(first.ratio - 1) <= 1e-7 && abs(first.klOld) <= 1e-9, "\(first)")
      }
    }
  }

  // MARK: - The gradient

  /// The loss as its formula says, in double precision from the model's logits: `parameters` against
  /// the generating policy `old` and the magnet.
  static func loss(
    _ rows: [RolloutRow], _ network: any PolicyNetwork, _ parameters: ParameterSet,
    old: ParameterSet, magnet: ParameterSet, _ settings: LearnerSettings
  ) throws -> Double {
    let batch = rows.map { $0.prompt + $0.response.dropLast() }
    let policy = try logProbs(batch, network, parameters, settings.loss)
    let generator = try logProbs(batch, network, old, settings.loss)
    let anchor = try logProbs(batch, network, magnet, settings.loss)
    let tokens = rows.reduce(0) { $0 + $1.response.count }
    let weight = 1 / Double(settings.reduction == .token ? tokens : rows.count)
    let (alpha, eta) = (Double(settings.loss.alpha), Double(settings.loss.eta))
    let clip = Double(settings.loss.clip)
    var sum = 0.0
    for (n, row) in rows.enumerated() {
      for (t, token) in row.response.enumerated() {
        let s = row.prompt.count - 1 + t
        let (p, q, m) = (policy[n][s], generator[n][s], anchor[n][s])
        let ratio = exp(p[Int(token)] - q[Int(token)])
        let advantage = Double(row.advantage)
        var surrogate = ratio * advantage
        if clip > 0 {
          surrogate = min(surrogate, min(max(ratio, 1 - clip), 1 + clip) * advantage)
        }
        var (toMagnet, toOld) = (0.0, 0.0)
        for v in p.indices {
          toMagnet += exp(p[v]) * (p[v] - m[v])
          toOld += exp(p[v]) * (p[v] - q[v])
        }
        sum += weight * (-surrogate + alpha * toMagnet + toOld / eta)
      }
    }
    return sum
  }

  /// log pi(. | s) at every position, (rows, positions, V).
  static func logProbs(
    _ rows: [[Int32]], _ network: any PolicyNetwork, _ parameters: ParameterSet,
    _ settings: MagneticLossSettings
  ) throws -> [[[Double]]] {
    let backend = network.backend
    let batch = try network.pack(rows)
    let hidden = try network.hidden(
      batch, TrainableParameters(values: parameters), tape: Tape(backend, recording: false),
      checkpointing: false)
    let logits = try backend.floats(network.logits(hidden.value, parameters))
    let v = network.vocabulary
    return rows.indices.map { n in
      (batch.starts[n]..<batch.starts[n + 1]).map { row in
        let scale = Double(settings.transform.scale)
        let z = logits[row * v..<(row + 1) * v].map { Double($0) * scale }
        let top = z.max() ?? 0
        let log = Foundation.log(z.reduce(0) { $0 + exp($1 - top) }) + top
        return z.map { $0 - log }
      }
    }
  }

  /// Loss and gradient of the second inner step (the first has ratio 1 and no KL to the generator)
  /// against the formula above and its central differences. With beta1 = 0 and no clipping the
  /// optimizer's first moment is the gradient itself.
  @Test(
    arguments: [LossReduction.token, .sequence], [Float(0), 0.05])
  func gradientIsThatOfTheLoss(_ reduction: LossReduction, _ clip: Float) throws {
    let rows = try Self.rollout.get()
    try TestBackends.cpus()[1].run { backend in
      let one = try Self.learner(
        Self.settings(reduction: reduction, clip: clip, inner: 1), beta1: 0, clip: 0, on: backend)
      let old = try one.policy.copy(on: backend)
      _ = try one.learn(from: rows)
      let two = try Self.learner(
        Self.settings(reduction: reduction, clip: clip, inner: 2), beta1: 0, clip: 0, on: backend)
      let metrics = try two.learn(from: rows)
      let gradient = try backend.floats(two.optimizer.firstMoment.flat)

      var values = try backend.floats(one.policy.flat)
      let moved = try one.policy.copy(on: backend)
      func loss(_ index: Int, _ step: Float) throws -> Double {
        let before = values[index]
        values[index] = before + step
        try values.withUnsafeBytes { try backend.upload($0, to: moved.flat) }
        values[index] = before
        return try Self.loss(
          rows, one.network, moved, old: old, magnet: one.magnet, one.settings)
      }
      #expect(relativeError(metrics[1].loss, try loss(0, 0)) < 1e-5)
      // The largest element of every weight, and of the layout's gaps none.
      let h: Float = 1.0 / 128
      for entry in one.policy.layout.entries {
        let range = entry.offset..<entry.offset + entry.count
        let index = range.max { abs(gradient[$0]) < abs(gradient[$1]) } ?? entry.offset
        let near = try loss(index, h) - loss(index, -h)
        let far = try loss(index, 2 * h) - loss(index, -2 * h)
        let expected = (8 * near - far) / (12 * Double(h))
        let error = abs(Double(gradient[index]) - expected)
        #expect(
          error <= 2e-3 * abs(expected) + 1e-5,
          "\(entry.name): \(gradient[index]), differences \(expected)")
      }
    }
  }

  // MARK: - Equal ways

  @Test(arguments: TestBackends.all(), [LossReduction.token, .sequence])
  func microBatchesAndRecomputationChangeNothing(
    _ named: NamedBackend, _ reduction: LossReduction
  ) throws {
    let rows = try Self.rollout.get()
    try named.run { backend in
      func run(_ settings: LearnerSettings) throws -> ([InnerStepMetrics], [Float]) {
        let learner = try Self.learner(settings, beta1: 0, clip: 0, on: backend)
        let metrics = try learner.learn(from: rows)
        return (metrics, try backend.floats(learner.optimizer.firstMoment.flat))
      }
      let (whole, gradient) = try run(Self.settings(reduction: reduction, inner: 2))
      let norm = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      for settings in [
        Self.settings(reduction: reduction, inner: 2, parts: 3),
        Self.settings(reduction: reduction, inner: 2, checkpointing: true),
        Self.settings(reduction: reduction, inner: 2, parts: 5, checkpointing: true),
      ] {
        let (metrics, other) = try run(settings)
        for (a, b) in zip(metrics, whole) {
          for path in [
            \InnerStepMetrics.loss, \.surrogate, \.klMagnet, \.klOld, \.entropy, \.gradNorm,
          ] {
            let error = abs(a[keyPath: path] - b[keyPath: path])
            #expect(error <= 1e-6 + 2e-5 * abs(b[keyPath: path]), "\(path)")
          }
        }
        let difference = zip(other, gradient).reduce(0) {
          $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1))
        }.squareRoot()
        #expect(difference <= 1e-4 * norm)
      }
    }
  }

  @Test func crossEntropyMicroBatchesChangeNothing() throws {
    try TestBackends.cpus()[1].run { backend in
      let rows = (0..<6).map { RandomModel.tokens(3 + 4 * $0, seed: UInt64($0)) }
      func run(_ parts: [[[Int32]]], _ checkpointing: Bool) throws -> [CrossEntropyMetrics] {
        let model = try RandomModel(on: backend)
        let learner = try CrossEntropyLearner(
          model.decoder, policy: model.parameters,
          optimizer: Self.optimizer(model.parameters.layout, on: backend),
          gradientCheckpointing: checkpointing)
        return try (0..<3).map { _ in try learner.step(parts) }
      }
      let whole = try run([rows], false)
      let parts = [Array(rows[..<1]), Array(rows[1..<4]), Array(rows[4...])]
      for (a, b) in zip(try run(parts, true), whole) {
        #expect(relativeError(a.loss, b.loss) < 1e-5)
        #expect(relativeError(a.gradNorm, b.gradNorm) < 1e-4 && a.tokens == b.tokens)
      }
    }
  }

  // MARK: - The magnet, and faults

  @Test(arguments: TestBackends.all())
  func theMagnetIsRefreshedWhenItIsDue(_ named: NamedBackend) throws {
    let rows = try Self.rollout.get()
    try named.run { backend in
      let hard = try Self.learner(Self.settings(inner: 1, sync: 2), on: backend)
      var magnet = try backend.floats(hard.magnet.flat)
      for rollout in 1...5 {
        _ = try hard.learn(from: rows)
        let policy = try backend.floats(hard.policy.flat)
        let now = try backend.floats(hard.magnet.flat)
        #expect(now == (rollout % 2 == 0 ? policy : magnet), "rollout \(rollout)")
        #expect(hard.magnetUpdates == rollout / 2 && policy != magnet)
        magnet = now
      }
      let soft = try Self.learner(Self.settings(inner: 1, sync: 3, mixup: 0.25), on: backend)
      magnet = try backend.floats(soft.magnet.flat)
      for rollout in 1...3 {
        _ = try soft.learn(from: rows)
        let now = try backend.floats(soft.magnet.flat)
        let policy = try backend.floats(soft.policy.flat)
        for i in stride(from: 0, to: now.count, by: 97) {
          let expected = rollout == 3 ? 0.75 * magnet[i] + 0.25 * policy[i] : magnet[i]
          #expect(abs(now[i] - expected) <= 1e-6 * max(1, abs(expected)), "rollout \(rollout)")
        }
      }
      let never = try Self.learner(Self.settings(inner: 1), on: backend)
      magnet = try backend.floats(never.magnet.flat)
      for _ in 0..<3 { _ = try never.learn(from: rows) }
      #expect(try backend.floats(never.magnet.flat) == magnet && never.magnetUpdates == 0)
    }
  }

  @Test(arguments: TestBackends.all())
  func aLossThatIsNotANumberStops(_ named: NamedBackend) throws {
    let rows = try Self.rollout.get()
    try named.run { backend in
      for value in [Float.nan, .infinity] {
        let learner = try Self.learner(Self.settings(), on: backend)
        try backend.fill(learner.policy.flat.elements(40..<41), with: value)
        #expect {
          try learner.learn(from: rows)
        } throws: { error in
          guard case TrainingError.nonFinite(let rollout, let inner, _, _) = error else {
            return false
          }
          return rollout == 0 && inner == 0
        }
        let model = try RandomModel(on: backend)
        try backend.fill(model.parameters.flat.elements(40..<41), with: value)
        let cross = try CrossEntropyLearner(
          model.decoder, policy: model.parameters,
          optimizer: Self.optimizer(model.parameters.layout, on: backend))
        #expect(throws: TrainingError.self) { try cross.step([[[1, 2, 3]]]) }
      }
      let learner = try Self.learner(Self.settings(), on: backend)
      #expect(throws: TrainingError.emptyRollout) {
        try learner.learn(from: [RolloutRow(prompt: [1], response: [], advantage: 0)])
      }
    }
  }
}
