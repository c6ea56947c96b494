// The one JSON object of an evaluation, for `--json` and `--output`. README lists the names.

extension TournamentReport {
  /// How responses were drawn, for the record.
  public struct Drawing: Sendable {
    public var maxNewTokens: Int
    public var temperature: Double
    public init(maxNewTokens: Int, temperature: Double) {
      self.maxNewTokens = maxNewTokens
      self.temperature = temperature
    }
  }

  /// Numbers that there are not (an interval of one prompt and one response) are null.
  public func json(_ drawing: Drawing? = nil) -> String {
    var line = JSONLine()
    line.add("kind", "magnetic-evaluation")
    line.add("version", 1)
    line.add("judge", judge)
    line.add("prompts", prompts)
    line.add("responses", responses)
    line.add("seed", Int(clamping: seed))
    if let drawing {
      line.add("max_new_tokens", drawing.maxNewTokens)
      line.add("temperature", drawing.temperature)
    }
    line.add("interval", interval)
    line.add("policies", policies.map(Self.json))
    line.addMatrix("win_rates", winRates)
    line.add("win_shares", rows: winShares)
    line.addMatrix("lc_win_rates", lengthControlled.map { $0.map { $0 ?? Estimate(.nan) } })
    line.add("bradley_terry", fit)
    if let average {
      var mean = JSONLine()
      mean.add("policies", policies.count)
      mean.addShares(average)
      line.add("average", mean)
    }
    if !samples.isEmpty { line.add("samples", samples.map(Self.json)) }
    return line.text
  }

  private var interval: JSONLine {
    var line = JSONLine()
    line.add("confidence", 0.95)
    line.add("units", unit.rawValue)
    line.add("count", units)
    line.add("resamples", resamples)
    return line
  }

  private var fit: JSONLine {
    var line = JSONLine()
    line.add("mean_elo", BradleyTerryFit.meanElo)
    line.add("max_residual", worstResidual?.residual)
    if let worst = worstResidual { line.add("max_residual_pair", [worst.first, worst.second]) }
    line.add("triples", triples)
    line.add("cyclic_triples", cyclicTriples)
    line.add("cyclic_share", cyclicShare)
    return line
  }

  /// Share of triples of policies that run in circles; nil below three policies.
  public var cyclicShare: Double? {
    triples == 0 ? nil : Double(cyclicTriples) / Double(triples)
  }

  private static func json(_ policy: Policy) -> JSONLine {
    var line = JSONLine()
    line.add("name", policy.name)
    line.add("path", policy.path)
    line.add("stream", Int(policy.stream))
    line.add("mean_length", policy.meanLength)
    line.add("mean_win_rate", policy.meanWinRate)
    line.add("exploitability", policy.exploitability)
    // No text for nobody: null.
    if let exploiter = policy.exploiter {
      line.add("exploited_by", exploiter)
    } else {
      line.add("exploited_by", Double?.none)
    }
    line.add("game_gap", policy.gameGap)
    line.add("nash_share", policy.nashShare)
    line.add("win_rate_vs_nash", policy.winRateAgainstNash)
    line.add("elo", policy.elo)
    if let shares = policy.shares { line.addShares(shares) }
    return line
  }

  private static func json(_ sample: Sample) -> JSONLine {
    var line = JSONLine()
    line.add("prompt", sample.prompt)
    line.add("responses", sample.responses)
    line.add("preferences", rows: sample.preferences.map { $0.map(Double.init) })
    return line
  }
}

extension JSONLine {
  /// `key`, `key_low` and `key_high`.
  package mutating func add(_ key: String, _ estimate: Estimate) {
    add(key, estimate.value)
    add(key + "_low", estimate.low)
    add(key + "_high", estimate.high)
  }

  fileprivate mutating func addMatrix(_ key: String, _ estimates: [[Estimate]]) {
    add(key, rows: estimates.map { $0.map(\.value) })
    add(key + "_low", rows: estimates.map { $0.map(\.low) })
    add(key + "_high", rows: estimates.map { $0.map(\.high) })
  }

  /// `shares` and `duality_gap`, after `prefix`.
  package mutating func addShares(_ shares: ClassShares, prefix: String = "") {
    add(prefix + "shares", shares.shares.map { ($0.name, $0.share) })
    add(prefix + "duality_gap", shares.gap)
  }
}
