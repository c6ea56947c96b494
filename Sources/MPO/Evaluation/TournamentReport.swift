/// What a tournament found. Policies, rows and columns are in the order given.
public struct TournamentReport: Sendable {
  public struct Policy: Sendable {
    public var name: String
    public var path: String
    public var stream: UInt32
    /// Unicode scalars of a response.
    public var meanLength: Double
    /// Mean win rate over the other policies.
    public var meanWinRate: Estimate
    /// `max_b P(b over it) - 1/2` among the policies. Resampled maxima lie above, so the interval
    /// leans upwards.
    public var exploitability: Estimate
    /// The policy that gains this; nil where none does.
    public var exploiter: String?
    /// Its part in the Nash mixture.
    public var nashShare: Estimate
    /// P(it over the Nash mixture), at most 1/2.
    public var winRateAgainstNash: Estimate
    public var elo: Estimate
    /// For a judge with classes.
    public var shares: ClassShares?

    /// The duality gap of playing this policy in the game between the policies.
    public var gameGap: Double { 2 * exploitability.value }
  }

  /// A prompt with the first response of every policy, and P between them, (n, n).
  public struct Sample: Sendable {
    public var prompt: String
    public var responses: [String]
    public var preferences: [[Float]]
  }

  public internal(set) var policies: [Policy] = []
  /// P(row over column), (n, n), the mean over prompts; the diagonal is 1/2.
  public internal(set) var winRates: [[Estimate]] = []
  /// Share of pairs of responses that row wins over column, ties half.
  public internal(set) var winShares: [[Double]] = []
  /// The win rate at equal lengths (`LengthControl`); nil where it is not identified.
  public internal(set) var lengthControlled: [[Estimate?]] = []
  public internal(set) var ratings: BradleyTerryFit
  /// max |P - P_BT| and where.
  public internal(set) var worstResidual: (first: String, second: String, residual: Double)?
  public internal(set) var triples = 0
  public internal(set) var cyclicTriples = 0
  /// Of the mean of all policies' shares.
  public internal(set) var average: ClassShares?
  public internal(set) var samples: [Sample] = []

  public let judge: String
  public let prompts: Int
  /// Responses of each policy to each prompt.
  public let responses: Int
  public let seed: UInt64
  public let resamples: Int
  /// What was resampled, and how many there are.
  public let unit: ResampledUnit
  public let units: Int
  public let cost: EvaluationCost

  /// - Parameter order: place in `sorted` to place among the tournament's policies.
  init(
    _ tournament: Tournament, _ sorted: [PolicySamples], order: [Int], classes: ClassTable?,
    meetings: Meetings
  ) throws {
    let n = sorted.count
    judge = tournament.judge.name
    prompts = tournament.prompts.count
    responses = sorted.first?.responses.first?.count ?? 0
    (seed, resamples) = (tournament.seed, tournament.resamples)
    (unit, units) = (tournament.unit, tournament.resampling.units)
    cost = tournament.cost
    let game = PolicyGame(count: n) { a, b in
      let units = meetings.pair(a, b)?.units ?? []
      return min(1, max(0, units.reduce(0, +) / Double(max(1, units.count))))
    }
    let measures = GameMeasures(
      resampling: tournament.resampling, comparisons: Double(prompts * responses))
    let found = try measures(game, meetings)
    ratings = found.ratings
    triples = game.triples
    cyclicTriples = game.cyclicTriples
    worstResidual = game.worstResidual(of: found.ratings).map {
      (sorted[$0.first].name, sorted[$0.second].name, $0.residual)
    }
    if tournament.averages { average = classes?.averageShares }
    // From the order of names to the order given.
    var place = [Int](repeating: 0, count: n)
    for (rank, index) in order.enumerated() { place[index] = rank }
    policies = place.map { a in
      var policy = found.policies[a]
      policy.name = sorted[a].name
      policy.path = sorted[a].path
      policy.stream = sorted[a].stream
      policy.meanLength = sorted[a].meanLength
      policy.exploiter = game.exploiter(of: a).map { sorted[$0].name }
      policy.shares = classes?.shares(a)
      return policy
    }
    winRates = place.map { a in place.map { found.winRates[a][$0] } }
    winShares = place.map { a in
      place.map { b in
        guard a != b, let pair = meetings.pair(min(a, b), max(a, b)) else { return 0.5 }
        return a < b ? pair.winShare : 1 - pair.winShare
      }
    }
    lengthControlled = place.map { a in
      place.map { b in
        guard a != b else { return Estimate(0.5, low: 0.5, high: 0.5) }
        let rate = meetings.pair(min(a, b), max(a, b))?.control?.rate
        return a < b ? rate : rate?.complement
      }
    }
    samples = meetings.shownPreferences.enumerated().map { prompt, table in
      Sample(
        prompt: tournament.prompts[prompt],
        responses: place.map { sorted[$0].responses[prompt][0] },
        preferences: place.map { a in place.map { table[a][$0] } })
    }
  }
}
