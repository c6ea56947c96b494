import Foundation
import MPOBackend
import MPOModel
import TestSupport
import Testing

/// The pretrained model of `shared/data/models/stories260K`: its greedy text and the negative
/// log-likelihood of stories, on every backend.
@Suite struct StoriesTests {
  private struct Expected: Decodable {
    var greedyIDs: [Int32]
    var greedyText: String
    /// Nats per token.
    var meanLoss: Double
    /// Tokens and total negative log-likelihood of each story.
    var stories: [[Double]]
    enum CodingKeys: String, CodingKey {
      case greedyIDs = "greedy_from_bos_ids"
      case greedyText = "greedy_text"
      case meanLoss = "mean_nll_nats_per_token"
      case stories = "per_story_tokens_and_total_nll"
    }
  }

  @Test(arguments: TestBackends.all())
  func greedyTextFromBOS(_ named: NamedBackend) throws {
    guard let folder = SharedData.path("models/stories260K") else { return }
    let expected = try load(folder)
    try named.run { backend in
      let model = try LanguageModel.load(folder, on: backend)
      let prompt = try model.promptTokens("")
      let completion = try Generator(model.decoder, model.parameters).generate(
        [prompt],
        settings: GenerationSettings(
          maxNewTokens: expected.greedyIDs.count - 1,
          sampling: SamplingSettings(temperature: 0)))[0][0]
      #expect(prompt + completion.tokens == expected.greedyIDs)
      #expect(model.text(of: completion, after: prompt) == expected.greedyText)
    }
  }

  @Test(arguments: TestBackends.all())
  func negativeLogLikelihood(_ named: NamedBackend) throws {
    guard let folder = SharedData.path("models/stories260K"),
      let sample = SharedData.path("text/tinystories_sample.txt")
    else { return }
    let expected = try load(folder)
    let stories = try String(contentsOfFile: sample, encoding: .utf8)
      .components(separatedBy: "<|endoftext|>")
      .map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }.filter { !$0.isEmpty }
    try named.run { backend in
      let model = try LanguageModel.load(folder, on: backend)
      let ids = stories.map { Array(model.tokenizer.encode($0).prefix(512)) }
      let logProbs = try Scorer(model.decoder, model.parameters).logProbs(ids)
      let totals = logProbs.map { -$0.reduce(0.0) { $0 + Double($1) } }
      for (i, story) in expected.stories.enumerated() {
        #expect(Double(ids[i].count) == story[0] || Double(logProbs[i].count) == story[0])
        #expect(abs(totals[i] - story[1]) <= 1e-4, "story \(i): \(totals[i] - story[1])")
      }
      let mean = totals.reduce(0, +) / Double(logProbs.reduce(0) { $0 + $1.count })
      #expect(abs(mean - expected.meanLoss) <= 1e-6)
    }
  }

  private func load(_ folder: String) throws -> Expected {
    try JSONDecoder().decode(
      Expected.self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/expected.json")))
  }
}
