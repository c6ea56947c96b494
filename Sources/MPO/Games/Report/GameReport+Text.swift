import Foundation

extension GameReport {
  /// What is about to be played. Printed before the run.
  public static func header(_ named: NamedGame, _ settings: GameSettings) -> String {
    let game = named.game
    var shown: [String] = []
    for name in game.names.prefix(8) where shown.reduce(0, { $0 + $1.count }) < 50 {
      shown.append(clipped(name))
    }
    let rest = game.count > shown.count ? ", ... (\(game.count - shown.count) more)" : ""
    let kind: String
    if let best = game.unbeaten {
      kind = "'\(clipped(game.names[best]))' beats or ties every other response"
    } else {
      kind = "every response is beaten by another: preferences run in circles"
    }
    return
      ([
        "game \(named.name): n = \(game.count) (\(shown.joined(separator: ", "))\(rest))", kind,
        settings.conditions,
      ]
      + settings.algorithmLines).joined(separator: "\n")
  }

  /// Gaps, updates and distances, a row for each algorithm, and the policies below.
  public var text: String {
    var table = TextTable([
      "algorithm", "gap, last", "gap, average", "to 1e-3", "to 1e-6", "distance",
    ])
    for result in results {
      table.add([
        result.algorithm.text, gapText(result.curve.gap.last),
        gapText(result.curve.averageGap.last), reached(result, 1e-3), reached(result, 1e-6),
        result.exact.map { gapText($0.totalVariation) } ?? "-",
      ])
    }
    return table.text + "\n\n" + policies + notes.map { "\n\($0)" }.joined()
  }

  private func reached(_ result: Result, _ threshold: Double) -> String {
    result.curve.reached[threshold].map(String.init) ?? "not in \(result.updates)"
  }

  /// A table where all responses fit side by side, else the likeliest by name.
  private var policies: String {
    var rows = results.map { (name: $0.algorithm.text, policy: $0.curve.policy) }
    if let exact = results.first(where: { $0.exact != nil })?.exact {
      rows.append(("equilibrium", exact.equilibrium))
    }
    let width = game.names.reduce(0) { $0 + max(8, $1.count + 2) }
    guard game.count > 8 || width > 80 else {
      var table = TextTable(["policy"] + game.names)
      for row in rows { table.add([row.name] + row.policy.map { share($0, digits: 6) }) }
      return table.text
    }
    return likeliest(rows)
  }

  /// A row for each of the responses that some policy plays most, a column for each policy.
  private func likeliest(_ policies: [(name: String, policy: [Double])], limit: Int = 12) -> String
  {
    let top = game.names.indices.map { y in
      policies.reduce(0) { $1.policy[y].isNaN ? $0 : max($0, $1.policy[y]) }
    }
    let order = top.indices.filter { top[$0] >= 1e-4 }.sorted { (top[$0], $1) > (top[$1], $0) }
    let shown = order.prefix(limit)
    var table = TextTable(["policy"] + policies.map(\.name))
    for y in shown {
      table.add([clipped(game.names[y], 40)] + policies.map { share($0.policy[y], digits: 6) })
    }
    let others = game.names.indices.filter { !shown.contains($0) }
    if !others.isEmpty {
      let sums = policies.map { row in others.reduce(0) { $0 + row.policy[$1] } }
      table.add(["(\(others.count) others)"] + sums.map { share($0, digits: 6) })
    }
    return table.text
  }
}

/// A probability; what is not a number stays visible.
private func share(_ value: Double, digits: Int) -> String {
  guard value.isFinite else { return "nan" }
  // Solvers leave zeros with a sign.
  return String(format: "%.\(digits)f", max(0, value))
}

/// A gap or a distance: two digits and an exponent. Below 1e-16 there is only rounding.
func gapText(_ value: Double?) -> String {
  guard let value else { return "-" }
  guard !value.isNaN else { return "nan" }
  return abs(value) < 1e-16 ? "0" : String(format: "%.2e", value)
}

/// A name in a line of text.
func clipped(_ text: String, _ limit: Int = 32) -> String {
  text.count > limit ? text.prefix(limit - 3) + "..." : text
}

/// Aligned columns: the first to the left, the others to the right.
struct TextTable {
  private var rows: [[String]]
  private let indent: String

  init(_ header: [String], indent: String = "", hasHeader: Bool = true) {
    rows = hasHeader ? [header] : []
    self.indent = indent
  }

  mutating func add(_ row: [String]) { rows.append(row) }

  var text: String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { c in rows.map { c < $0.count ? $0[c].count : 0 }.max() ?? 0 }
    return rows.map { row in
      let cells = row.enumerated().map { c, cell in
        let space = String(repeating: " ", count: widths[c] - cell.count)
        return c == 0 ? cell + space : space + cell
      }
      return indent + cells.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}
