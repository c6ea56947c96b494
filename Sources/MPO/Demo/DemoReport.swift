import Foundation

/// The demo's table and what has to be known to read it.
public struct DemoReport: Sendable {
  static let file = "RESULTS.md"
  /// Added to the seed for fresh samples.
  static let evaluationSeed: UInt64 = 1 << 40

  /// One player, measured on fresh responses.
  public struct Row: Sendable {
    public var title: String
    /// Of the classes, over all prompts.
    public var shares: [Double]
    /// Gap of those shares.
    public var gap: Double
    /// Mean over prompts of the gap of each prompt's own shares.
    public var promptGap: Double
    public var winRate: WinRate

    init(
      _ title: String, responses: [[String]], base: [[String]], judge: CategoryJudge,
      evaluator: Evaluator
    ) throws {
      self.title = title
      let shares = try responses.map { judge.game.shares(try $0.map(judge.classify)) }
      let count = Double(max(1, shares.count))
      self.shares = judge.game.names.indices.map { a in
        shares.reduce(0) { $0 + $1[a] } / count
      }
      gap = judge.game.dualityGap(self.shares)
      promptGap = shares.reduce(0) { $0 + judge.game.dualityGap($1) } / count
      winRate = try evaluator.winRate(responses, over: base)
    }
  }

  public let settings: DemoSettings
  public let game: PreferenceGame
  public let rows: [Row]
  /// What the equilibrium itself would show at this number of samples.
  public let samplingGap: Double
  public let promptSamplingGap: Double

  init(settings: DemoSettings, game: PreferenceGame, rows: [Row]) {
    self.settings = settings
    self.game = game
    self.rows = rows
    let seed = UInt64(settings.seed)
    samplingGap = DemoGame.samplingGap(
      game, samples: settings.samples * StoryGrammar.prompts.count, seed: seed)
    promptSamplingGap = DemoGame.samplingGap(game, samples: settings.samples, seed: seed)
  }

  public func row(_ variant: DemoVariant) -> Row? { rows.first { $0.title == variant.title } }

  /// The aligned model's folder.
  public var alignedModel: String { settings.path(DemoVariant.refreshed.rawValue) }
}

// MARK: - Printing

extension DemoReport {
  /// An aligned Markdown table.
  public var table: String {
    func number(_ x: Double) -> String { String(format: "%.3f", x) }
    func percent(_ x: Double) -> String { String(format: "%.1f", 100 * x) }
    var cells = [
      ["player"] + game.names + ["duality gap", "gap per prompt", "win rate over base (95 %)"]
    ]
    for row in rows {
      let rate = row.winRate
      cells.append(
        [row.title] + row.shares.map(number) + [
          number(row.gap), number(row.promptGap),
          "\(percent(rate.mean)) % (\(percent(rate.low))-\(percent(rate.high)))",
        ])
    }
    cells.append(
      ["equilibrium (exact)"] + DemoGame.equilibrium.map(number) + [number(0), number(0), "-"])
    return MarkdownTable.aligned(cells)
  }

  /// What the reader sees, in plain words, and how exact it is.
  public var explanation: String {
    let prompts = StoryGrammar.prompts.count
    let count = settings.samples * prompts
    let pooled = String(format: "%.3f", samplingGap)
    let apart = String(format: "%.3f", promptSamplingGap)
    return """
      A model tells whom one met. A judge prefers dragons to knights, wizards to dragons, knights to
      wizards, and any of the three to a mere stone or cloud ("other"), so whoever always says the
      same is beaten. The duality gap is what an opponent who knows a player's habits can win: with
      gap g the best one is preferred in (1 + g) / 2 of the cases. It is 0 only at the equilibrium,
      which is level with any mix of the three and wins where the other tells of stones; a higher
      win rate over the base is had by playing on its habits, at the price of a gap. Self-play
      without a magnet runs in circles; a fixed magnet stops on the way, held back by the base; a
      refreshed magnet (MPO) is meant to arrive.

      Shares and gaps are of \(count) fresh responses of the last checkpoint, over \(prompts) prompts.
      Measured by samples a gap is biased upwards: the exact equilibrium would show \(pooled) on
      average at this number, and \(apart) per prompt. The intervals are over prompts.

      """
  }

  /// `RESULTS.md`.
  public var markdown: String {
    """
    # Results of `magnetic demo`

    \(table)
    \(explanation)
    The aligned model is the folder `\(alignedModel)`, which any tool for Llama models loads. Seed \
    \(settings.seed), \(settings.rollouts) rollouts. Each run again alone, and its measurement:

    ```
    magnetic train --config \(settings.path("\(DemoVariant.refreshed.rawValue).yaml"))
    magnetic evaluate --config \(settings.path("\(DemoVariant.refreshed.rawValue).yaml")) \
    --model \(alignedModel) --reference \(settings.path("base")) --num-generations \
    \(settings.samples)
    magnetic generate --model \(alignedModel) --prompt "\(StoryGrammar.prompts[0])" \
    --max-new-tokens 8 --num-return-sequences 5
    ```

    """
  }
}
