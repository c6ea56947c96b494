import MPOBackend
import MPOModel

/// `magnetic demo`: Magnetic Preference Optimization from nothing to an aligned model, with data,
/// tokenizer and base model of its own making, against its two ablations. Also an example of the
/// API: settings, trainer, evaluation.
///
/// stories -> tokenizer -> base model -> three runs of self-play -> fresh samples -> table
public struct Demo {
  public enum Outcome: Sendable {
    case finished(DemoReport)
    /// The base model is written; nothing more was asked for.
    case pretrained(folder: String)
    /// A signal came; what was trained so far is saved in this folder.
    case stopped(folder: String)
  }

  public let settings: DemoSettings
  let backend: any ComputeBackend
  private let print: (String) -> Void
  private let stopRequested: () -> Bool

  /// - Parameters:
  ///   - print: a line for the user as each stage begins.
  ///   - stopRequested: asked between steps.
  public init(
    _ settings: DemoSettings, on backend: any ComputeBackend, print: @escaping (String) -> Void,
    stopRequested: @escaping () -> Bool = { StopSignal.requested }
  ) {
    self.settings = settings
    self.backend = backend
    self.print = print
    self.stopRequested = stopRequested
  }

  /// Runs all stages and writes `RESULTS.md`.
  public func run() throws -> Outcome {
    let folder = DemoFolder(settings: settings)
    try folder.claim()
    print("[1/4] \(settings.stories) stories from a grammar, and a tokenizer for them")
    let vocabulary = try folder.writeData()
    print("  e.g. \"\(StoryGrammar(seed: UInt64(settings.seed)).story(0))\"")

    print("[2/4] base model from random weights, by cross-entropy on the stories")
    let pretraining = try SFTTrainer(settings.pretraining(vocabulary: vocabulary), on: backend)
    if case .stopped = try pretraining.run(print: ignore, stopRequested: stopRequested) {
      return .stopped(folder: settings.path("base"))
    }
    if settings.pretrainOnly { return .pretrained(folder: settings.path("base")) }

    print("[3/4] self-play from that base, three times, with the same settings but the magnet")
    for variant in DemoVariant.allCases {
      print("  \(variant.title)")
      let trainer = try AlignmentTrainer(settings.selfPlay(variant), on: backend)
      if case .stopped = try trainer.run(print: ignore, stopRequested: stopRequested) {
        return .stopped(folder: settings.path(variant.rawValue))
      }
    }

    print("[4/4] \(settings.samples) fresh responses to each prompt from every model")
    guard let report = try measure() else { return .stopped(folder: settings.outputDirectory) }
    try folder.write(report.markdown, DemoReport.file)
    return .finished(report)
  }

  /// The settings of a run are in its YAML file and in its checkpoint.
  private func ignore(_ line: String) {}

  /// Nil when asked to stop.
  private func measure() throws -> DemoReport? {
    let judge = try CategoryJudge(configuration: DemoGame.yaml)
    let game = try settings.selfPlay(.refreshed)
    // Streams of another seed than the training's, so that nothing is drawn twice.
    let evaluator = Evaluator(
      judge: judge, prompts: StoryGrammar.prompts, samples: settings.samples,
      maxNewTokens: game.sampling.maxNewTokens, sampling: game.sampling.backendSettings,
      seed: UInt64(settings.seed) + DemoReport.evaluationSeed)
    func draw(_ name: String, stream: UInt32) throws -> [[String]] {
      let model = try LanguageModel.load(settings.path(name), on: backend)
      return try evaluator.responses(of: model, stream: stream)
    }
    let base = try draw("base", stream: 0)
    var rows: [DemoReport.Row] = []
    let players =
      [("base", "base")] + DemoVariant.allCases.map { ($0.title, $0.rawValue) }
    for (title, name) in players {
      if stopRequested() { return nil }
      rows.append(
        try DemoReport.Row(
          title, responses: draw(name, stream: 1), base: base, judge: judge, evaluator: evaluator))
    }
    return DemoReport(settings: settings, game: judge.game, rows: rows)
  }
}

extension CategoryJudge {
  init(configuration yaml: String) throws {
    guard case .categories(let judge) = try JudgeConfiguration(yaml: yaml) else {
      throw PreferenceError.rules("expected a judge of type categories")
    }
    self = judge
  }
}
