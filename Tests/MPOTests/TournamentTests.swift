import Foundation
import MPO
import MPOBackend
import Testing

@Suite struct TournamentTests {
  static var cycle: FunctionJudge { Synthetic.judge(["a>b": 0.8, "b>c": 0.8, "c>a": 0.8]) }

  /// Three policies in a circle (to the precision of Float): the Nash mixture is uniform, Elo sees three equals, and each is beaten
  /// by one with .8.
  @Test func cycleOfThree() throws {
    let policies = Synthetic.named(["a", "b", "c"])
    var tournament = try Tournament(
      judge: Self.cycle, prompts: Synthetic.prompts(4), policies: policies)
    tournament.shown = 2
    let report = try tournament.played()
    for policy in report.policies {
      #expect(abs(policy.nashShare.value - 1.0 / 3) < 1e-6)
      #expect(abs(policy.elo.value - 1000) < 1e-3)
      #expect(abs(policy.exploitability.value - 0.3) < 1e-6)
      #expect(abs(policy.gameGap - 0.6) < 1e-6)
      #expect(abs(policy.winRateAgainstNash.value - 0.5) < 1e-6)
      #expect(policy.meanLength == 1)
      #expect(policy.shares == nil)
    }
    #expect(report.policies.map(\.exploiter) == ["c", "a", "b"])
    #expect((report.triples, report.cyclicTriples, report.cyclicShare) == (1, 1, 1))
    #expect(abs(try #require(report.worstResidual).residual - 0.3) < 1e-6)
    #expect(report.samples.map(\.prompt) == ["0", "1"])
    #expect(report.samples[0].responses == ["a", "b", "c"])
    #expect(report.samples[0].preferences[0] == [0.5, 0.8, 0.2])
  }

  /// A policy that beats all: the whole mixture, no exploiter, the best rating; the ratings fit what
  /// Bradley and Terry's model made.
  @Test func transitive() throws {
    let strength = ["a": 1.0, "b": 0.2, "c": -1.2]
    let judge = FunctionJudge { _, x, y in
      1 / (1 + exp((strength[y] ?? 0) - (strength[x] ?? 0)))
    }
    let report = try Tournament(
      judge: judge, prompts: Synthetic.prompts(50),
      policies: Synthetic.named(["c", "a", "b"], prompts: 50, responses: 8)
    ).played()
    #expect(report.policies.map(\.name) == ["c", "a", "b"])
    #expect(report.policies[1].nashShare.value == 1)
    #expect(report.policies[1].exploitability.value == 0)
    #expect(report.policies[1].exploiter == nil)
    #expect(report.policies[0].exploiter == "a")
    #expect(report.cyclicTriples == 0)
    #expect(try #require(report.worstResidual).residual < 2e-3)
    let elo = report.policies.map(\.elo.value)
    #expect(abs(elo.reduce(0, +) / 3 - 1000) < 1e-9)
    #expect(abs(elo[1] - elo[2] - 0.8 * 400 / log(10)) < 2)
    #expect(abs(elo[1] - elo[0] - 2.2 * 400 / log(10)) < 6)
  }

  /// P + P^T = 1 and a diagonal of 1/2, exactly; intervals mirror too.
  @Test func matrixIsExact() throws {
    var random = Synthetic.random(3)
    let policies = (0..<4).map { p in
      Synthetic.policy("p\(p)", prompts: 7, responses: 3) { _, _ in
        String(repeating: "x", count: 1 + random.index(below: 40))
      }
    }
    let judge = FunctionJudge { _, a, b in 1 / (1 + exp(Double(b.count - a.count) / 7)) }
    let report = try Tournament(judge: judge, prompts: Synthetic.prompts(7), policies: policies)
      .played()
    for a in 0..<4 {
      #expect(report.winRates[a][a] == Estimate(0.5, low: 0.5, high: 0.5))
      #expect(report.winShares[a][a] == 0.5)
      for b in 0..<4 where a != b {
        let (one, other) = (report.winRates[a][b], report.winRates[b][a])
        #expect(one.value + other.value == 1)
        #expect(one.low + other.high == 1)
        #expect(one.low <= one.value && one.value <= one.high)
        #expect(report.winShares[a][b] + report.winShares[b][a] == 1)
        let control = try #require(report.lengthControlled[a][b])
        #expect(control.value + (try #require(report.lengthControlled[b][a])).value == 1)
      }
    }
    #expect(judge.calls == 6, "all pairs, and no policy against itself")
  }

