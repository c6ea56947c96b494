import Foundation

// One model and its reference: the names and lines that `evaluate --model --reference` has.

extension TournamentReport {
  /// `model`, `shares`, `duality_gap`, `reference`, `eval_avg_win_prob`, ... of the first policy, and
  /// of the second where there is one.
  public var comparisonJSON: String {
    var line = JSONLine()
    for (policy, prefix) in zip(policies, ["", "reference_"]) {
      line.add(prefix.isEmpty ? "model" : "reference", policy.path)
      if let shares = policy.shares { line.addShares(shares, prefix: prefix) }
    }
    guard policies.count > 1 else { return line.text }
    line.add("eval_win_rate", winShares[0][1])
    line.add("eval_avg_win_prob", winRates[0][1])
    line.add("eval_lc_win_rate", lengthControlled[0][1] ?? Estimate(.nan))
    return line.text
  }

  /// A line for each policy's shares, one for the win rate and one at equal lengths.
  public var comparisonText: String {
    var lines: [String] = []
    for policy in policies {
      guard let shares = policy.shares else { continue }
      lines.append(
        "\(policy.path): \(Self.shares(shares)); duality gap \(Self.digits(shares.gap, 4))")
    }
    guard policies.count > 1 else { return lines.joined(separator: "\n") }
    let title = "\(policies[0].path) over \(policies[1].path)"
    lines.append("win rate of \(title): \(percent(winRates[0][1]))")
    if let rate = lengthControlled[0][1] {
      lines.append("at equal lengths: \(percent(rate))")
    } else {
      lines.append("at equal lengths: unknown, for all responses differ in length by the same")
    }
    return (lines + samples.map(show)).joined(separator: "\n")
  }

  /// `61.2 % (95 % interval 55.0-67.1 %, bootstrap over 64 prompts)`
  private func percent(_ estimate: Estimate) -> String {
    let value = Self.digits(100 * estimate.value, 1)
    guard estimate.hasInterval else { return "\(value) %" }
    let over = unit == .prompts ? "\(units) prompts" : "\(units) responses to one prompt"
    return "\(value) % (95 % interval \(Self.digits(100 * estimate.low, 1))-"
      + "\(Self.digits(100 * estimate.high, 1)) %, bootstrap over \(over))"
  }
}
