/// What the pairs of policies came to, as they are played.
struct Meetings {
  /// One pair, a < b in the order of names.
  struct Pair {
    /// Values of the units, whose mean is P(a over b).
    var units: [Double]
    var winShare: Double
    var control: (control: LengthControl, rate: Estimate)?
  }

  private let judge: any PreferenceSource
  private let prompts: [String]
  private let policies: [PolicySamples]
  private let classes: ClassTable?
  private let rewards: RewardTable?
  private let resampling: Resampling
  private let shown: Int
  private var pairs: [Int: Pair] = [:]
  /// (n, n) for each prompt that is shown: P between first responses.
  private(set) var shownPreferences: [[[Float]]]
  /// Pairs of responses that have met.
  private(set) var met = 0

  init(
    _ tournament: Tournament, _ policies: [PolicySamples], _ classes: ClassTable?,
    _ rewards: RewardTable?
  ) {
    judge = tournament.judge
    prompts = tournament.prompts
    self.policies = policies
    self.classes = classes
    self.rewards = rewards
    resampling = tournament.resampling
    shown = min(max(0, tournament.shown), tournament.prompts.count)
    let row = [Float](repeating: 0.5, count: policies.count)
    shownPreferences = Array(
      repeating: Array(repeating: row, count: policies.count), count: shown)
  }

  func pair(_ a: Int, _ b: Int) -> Pair? { pairs[a * policies.count + b] }

  /// Lets the responses of two policies meet.
  mutating func play(
    _ a: Int, _ b: Int, progress: (Int) -> Void, stopRequested: () -> Bool
  ) throws {
    let (first, second) = (policies[a], policies[b])
    let inPairs = judge.meetsInPairs && !isKnown
    var tally = PairTally(first, second, inPairs: inPairs)
    for part in parts(inPairs) {
      if stopRequested() {
        throw EvaluationError.stopped(
          "stopped after \(met) pairs of responses; nothing was written")
      }
      let table = try compare(a, b, part, inPairs)
      for (n, prompt) in part.prompts.enumerated() {
        for i in 0..<table.first {
          for j in 0..<table.second {
            let at = inPairs ? part.responses.lowerBound : i + part.responses.lowerBound
            let other = inPairs ? at : j + part.responses.lowerBound
            tally.add(prompt, at, other, table[n, i, j])
            if at == 0, other == 0, prompt < shown {
              shownPreferences[prompt][a][b] = table[n, i, j]
              shownPreferences[prompt][b][a] = 1 - table[n, i, j]
            }
          }
        }
      }
      met += table.values.count
      progress(met)
    }
    pairs[a * policies.count + b] = Pair(
      units: tally.units, winShare: tally.winShare,
      control: LengthControl.estimate(tally.kept, resampling))
  }

  /// What one question to the judge holds.
  private struct Part {
    var prompts: Range<Int>
    var responses: Range<Int>
  }

  /// Of a program's judge a prompt at a time, of others about a thousand responses, so that progress is
  /// seen and Ctrl-C heard.
  private func parts(_ inPairs: Bool) -> [Part] {
    let k = policies.first?.responses.first?.count ?? 0
    let size = inPairs ? 1 : PairTally.block
    let isMetered = judge is any MeteredSource
    let atOnce =
      inPairs ? 32 : isMetered ? 1 : isKnown ? prompts.count : max(1, 512 / min(size, k))
    return stride(from: 0, to: prompts.count, by: max(1, atOnce)).flatMap { start in
      stride(from: 0, to: k, by: size).map {
        Part(
          prompts: start..<min(start + atOnce, prompts.count),
          responses: $0..<min($0 + size, k))
      }
    }
  }

  /// What each response is worth is known; the judge is not asked about pairs.
  private var isKnown: Bool { classes != nil || rewards != nil }

  private func compare(
    _ a: Int, _ b: Int, _ part: Part, _ inPairs: Bool
  ) throws -> ComparisonTable {
    guard isKnown else {
      do {
        return try judge.compare(
          prompts: Array(prompts[part.prompts]),
          first: part.prompts.map { Array(policies[a].responses[$0][part.responses]) },
          second: part.prompts.map { Array(policies[b].responses[$0][part.responses]) })
      } catch let error as PreferenceError {
        throw error.offset(by: part.prompts.lowerBound)
      }
    }
    var values: [Float] = []
    values.reserveCapacity(part.prompts.count * part.responses.count * part.responses.count)
    for n in part.prompts {
      for i in part.responses {
        for j in part.responses {
          if let classes {
            values.append(Float(classes.game[classes.classes[a][n][i], classes.classes[b][n][j]]))
          } else if let rewards {
            values.append(rewards.preference(n, a, i, over: b, j))
          }
        }
      }
    }
    return try ComparisonTable(
      prompts: part.prompts.count, first: part.responses.count, second: part.responses.count,
      values: values, source: judge.name)
  }
}