  /// The same seed gives the same report; order and company of the policies change nothing.
  @Test func orderAndCompanyDoNotMatter() throws {
    func policy(_ name: String, _ seed: UInt64) -> PolicySamples {
      var random = Synthetic.random(seed)
      return Synthetic.policy(name, prompts: 9, responses: 5) { _, _ in
        String(repeating: "y", count: random.index(below: 30))
      }
    }
    let judge = FunctionJudge { prompt, a, b in
      // Prompts differ, and length does not decide alone.
      1 / (1 + exp(sin(Double(a.count)) - sin(Double(b.count)) + (Double(prompt) ?? 0) / 9))
    }
    let policies = [policy("x", 1), policy("w", 2), policy("z", 3), policy("v", 4)]
    func play(_ order: [Int]) throws -> TournamentReport {
      try Tournament(
        judge: judge, prompts: Synthetic.prompts(9), policies: order.map { policies[$0] }
      ).played()
    }
    let report = try play([0, 1, 2, 3])
    #expect(try play([0, 1, 2, 3]).json() == report.json())
    let other = try play([3, 1, 0, 2])
    for (place, a) in [3, 1, 0, 2].enumerated() {
      #expect(other.policies[place].name == report.policies[a].name)
      #expect(other.policies[place].elo == report.policies[a].elo)
      #expect(other.policies[place].nashShare == report.policies[a].nashShare)
      #expect(other.policies[place].exploitability == report.policies[a].exploitability)
      for (column, b) in [3, 1, 0, 2].enumerated() {
        #expect(other.winRates[place][column] == report.winRates[a][b])
        #expect(other.lengthControlled[place][column] == report.lengthControlled[a][b])
      }
    }
    let pair = try play([2, 0])
    #expect(pair.winRates[0][1] == report.winRates[2][0])
    #expect(pair.lengthControlled[0][1] == report.lengthControlled[2][0])
  }

  /// The value and the interval are those of `Statistics`, which `evaluate` has always shown.
  @Test func agreesWithStatistics() throws {
    var random = Synthetic.random(8)
    let policies = ["a", "b"].map { name in
      Synthetic.policy(name, prompts: 12, responses: 70) { _, _ in
        "\(name)\(random.index(below: 100))"
      }
    }
    let judge = FunctionJudge { _, a, b in
      0.5 + ((Double(a.dropFirst()) ?? 0) - (Double(b.dropFirst()) ?? 0)) / 250
    }
    let tournament = try Tournament(
      judge: judge, prompts: Synthetic.prompts(12), policies: policies)
    let report = try tournament.played()
    let evaluator = Evaluator(
      judge: judge, prompts: Synthetic.prompts(12), samples: 70, maxNewTokens: 1)
    let rate = try evaluator.winRate(policies[0].responses, over: policies[1].responses)
    #expect(abs(report.winRates[0][1].value - rate.mean) < 1e-12)
    let means = try judge.compare(
      prompts: Synthetic.prompts(12), first: policies[0].responses.map { Array($0[..<64]) },
      second: policies[1].responses.map { Array($0[..<64]) })
    let rest = try judge.compare(
      prompts: Synthetic.prompts(12), first: policies[0].responses.map { Array($0[64...]) },
      second: policies[1].responses.map { Array($0[64...]) })
    let units = zip(means.rowMeans(), rest.rowMeans()).map { ($0 + $1).reduce(0, +) / 70 }
    let (low, high) = Statistics.bootstrap(units, seed: 0, resamples: 200)
    #expect(abs(report.winRates[0][1].low - low) < 1e-12)
    #expect(abs(report.winRates[0][1].high - high) < 1e-12)
  }

