import Foundation
import MPOBackend
import MPOModel
import TestSupport
import Testing

/// Drawing from the geometric mixture of two policies.
@Suite struct MixtureGeneratorTests {
  static let prompts = [4, 9, 1].enumerated().map {
    RandomModel.tokens($1, seed: 50 + UInt64($0))
  }
  static let settings = GenerationSettings(maxNewTokens: 8, stopTokens: [0, 1], seed: 3)

  @Test(arguments: TestBackends.all())
  func endsAreThePolicies(_ named: NamedBackend) throws {
    try named.run { backend in
      let (one, two) = (
        try RandomModel(on: backend), try RandomModel(seed: 2, on: backend)
      )
      func draw(_ m: Float) throws -> [[[Int32]]] {
        try Generator(
          one.decoder, one.parameters,
          mixedWith: Generator.Mixture(two.parameters, weight: m)
        ).generate(Self.prompts, samples: 4, settings: Self.settings).map { $0.map(\.tokens) }
      }
      func plain(_ model: RandomModel) throws -> [[[Int32]]] {
        try Generator(model.decoder, model.parameters)
          .generate(Self.prompts, samples: 4, settings: Self.settings).map { $0.map(\.tokens) }
      }
      #expect(try draw(0) == plain(one))
      #expect(try draw(1) == plain(two))
      let between = try draw(0.5)
      #expect(try between != plain(one) && between != plain(two))
    }
  }

  /// The log-probability of what was drawn is that of `p^(1-m) q^m / Z`, token by token.
  @Test func drawsFromTheMixture() throws {
    try TestBackends.cpus()[0].run { backend in
      let (one, two) = (
        try RandomModel(on: backend), try RandomModel(seed: 2, on: backend)
      )
      let m = 0.3
      let drawn = try Generator(
        one.decoder, one.parameters,
        mixedWith: Generator.Mixture(two.parameters, weight: Float(m))
      ).generate(Self.prompts, samples: 3, settings: Self.settings)
      let v = RandomModel.shape.vocabulary
      func logits(_ model: RandomModel, _ tokens: [Int32]) throws -> [Double] {
        let batch = try model.decoder.pack([tokens])
        let hidden = try model.decoder.hidden(
          batch, TrainableParameters(values: model.parameters),
          tape: Tape(backend, recording: false), checkpointing: false)
        return try backend.floats(model.decoder.logits(hidden.value, model.parameters)).suffix(v)
          .map(Double.init)
      }
      for (prompt, completions) in zip(Self.prompts, drawn) {
        for completion in completions {
          for (t, token) in completion.tokens.enumerated() {
            let context = prompt + completion.tokens[..<t]
            let (p, q) = (try logits(one, context), try logits(two, context))
            let z = zip(p, q).map { (1 - m) * $0 + m * $1 }
            let top = z.max() ?? 0
            let log = top + Foundation.log(z.reduce(0) { $0 + exp($1 - top) })
            let expected = z[Int(token)] - log
            #expect(abs(Double(completion.logProbs[t]) - expected) < 2e-5)
          }
        }
      }
    }
  }
}
