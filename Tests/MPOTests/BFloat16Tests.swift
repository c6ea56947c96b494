import MPO
import MPOBackend
import MPOModel
import TestSupport
import Testing

/// Training and generation with products of bf16 operands and weights in f32.
@Suite struct BFloat16Tests {
  private static func hiddenStates(
    _ model: RandomModel, _ parameters: ParameterSet
  ) throws -> [Float] {
    let batch = try model.decoder.pack([RandomModel.tokens(17, seed: 3)])
    let hidden = try model.decoder.hidden(
      batch, TrainableParameters(values: parameters),
      tape: Tape(model.backend, recording: false))
    return try model.backend.floats(model.decoder.logits(hidden.value, parameters))
  }

  /// Norm-wise.
  private static func distance(_ a: [Float], _ b: [Float]) -> Double {
    var (difference, size) = (0.0, 0.0)
    for (x, y) in zip(a, b) {
      difference += Double((x - y) * (x - y))
      size += Double(y * y)
    }
    return (difference / size).squareRoot()
  }

  /// Two layers of products, each near 2^-9: below 2e-2, and not the f32 result.
  @Test(arguments: TestBackends.all())
  func logitsAreNearThoseOfFloats(_ named: NamedBackend) throws {
    try named.run { backend in
      let model = try RandomModel(on: backend)
      let half = try model.parameters.computing(in: .bf16, on: backend)
      let error = Self.distance(
        try Self.hiddenStates(model, half), try Self.hiddenStates(model, model.parameters))
      #expect(error < 2e-2)
      #expect(error > 1e-4)
    }
  }

  @Test(arguments: TestBackends.all())
  func trainingFollowsThatOfFloats(_ named: NamedBackend) throws {
    try named.run { backend in
      func losses(_ precision: ProductPrecision) throws -> [Double] {
        let model = try RandomModel(on: backend)
        let parameters = try model.parameters.computing(in: precision, on: backend)
        let rows = (0..<12).map { RandomModel.tokens(2 + 5 * $0 % 31, seed: UInt64($0)) }
        return try LearnerTests.tenLosses(model.decoder, parameters, rows: rows)
      }
      for (half, float) in zip(try losses(.bf16), try losses(.f32)) {
        #expect(relativeError(half, float) < 2e-2)
      }
    }
  }

  /// After updates and a magnet refresh the copies are those of the new weights.
  @Test(arguments: TestBackends.cpus())
  func copiesFollowTheWeights(_ named: NamedBackend) throws {
    try named.run { backend in
      let model = try RandomModel(on: backend)
      let policy = try model.parameters.computing(in: .bf16, on: backend)
      let learner = try Learner(
        model.decoder, policy: policy,
        optimizer: LearnerTests.optimizer(policy.layout, on: backend),
        settings: LearnerSettings(
          loss: MagneticLossSettings(alpha: 0.1, eta: 1), innerSteps: 2, magnetSyncSteps: 1))
      let before = try Self.hiddenStates(model, policy)
      let rows: [RolloutRow] = (0..<4).map { (i: Int) -> RolloutRow in
        let prompt = RandomModel.tokens(3, seed: UInt64(i))
        let response = RandomModel.tokens(5, seed: UInt64(10 + i))
        let advantage: Float = i % 2 == 0 ? 0.5 : -0.5
        return RolloutRow(prompt: prompt, response: response, advantage: advantage)
      }
      let metrics = try learner.learn(from: rows)
      #expect(metrics[0].ratio == 1)
      #expect(metrics[1].klOld > 0)
      let fresh = try ParameterSet(layout: policy.layout, flat: policy.flat)
        .computing(in: .bf16, on: backend)
      let after = try Self.hiddenStates(model, policy)
      #expect(after == (try Self.hiddenStates(model, fresh)))
      #expect(after != before)
      #expect(after == (try Self.hiddenStates(model, learner.magnet)))
    }
  }

  /// Products round f32 weights to what a bf16 copy of them holds: to the bit where a backend keeps
  /// none. Elsewhere the sums have another order, which now and then rounds an activation the other way.
  @Test(arguments: TestBackends.all())
  func trainingNeedsNoCopy(_ named: NamedBackend) throws {
    try named.run { backend in
      func losses(copied: Bool) throws -> [Double] {
        let model = try RandomModel(on: backend)
        let flat = model.parameters.flat
        let parameters = ParameterSet(
          layout: model.parameters.layout, flat: flat,
          half: copied ? try backend.bfloat16(flat) : nil, precision: .bf16)
        let rows = (0..<12).map { RandomModel.tokens(2 + 5 * $0 % 31, seed: UInt64($0)) }
        return try LearnerTests.tenLosses(model.decoder, parameters, rows: rows)
      }
      for (without, with) in zip(try losses(copied: false), try losses(copied: true)) {
        if backend.prefersHalfWeights {
          #expect(relativeError(without, with) < 1e-3)
        } else {
          #expect(without == with)
        }
      }
    }
  }

