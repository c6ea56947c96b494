import Foundation
import MPOBackend
import MPOModel
import TestSupport
import Testing

@testable import MPO

/// The baseline of preference models, and the tokenizer that a backbone from scratch needs.
@Suite struct BagOfWordsTests {
  private static let pairs: [TextPair] = (0..<60).map { i in
    let (kind, rude) = (["please", "thanks", "kindly"][i % 3], ["stupid", "now", "ugh"][i % 3])
    // One in six is the wrong way round, one a tie.
    let label = i % 6 == 5 ? 0.0 : i % 6 == 4 ? 0.5 : 1
    return TextPair(
      chosen: "A word\(i % 5), \(kind)!", rejected: "\(rude) word\(i % 7) a", preference: label)
  }

  @Test func wordsAreRunsOfLettersAndSigns() {
    #expect(
      BagOfWords.words("Don't  STOP: 3x, caf\u{E9}!\n")
        == ["don", "'", "t", "stop", ":", "3x", ",", "café", "!"])
    #expect(BagOfWords.words("  ").isEmpty)
  }

  /// The weights are where the objective's derivative by any logit's direction vanishes: moving all
  /// weights by a factor, or any pair's logit, makes it no better.
  @Test func weightsMinimiseTheObjective() {
    let words = BagOfWords(Self.pairs)
    func objective(_ factor: Double) -> Double {
      let losses = Self.pairs.map {
        PreferenceLoss.crossEntropy(
          logit: factor * words.logit($0.chosen, $0.rejected), label: $0.preference
        ).loss
      }
      let norm = words.weights.reduce(0) { $0 + $1 * $1 } * factor * factor
      return losses.reduce(0, +) / Double(losses.count) + BagOfWords.penalty / 2 * norm
    }
    let step = 1e-4
    #expect(abs(objective(1 + step) - objective(1 - step)) / (2 * step) < 1e-6)
    #expect(objective(1) < objective(0.9) && objective(1) < objective(1.1))
    #expect(objective(1) < log(2) - 0.1)
    #expect(words.logit("please", "stupid") > 0 && words.logit("stupid", "please") < 0)
    #expect(words.logit("same", "same") == 0)
    // Unknown words say nothing but how many they are.
    #expect(abs(words.logit("xyz", "qqq")) < 1e-12)
  }

  @Test func standsBesideTheModelInItsReport() throws {
    let fixture = try PreferenceFixture()
    let report = try #require(
      try PreferenceFixture.run(
        fixture.configuration(.bradleyTerry, "words", steps: 1, more: "bag_of_words: true")))
    let words = try #require(report.bagOfWords)
    // Scores cannot follow a circle.
    #expect(words.accuracy < 0.8 && words.low < words.accuracy && words.high > words.accuracy)
    #expect(report.lines.contains { $0.hasPrefix("bag of words: accuracy") })
    let metrics = try ResumeTests.metrics(fixture.folder.file("words"))
    #expect(metrics.last?.contains("bag_of_words/eval_accuracy \(words.accuracy)") == true)
  }

  @Test func aTokenizerIsLearnedFromADataSet() throws {
    let folder = try TemporaryFolder()
    let texts = ["low lower lowest", "new newer newest", "wide wider widest"]
    let file = try folder.write(
      texts.map { "{\"story\": \"\($0)\"}\n" }.joined(), "texts.jsonl")
    let settings = try TokenizerConfiguration.resolve(arguments: [
      "--dataset-name", file, "--text-feature", "story", "--output", folder.file("tokenizer"),
      "--vocab-size", "270",
    ])
    let (ids, count) = try settings.run()
    #expect(count == 3 && ids == 270)
    let tokenizer = try Tokenizer(folder: folder.file("tokenizer"))
    #expect(tokenizer.vocabularySize == 270)
    #expect(
      tokenizer.decode(tokenizer.encode("lowest wide"), skipSpecialTokens: true) == "lowest wide")
    #expect(tokenizer.encode("low").count < 4)
    let error = #expect(throws: ConfigurationError.self) {
      try TokenizerConfiguration.resolve(arguments: ["--dataset-name", file])
    }
    #expect(error?.description.contains("output_dir") == true)
  }
}