  @Test func stopsBetweenQuestions() throws {
    let tournament = try Tournament(
      judge: Self.cycle, prompts: Synthetic.prompts(4), policies: Synthetic.named(["a", "b", "c"]))
    var met: [Int] = []
    let error = #expect(throws: EvaluationError.self) {
      try tournament.play(progress: { met.append($0) }, stopRequested: { met.count == 2 })
    }
    #expect(met == [16, 32])
    #expect(error?.description.contains("stopped after 32 pairs of responses") == true)
    #expect(tournament.cost.comparisons == 48)
  }

  @Test func refusesWhatDoesNotFit() throws {
    let prompts = Synthetic.prompts(4)
    func expect(_ part: String, _ policies: [PolicySamples], _ prompts: [String]) {
      let error = #expect(throws: EvaluationError.self) {
        try Tournament(judge: Self.cycle, prompts: prompts, policies: policies)
      }
      #expect(error?.description.contains(part) == true, "\(part)")
    }
    expect("no policies", [], prompts)
    expect("no prompts", Synthetic.named(["a"], prompts: 0), [])
    expect("two policies are named 'a'", Synthetic.named(["a", "a"]), prompts)
    expect(
      "'b': responses to 3 prompts, expected 4",
      Synthetic.named(["a"]) + Synthetic.named(["b"], prompts: 3), prompts)
    expect(
      "'b': 3 responses to prompt 1, expected 2",
      Synthetic.named(["a"]) + Synthetic.named(["b"], responses: 3), prompts)
    expect("'a': 0 responses", Synthetic.named(["a"], responses: 0), prompts)
    var average = try Tournament(
      judge: Self.cycle, prompts: prompts, policies: Synthetic.named(["a", "b"]))
    average.averages = true
    let error = #expect(throws: EvaluationError.self) { try average.played() }
    #expect(error?.description.contains("judge with classes") == true)
  }

  /// Class shares, gaps, and the mean of shares over checkpoints that circle around the equilibrium.
  @Test func averagedShares() throws {
    let judge = try CategoryJudge(
      categories: [
        .init(name: "r", pattern: "r"), .init(name: "p", pattern: "p"),
        .init(name: "s", pattern: ""),
      ], matrix: [[0.5, 0, 1], [1, 0.5, 0], [0, 1, 0.5]])
    var tournament = try Tournament(
      judge: judge, prompts: ["x"], policies: Synthetic.named(["r", "p", "s"], prompts: 1))
    tournament.averages = true
    let report = try tournament.played()
    for policy in report.policies { #expect(policy.shares?.gap == 1) }
    #expect(report.policies[0].shares?.shares.map(\.share) == [1, 0, 0])
    let average = try #require(report.average)
    #expect(average.gap < 1e-12)
    #expect(average.shares.allSatisfy { abs($0.share - 1.0 / 3) < 1e-12 })
    #expect(report.winRates[0][1].value == 0 && report.winRates[0][2].value == 1)
    #expect(report.policies.allSatisfy { abs($0.nashShare.value - 1.0 / 3) < 1e-12 })
  }

  /// One policy alone has shares and gap, no pairs.
  @Test func oneAlone() throws {
    let judge = try CategoryJudge(
      categories: [.init(name: "a", pattern: "a"), .init(name: "b", pattern: "")],
      matrix: [[0.5, 1], [0, 0.5]])
    let report = try Tournament(
      judge: judge, prompts: ["x"], policies: Synthetic.named(["b"], prompts: 1)
    ).played()
    #expect(report.policies[0].shares?.gap == 1)
    #expect(report.cost.comparisons == 0)
    #expect(report.text.contains("duality gap"))
    #expect(!report.text.contains("Elo"))
  }
}
