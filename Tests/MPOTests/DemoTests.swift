import Foundation
import MPO
import MPOBackend
import MPOModel
import TestSupport
import Testing

@Suite struct StoryGrammarTests {
  @Test func repeatsForASeed() {
    let (a, b) = (StoryGrammar(seed: 3), StoryGrammar(seed: 4))
    let stories = (0..<200).map(a.story)
    #expect(stories == (0..<200).map(StoryGrammar(seed: 3).story))
    #expect(stories != (0..<200).map(b.story))
    #expect(Set(stories).count > 100)
  }

  @Test func storiesAreSortedByTheJudge() throws {
    let judge = try #require(
      DemoSettings().selfPlay(.refreshed).judge?.makeSource(on: CPUBackend()) as? CategoryJudge)
    let stories = (0..<4000).map(StoryGrammar(seed: 0).story)
    let shares = judge.game.shares(try stories.map(judge.classify))
    #expect(abs(shares[3] - 0.15) < 0.05)
    #expect(abs(judge.game.dualityGap(shares) - 0.35) < 0.1, "\(shares)")
    // Each prompt begins some story, which goes on with a space.
    #expect(StoryGrammar.prompts.count == 8 && Set(StoryGrammar.prompts).count == 8)
    for prompt in StoryGrammar.prompts {
      #expect(stories.contains { $0.hasPrefix(prompt + " ") }, "\(prompt)")
    }
  }
}

@Suite struct DemoGameTests {
  @Test func equilibriumHasNoGap() throws {
    let game = try PreferenceGame(names: DemoGame.classes, matrix: DemoGame.matrix)
    #expect(game.dualityGap(DemoGame.equilibrium) < 1e-12)
    let gap = DemoGame.samplingGap(game, samples: 1024, seed: 0)
    #expect(gap > 0.01 && gap < 0.05, "\(gap)")
    #expect(DemoGame.samplingGap(game, samples: 64, seed: 0) > 2 * gap)
  }
}

@Suite struct DemoRunTests {
  private func tiny(_ folder: String) -> DemoSettings {
    var settings = DemoSettings()
    settings.outputDirectory = folder
    settings.device = "cpu"
    settings.threads = 1
    settings.stories = 256
    settings.pretrainingSteps = 6
    settings.rollouts = 2
    settings.samples = 8
    return settings
  }

  private func run(_ settings: DemoSettings) throws -> Demo.Outcome {
    try Demo(
      settings, on: try CPUBackend(threads: 1), print: { _ in }, stopRequested: { false }
    ).run()
  }

  /// The whole command in small, twice over the same folder: the same table, and files that the other
  /// commands read.
  @Test func endToEnd() throws {
    let temporary = try TemporaryFolder()
    let settings = tiny(temporary.file("demo"))
    guard case .finished(let report) = try run(settings) else {
      Issue.record("expected a table")
      return
    }
    #expect(report.rows.count == 4 && report.row(.noMagnet)?.winRate.prompts == 8)
    for row in report.rows { #expect(abs(row.shares.reduce(0, +) - 1) < 1e-9) }
    let results = settings.outputDirectory + "/RESULTS.md"
    let first = try String(contentsOfFile: results, encoding: .utf8)
    #expect(first.contains(report.table) && first.contains("equilibrium (exact)"))
    let widths = Set(report.table.split(separator: "\n").map(\.count))
    #expect(widths.count == 1, "\(report.table)")
    #expect(FileManager.default.fileExists(atPath: report.alignedModel + "/model.safetensors"))

    for variant in DemoVariant.allCases {
      let file = "\(settings.outputDirectory)/\(variant.rawValue).yaml"
      #expect(
        try AlignmentConfiguration.resolve(arguments: ["--config", file])
          == settings.selfPlay(variant))
    }
    let base = try SFTConfiguration.resolve(
      arguments: ["--config", settings.outputDirectory + "/base.yaml"])
    let tokenizer = try Tokenizer(folder: settings.outputDirectory + "/tokenizer")
    #expect(base == settings.pretraining(vocabulary: tokenizer.vocabularySize))

    try Data("mine".utf8).write(to: URL(fileURLWithPath: settings.outputDirectory + "/notes"))
    _ = try run(settings)
    #expect(try String(contentsOfFile: results, encoding: .utf8) == first)
    #expect(FileManager.default.fileExists(atPath: settings.outputDirectory + "/notes"))
  }

  @Test func leavesAFolderOfSomebodyElseAlone() throws {
    let temporary = try TemporaryFolder()
    try temporary.write("mine", "RESULTS.md")
    #expect(throws: DemoError.occupied(folder: temporary.path)) {
      try run(tiny(temporary.path))
    }
    #expect(try temporary.contents == ["RESULTS.md"])
  }

  @Test func stopsWhereAsked() throws {
    let temporary = try TemporaryFolder()
    let settings = tiny(temporary.file("demo"))
    let demo = Demo(
      settings, on: try CPUBackend(threads: 1), print: { _ in }, stopRequested: { true })
    guard case .stopped(let folder) = try demo.run() else {
      Issue.record("expected a stop")
      return
    }
    #expect(folder == settings.outputDirectory + "/base")
    var base = settings
    base.pretrainOnly = true
    guard case .pretrained = try run(base) else {
      Issue.record("expected the base model only")
      return
    }
  }
}
