import Foundation

extension GamesReport {
  /// What is about to be played. Printed before the run.
  public static func header(
    source: String, _ games: [NamedGame], _ settings: GameSettings
  ) -> String {
    let sizes = games.map(\.game.count)
    let (low, high) = (sizes.min() ?? 0, sizes.max() ?? 0)
    let size = low == high ? "\(low)" : "\(low) to \(high)"
    let cyclic = games.filter { $0.game.unbeaten == nil }.count
    return
      ([
        "games of \(source): \(games.count), n = \(size)",
        "in \(cyclic) of them every response is beaten by another: preferences run in circles",
        settings.conditions,
      ] + settings.algorithmLines).joined(separator: "\n")
  }

  /// Updates to a gap below 1e-6 over the games, a row for each algorithm.
  public var text: String {
    guard played > 0 else { return "no game was played to its end" }
    var table = TextTable([
      "updates to 1e-6", "median", "90 %", "max", "not reached", "median gap", "worst game",
    ])
    for result in results {
      let (updates, gaps) = (result.updates, Quantiles(result.outcomes.map(\.gap)))
      table.add([
        result.algorithm.text, count(updates.median), count(updates.ninety),
        count(updates.maximum), "\(result.notReached) of \(played)", gapText(gaps.median),
        result.worst.map { clipped(games[$0].name, 40) } ?? "-",
      ])
    }
    return table.text
  }

  private func count(_ updates: Double) -> String {
    updates.isFinite ? String(Int(updates)) : "not in \(settings.steps)"
  }

  /// One object a line, one for each algorithm; updates that were not reached are null.
  public var jsonLines: [String] {
    guard played > 0 else { return [] }
    return results.map { result in
      var line = JSONLine()
      line.add("algorithm", result.algorithm.text)
      line.add("game", source)
      line.add("games", played)
      line.add("cyclic_games", games.prefix(played).filter { $0.game.unbeaten == nil }.count)
      line.add("settings", result.algorithm.settingsJSON)
      line.add("steps", settings.steps)
      if case .sampled(let opponents, _) = settings.feedback { line.add("opponents", opponents) }
      line.add("updates_to_1e-6", result.updates.json)
      line.add("not_reached", result.notReached)
      line.add("worst_game", result.worst.map { games[$0].name } ?? "")
      line.add("gap", Quantiles(result.outcomes.map(\.gap)).json)
      line.add("average_gap", Quantiles(result.outcomes.map(\.averageGap)).json)
      line.add("outcomes", zip(games, result.outcomes).map(Self.json))
      return line.text
    }
  }

  private static func json(_ named: NamedGame, _ outcome: Outcome) -> JSONLine {
    var line = JSONLine()
    line.add("game", named.name)
    line.add("n", named.game.count)
    line.add("gap", outcome.gap)
    line.add("average_gap", outcome.averageGap)
    line.add("updates_to_1e-3", outcome.toThousandth)
    line.add("updates_to_1e-6", outcome.toMillionth)
    return line
  }

  /// The picture as SVG.
  public var svg: String { chart.svg }

  /// Gaps over the games against updates: the median, and 90 % dashed.
  public var chart: Chart {
    var series: [ChartSeries] = []
    for (name, style, pick) in [
      ("90 %", ChartSeries.Style.dashed, \Quantiles.ninety), ("", .solid, \.median),
    ] {
      for (group, result) in results.enumerated() {
        let points = zip(result.steps, result.gapQuantiles).map {
          (x: Double($0), y: $1[keyPath: pick])
        }
        series.append(
          ChartSeries(
            name.isEmpty ? result.label : "\(result.label), \(name)", points, style: style,
            group: group, isInLegend: name.isEmpty))
      }
    }
    let file = URL(fileURLWithPath: source).lastPathComponent
    var chart = Chart.ofGaps(
      title: "Duality gap in self-play: \(played) games of \(file)",
      subtitle: settings.conditions, steps: settings.steps, series: series)
    chart.keys = [.solid("median of the games"), .dashed("90 % of the games are below")]
    return chart
  }
}
