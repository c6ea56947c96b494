import Foundation
import MPOBackend
import MPOModel
import TestSupport
import Testing

@testable import MPO

/// Comparisons as ids, and training on data that are mixed, held out or not all in memory.
@Suite struct PairEncoderTests {
  static let place = DataPlace(path: "d.jsonl", number: 3)

  static func withModel(_ body: (LanguageModel) throws -> Void) throws {
    guard let path = SharedData.path("models/stories260K") else { return }
    try TestBackends.cpus()[0].run { backend in
      try body(LanguageModel.load(path, use: .reading, on: backend))
    }
  }

  /// Prompt and response are the tokenizer's ids of both together, with the end token behind; decoded
  /// they are the texts.
  @Test func textsAsTheyFollowThePrompt() throws {
    try Self.withModel { model in
      let encoder = PairEncoder(model: model)
      let end = try #require(model.generation.stopIDs.first)
      for (prompt, chosen, rejected) in [
        ("Once upon a time", ", there was a dog.", ", there was a cat."), ("The ", "dog", "cat"),
        ("Tom a", "te it all", "nd Sam"), ("", "One day", "She"), ("Hello", "", "!"),
      ] {
        let example = PreferenceExample(
          prompt: .text(prompt), chosen: .text(chosen), rejected: .text(rejected), preference: 0.75)
        let pair = try encoder.pair(example, at: Self.place)
        #expect(pair.preference == 0.75 && !pair.prompt.isEmpty)
        for (ids, text) in [(pair.chosen, chosen), (pair.rejected, rejected)] {
          #expect(ids.last == end)
          #expect(pair.prompt + ids.dropLast() == model.tokenizer.encode(prompt + text))
        }
      }
      #expect(encoder.warning == nil && encoder.count == 5)
    }
  }

  @Test func conversationsThroughTheTemplate() throws {
    try Self.withModel { model in
      let folder = try TemporaryFolder()
      let file = try folder.write(ChatTrainingTests.template, "t.jinja")
      let encoder = PairEncoder(model: model, chatTemplate: file)
      func says(_ role: String, _ text: String) -> JSONValue { TranscriptSplit.message(role, text) }
      let pair = try encoder.pair(
        PreferenceExample(
          prompt: .conversation(.init([says("user", "A cat?")])),
          chosen: .conversation(.init([says("assistant", "Yes.")])),
          rejected: .conversation(.init([says("assistant", "No way.")]))), at: Self.place)
      let end = model.generation.stopIDs.first
      #expect(model.tokenizer.decode(pair.prompt) == "[user] A cat?\n[assistant] ")
      #expect(
        model.tokenizer.decode(pair.prompt + pair.chosen) == "[user] A cat?\n[assistant] Yes.\n")
      #expect(pair.chosen.last == end && pair.rejected.last == end)
      // Without a template the place is named; so are a text and messages mixed.
      let none = PairEncoder(model: model)
      let mixed = PreferenceExample(
        prompt: "a", chosen: .conversation(.init([says("assistant", "b")])), rejected: "c")
      for (encoder, example) in [
        (
          none,
          PreferenceExample(
            prompt: .conversation(.init([says("user", "x")])),
            chosen: .conversation(.init([says("assistant", "b")])),
            rejected: .conversation(.init([says("assistant", "c")])))
        ), (encoder, mixed),
      ] {
        let error = #expect(throws: DataError.self) { try encoder.pair(example, at: Self.place) }
        #expect(error?.description.hasPrefix("d.jsonl:3: ") == true)
      }
    }
  }

  @Test func nothingIsCutSilently() throws {
    try Self.withModel { model in
      let long = PreferenceExample(
        prompt: "Once upon a time, there was a big dog", chosen: " who ran and ran all day long.",
        rejected: " who slept.")
      let whole = try PairEncoder(model: model).pair(long, at: Self.place)
      let encoder = PairEncoder(model: model, maxPromptLength: 4, maxLength: 9)
      let pair = try encoder.pair(long, at: Self.place)
      #expect(pair.prompt == Array(whole.prompt.suffix(4)))
      #expect(pair.chosen == Array(whole.chosen.prefix(5)))
      let warning = try #require(encoder.warning)
      #expect(warning.contains("of 1 examples the prompts of 1 have more than 4 tokens"))
      #expect(warning.contains("1 have more than 9 tokens") && warning.hasSuffix("d.jsonl:3"))
      let full = PairEncoder(model: model, maxLength: 3)
      let refused = #expect(throws: DataError.self) { try full.pair(long, at: Self.place) }
      #expect(refused?.description.contains("leaves no room for a response") == true)
      let words = String(repeating: " word", count: 2000)
      let huge = PreferenceExample(prompt: "a", chosen: .text(words), rejected: "b")
      let error = #expect(throws: DataError.self) {
        try PairEncoder(model: model).pair(huge, at: Self.place)
      }
      #expect(error?.description.contains("positions end at") == true)
    }
  }

  /// Rows of a mixture are packed part by part and drawn by weight; held-out rows are scored.
  @Test func sftOnAMixture() throws {
    guard let model = SharedData.path("models/stories260K") else { return }
    let folder = try TemporaryFolder()
    let a = try folder.write(
      (0..<40).map { "{\"text\": \"Tom had a dog \($0).\"}\n" }.joined(), "a.jsonl")
    let b = try folder.write("One day.\n<|endoftext|>\nShe ran.\n", "b.txt")
    var c = SFTConfiguration()
    try c.apply(
      yaml: """
        model_name_or_path: \(model)
        datasets: [{path: \(a), weight: 1}, {path: \(b), weight: 1}]
        output_dir: \(folder.file("out"))
        max_length: 16
        packing: false
        test_split_size: 0.5
        """)
    try c.validate()
    try TestBackends.cpus()[0].run { backend in
      let trainer = try SFTTrainer(c, on: backend)
      #expect(trainer.rows.mixture == [.init(count: 20, weight: 1), .init(count: 1, weight: 1)])
      #expect(EpochSampler.draws(trainer.rows.mixture) == [11, 10])
      #expect(try trainer.heldOutLoss().map { $0 > 0 } == true)
      #expect(try trainer.trainStep().tokens > 0)
    }
  }

  @Test func packedRowsAreThoseOfTheWholeStream() throws {
    var cutter = SFTRows.Cutter(SFTRows(for: "d", limit: 8), length: 5)
    let lists: [[Int32]] = [[1, 2, 3], [4, 5, 6, 7, 8, 9], [10], [11, 12]]
    for list in lists { try cutter.add(SFTRow(list, isTarget: list.map { $0 > 5 })) }
    #expect(cutter.endPart(weight: nil) == 2)
    let rows = cutter.rows
    // The first row has nothing to learn; the last has two tokens.
    #expect(rows.count == 2 && rows.mixture == [SamplerPart(count: 2)])
    #expect(
      try rows[0] == SFTRow([6, 7, 8, 9, 10], isTarget: Array(repeating: true, count: 5)))
    #expect(try rows[1].tokens == [11, 12])
  }
}
