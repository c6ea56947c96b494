import MPOBackend
import MPOModel
import TestSupport
import Testing

/// What generation promises: a row's tokens depend on its prompt, its number and the seed only.
@Suite struct GeneratorTests {
  /// Prompts of one to nine tokens.
  static let prompts = [3, 9, 1, 5, 7].enumerated().map {
    RandomModel.tokens($1, seed: UInt64($0))
  }

  static func settings(
    _ sampling: SamplingSettings = .init(), stop: Set<Int32> = [], maxRows: Int = 64
  ) -> GenerationSettings {
    GenerationSettings(
      maxNewTokens: 12, sampling: sampling, stopTokens: stop, seed: 5, stream: 2, maxRows: maxRows)
  }

  static let samplings = [
    SamplingSettings(temperature: 0), SamplingSettings(),
    SamplingSettings(temperature: 0.7, topK: 20, topP: 0.9, minP: 0.01),
  ]

  @Test(arguments: TestBackends.all(), samplings)
  func batchSplitChangesNothing(_ named: NamedBackend, _ sampling: SamplingSettings) throws {
    try named.run { backend in
      let model = try RandomModel(on: backend)
      let generator = Generator(model.decoder, model.parameters)
      let whole = try generator.generate(
        Self.prompts, samples: 4, settings: Self.settings(sampling))
      #expect(whole.map(\.count) == [4, 4, 4, 4, 4])
      // 3 splits the responses of one prompt, 9 takes two prompts at once, 1 is every row alone:
      // mixed lengths in a batch are worth the same as one by one.
      for rows in [9, 3, 1] {
        let split = try generator.generate(
          Self.prompts, samples: 4, settings: Self.settings(sampling, maxRows: rows))
        #expect(split.map { $0.map(\.tokens) } == whole.map { $0.map(\.tokens) }, "\(rows) rows")
      }
      let distinct = Set(whole.joined().map(\.tokens))
      #expect(distinct.count == (sampling.temperature == 0 ? 5 : 20))
    }
  }

  /// However seldom the drawn tokens are looked at: every step, within a response, once at its end.
  @Test(arguments: TestBackends.all(), [1, 5, 16])
  func stopTokensEndRowsAndAreKept(_ named: NamedBackend, readEvery: Int) throws {
    try named.run { backend in
      let model = try RandomModel(on: backend)
      let generator = Generator(model.decoder, model.parameters, readEvery: readEvery)
      let free = try generator.generate(Self.prompts, samples: 4, settings: Self.settings())
      // Frequent enough that some rows stop early and others never do.
      let stop = Set((0..<8).map(Int32.init))
      let stopped = try generator.generate(
        Self.prompts, samples: 4, settings: Self.settings(stop: stop))
      var ends = Set<Int>()
      for (a, b) in zip(free.joined(), stopped.joined()) {
        let end = a.tokens.firstIndex(where: stop.contains)
        #expect(b.tokens == Array(a.tokens.prefix(end.map { $0 + 1 } ?? a.tokens.count)))
        #expect(b.stopped == (end != nil) && b.logProbs.count == b.tokens.count)
        #expect(!a.stopped)
        ends.insert(b.tokens.count)
      }
      #expect(ends.count > 3 && ends.contains(12), "lengths \(ends.sorted())")
    }
  }

  /// The cached pass and one over the whole sequence are the same function.
  @Test(arguments: TestBackends.all())
  func cachedLogitsEqualTheFullPass(_ named: NamedBackend) throws {
    try named.run { backend in
      let model = try RandomModel(on: backend)
      let completions = try Generator(model.decoder, model.parameters).generate(
        Self.prompts, samples: 2, settings: Self.settings())
      let rows = zip(Self.prompts, completions).flatMap { prompt, list in
        list.map { (prompt, $0) }
      }
      let full = try Scorer(model.decoder, model.parameters).logProbs(
        rows.map { $0.0 + $0.1.tokens })
      for ((prompt, completion), logProbs) in zip(rows, full) {
        for (a, b) in zip(completion.logProbs, logProbs.dropFirst(prompt.count - 1)) {
          #expect(abs(a - b) < 2e-5 * max(1, abs(b)), "\(a), \(b)")
        }
      }
    }
  }

  @Test(arguments: TestBackends.all())
  func temperatureZeroTakesTheLikeliest(_ named: NamedBackend) throws {
    try named.run { backend in
      let model = try RandomModel(on: backend)
      let generator = Generator(model.decoder, model.parameters)
      let found = try generator.generate(
        Self.prompts, samples: 2, settings: Self.settings(SamplingSettings(temperature: 0)))
      for (prompt, list) in zip(Self.prompts, found) {
        #expect(list[0] == list[1])
        var row = prompt
        for token in list[0].tokens.prefix(4) {
          let batch = try PackedBatch([row], shape: model.decoder.shape, on: backend)
          let hidden = try model.decoder.hidden(
            batch, TrainableParameters(values: model.parameters),
            tape: Tape(backend, recording: false))
          let logits = try backend.floats(model.decoder.logits(hidden.value, model.parameters))
          let last = logits.suffix(model.decoder.shape.vocabulary)
          #expect(last[last.startIndex + Int(token)] == last.max())
          row.append(token)
        }
      }
    }
  }

  @Test func refusesWhatDoesNotFit() throws {
    try TestBackends.cpus()[0].run { backend in
      let model = try RandomModel(on: backend)
      let generator = Generator(model.decoder, model.parameters)
      #expect(throws: BackendError.self) {
        try generator.generate([[1], []], settings: Self.settings())
      }
      for count in [96, Int.max] {
        #expect(throws: BackendError.self) {
          try generator.generate([[1]], settings: GenerationSettings(maxNewTokens: count))
        }
      }
      #expect(throws: BackendError.self) {
        try generator.generate([[93]], settings: Self.settings())
      }
      let full = try generator.generate([[1]], settings: GenerationSettings(maxNewTokens: 95))
      #expect(full[0][0].tokens.count == 95)
    }
  }
}
