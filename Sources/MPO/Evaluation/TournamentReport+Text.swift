import Foundation

// Aligned tables for people. Columns of a matrix are numbered as its rows, for names may be paths.

extension TournamentReport {
  public var text: String {
    var parts = [heading, policyTable]
    if policies.count > 1 {
      parts += [matrix, lengthMatrix, gameTable, fitLine]
    }
    if let average {
      parts.append(
        "average of the \(policies.count) policies' shares: \(Self.shares(average)); duality gap "
          + Self.digits(average.gap, 4))
    }
    parts += samples.map(show)
    return parts.filter { !$0.isEmpty }.joined(separator: "\n\n")
  }

  private var heading: String {
    let draws = "\(prompts) prompts x \(responses) responses of each policy"
    guard policies.count > 1 else { return "\(draws); judge: \(judge)" }
    guard units > 1 else { return "\(draws); judge: \(judge); no intervals from one response" }
    let over = unit == .prompts ? "\(units) prompts" : "\(units) responses to one prompt"
    return "\(draws); judge: \(judge)\n"
      + "95 % intervals: bootstrap over \(over), \(resamples) resamples"
  }

  private var policyTable: String {
    let hasShares = policies.contains { $0.shares != nil }
    var table = TextTable(
      ["policy", "length"] + (hasShares ? ["shares", "duality gap"] : []))
    for (index, policy) in policies.enumerated() {
      var row = [label(index), Self.digits(policy.meanLength, 1)]
      if hasShares, let shares = policy.shares {
        row += [Self.shares(shares), Self.digits(shares.gap, 4)]
      }
      table.add(row)
    }
    return table.text
  }

  private var matrix: String {
    var table = TextTable(["P(row over column), %"] + policies.indices.map { "\($0 + 1)" })
    for a in policies.indices {
      table.add([label(a)] + policies.indices.map { a == $0 ? "-" : Self.cell(winRates[a][$0]) })
    }
    return table.text
  }

  private var lengthMatrix: String {
    var table = TextTable(["at equal lengths, %"] + policies.indices.map { "\($0 + 1)" })
    for a in policies.indices {
      table.add(
        [label(a)]
          + policies.indices.map { b in
            guard a != b else { return "-" }
            return lengthControlled[a][b].map(Self.cell) ?? "unknown"
          })
    }
    return table.text
  }

  private var gameTable: String {
    var table = TextTable([
      "game between the policies", "Nash mixture", "exploitability", "by", "against Nash", "Elo",
    ])
    for (index, policy) in policies.enumerated() {
      let by = policy.exploiter.flatMap { name in policies.firstIndex { $0.name == name } }
      table.add([
        label(index), Self.share(policy.nashShare), Self.share(policy.exploitability),
        by.map { "\($0 + 1)" } ?? "-", Self.cell(policy.winRateAgainstNash),
        Self.interval(policy.elo, digits: 0, scale: 1),
      ])
    }
    return table.text
  }

  private var fitLine: String {
    guard let worst = worstResidual else { return "" }
    var line =
      "Elo (mean 1000) misses P(\(clipped(worst.first)) over \(clipped(worst.second))) by "
      + Self.digits(worst.residual, 3)
    if let cyclicShare {
      line +=
        "; \(cyclicTriples) of \(triples) triples of policies run in circles "
        + "(\(Self.digits(100 * cyclicShare, 0)) %)"
    }
    return line
  }

  func show(_ sample: Sample) -> String {
    var lines = ["prompt: \(quoted(sample.prompt, limit: 400))"]
    for (a, response) in sample.responses.enumerated() {
      let against = sample.preferences[a].enumerated().filter { $0.offset != a }.map {
        "\(Self.digits(Double($0.element), 2)) over \($0.offset + 1)"
      }
      lines.append("  \(label(a)): \(quoted(response, limit: 600))")
      if !against.isEmpty { lines.append("      P: \(against.joined(separator: ", "))") }
    }
    return lines.joined(separator: "\n")
  }

  private func label(_ index: Int) -> String {
    "\(index + 1) \(clipped(policies[index].name, 40))"
  }

  // MARK: - Numbers

  static func digits(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return "-" }
    // Solvers leave zeros with a sign.
    return String(format: "%.\(digits)f", value == 0 ? 0 : value)
  }

  static func shares(_ shares: ClassShares) -> String {
    shares.shares.map { "\($0.name) \(digits($0.share, 4))" }.joined(separator: ", ")
  }

  /// Percent, `61.2 (55.0-67.1)`.
  private static func cell(_ estimate: Estimate) -> String {
    interval(estimate, digits: 1, scale: 100)
  }

  private static func share(_ estimate: Estimate) -> String {
    interval(estimate, digits: 3, scale: 1)
  }

  private static func interval(_ estimate: Estimate, digits count: Int, scale: Double) -> String {
    let value = digits(scale * estimate.value, count)
    guard estimate.hasInterval else { return value }
    let (low, high) = (digits(scale * estimate.low, count), digits(scale * estimate.high, count))
    return "\(value) (\(low)-\(high))"
  }
}