  /// A policy without a bf16 copy gets one while it draws, which takes no memory of its own where it is
  /// lent some.
  @Test(arguments: TestBackends.cpus())
  func copiesForDecodingLieInTheWorkspace(_ named: NamedBackend) throws {
    try named.run { backend in
      let model = try RandomModel(on: backend)
      let policy = ParameterSet(
        layout: model.parameters.layout, flat: model.parameters.flat, precision: .bf16)
      #expect(policy.decodingBytes == 2 * policy.layout.matrixCount)
      let reference = try policy.reference(on: backend)
      #expect(reference.decodingBytes == 0)
      func draw(_ parameters: ParameterSet, _ workspace: Tensor? = nil) throws -> [[Completion]] {
        try Generator(model.decoder, parameters, workspace: workspace).generate(
          [RandomModel.tokens(3, seed: 5), RandomModel.tokens(6, seed: 6)], samples: 3,
          settings: GenerationSettings(maxNewTokens: 8, seed: 7))
      }
      let expected = try draw(reference)
      #expect(try draw(policy) == expected)
      let workspace = try backend.zeros([policy.layout.count])
      func peak(_ body: () throws -> [[Completion]]) throws -> Int {
        try backend.trim()
        #expect(try body() == expected)
        return backend.memory.peak - backend.memory.live
      }
      let own = try peak { try draw(policy) }
      let lent = try peak { try draw(policy, workspace) }
      #expect(own - lent == policy.decodingBytes)
      #expect(try backend.floats(workspace).contains { $0 != 0 })
      // One that is too small is left alone.
      let small = try backend.zeros([policy.layout.matrixCount / 2 - 1])
      #expect(try peak { try draw(policy, small) } == own)
      #expect(try backend.floats(small).allSatisfy { $0 == 0 })
    }
  }

  /// Gradients have room for the copies of both policies of a mixture.
  @Test(arguments: TestBackends.cpus())
  func mixturesLieInTheWorkspaceToo(_ named: NamedBackend) throws {
    try named.run { backend in
      func trained(seed: UInt64) throws -> (RandomModel, ParameterSet) {
        let model = try RandomModel(seed: seed, on: backend)
        return (
          model,
          ParameterSet(
            layout: model.parameters.layout, flat: model.parameters.flat, precision: .bf16)
        )
      }
      let ((model, first), (_, second)) = (try trained(seed: 1), try trained(seed: 2))
      func draw(_ a: ParameterSet, _ b: ParameterSet, _ workspace: Tensor?) throws
        -> (drawn: [[Completion]], peak: Int)
      {
        try backend.trim()
        let drawn = try Generator(
          model.decoder, a, mixedWith: .init(b, weight: 0.5), workspace: workspace
        ).generate(
          [RandomModel.tokens(4, seed: 5)], samples: 3,
          settings: GenerationSettings(maxNewTokens: 8, seed: 7))
        return (drawn, backend.memory.peak - backend.memory.live)
      }
      let expected = try draw(
        first.reference(on: backend), second.reference(on: backend), nil
      ).drawn
      let workspace = try backend.zeros([first.layout.count])
      let (own, lent) = (try draw(first, second, nil), try draw(first, second, workspace))
      #expect(own.drawn == expected)
      #expect(lent.drawn == expected)
      #expect(own.peak - lent.peak == first.decodingBytes + second.decodingBytes)
    }
  }

  /// A magnet that is replaced as a whole is kept in bf16 alone, one that moves in steps in f32 too.
  @Test(arguments: TestBackends.cpus())
  func magnetsAreKeptAsSmallAsTheirMovesAllow(_ named: NamedBackend) throws {
    try named.run { backend in
      let model = try RandomModel(on: backend)
      let policy = try model.parameters.computing(in: .bf16, on: backend)
      func magnet(mixup: Float) throws -> ParameterSet {
        try PolicyStates(
          model.decoder, policy: policy,
          optimizer: LearnerTests.optimizer(policy.layout, on: backend), magnetMixup: mixup
        ).magnet
      }
      let (whole, stepped) = (try magnet(mixup: 1), try magnet(mixup: 0.5))
      #expect(whole.bytes < 3 * policy.layout.count)
      #expect(stepped.bytes == policy.bytes)
      #expect(try Self.hiddenStates(model, whole) == Self.hiddenStates(model, policy))
      try stepped.move(towards: policy, by: 0.5, on: backend)
      #expect(throws: BackendError.self) {
        try whole.move(towards: policy, by: 0.5, on: backend)
      }
    }
  }

  @Test func settingIsNamedAsInTRL() throws {
    var settings = AlignmentConfiguration()
    #expect(settings.run.precision == .f32)
    try settings.apply(yaml: "bf16: true")
    #expect(settings.run.precision == .bf16)
  }
}
