import Foundation
import MPO
import MPOBackend
import Testing

/// Intervals hold the truth as often as they say, in simulations with a known truth.
@Suite struct EvaluationIntervalTests {
  /// Policies of two classes whose chance of the better class differs by prompt; `a` is truly preferred
  /// with 1/2 + (pa - pb) / 2.
  private static func draw(
    _ name: String, _ base: Double, prompts: Int, responses: Int, _ random: inout PhiloxGenerator,
    difficulty: [Double]
  ) -> PolicySamples {
    var texts: [[String]] = []
    for n in 0..<prompts {
      texts.append(
        (0..<responses).map { _ in
          Double(random.uniform()) < base + difficulty[n] ? "good" : "poor"
        })
    }
    return PolicySamples(name: name, responses: texts)
  }

  private static func judge() throws -> CategoryJudge {
    try CategoryJudge(
      categories: [.init(name: "good", pattern: "good"), .init(name: "poor", pattern: "")],
      matrix: [[0.5, 1], [0, 0.5]])
  }

  /// 95 % +- 3 standard errors of 200 trials; with 40 units the percentile interval is a little short.
  @Test(arguments: [(40, 2), (1, 60)])
  func coverage(_ prompts: Int, _ responses: Int) throws {
    let judge = try Self.judge()
    var random = Synthetic.random(UInt64(prompts))
    var inside = 0
    var sharp = 0
    let trials = 200
    for trial in 0..<trials {
      // Of one prompt the truth is that prompt's.
      let difficulty = (0..<prompts).map { _ in
        prompts == 1 ? 0.0 : Double(random.uniform()) * 0.4 - 0.2
      }
      let better = (0..<prompts).map { _ in
        prompts == 1 ? 0.0 : Double(random.uniform()) * 0.4 - 0.2
      }
      let a = Self.draw(
        "a", 0.6, prompts: prompts, responses: responses, &random, difficulty: difficulty)
      let b = Self.draw(
        "b", 0.4, prompts: prompts, responses: responses, &random, difficulty: better)
      var tournament = try Tournament(
        judge: judge, prompts: Synthetic.prompts(prompts), policies: [a, b])
      tournament.resamples = 200
      tournament.seed = UInt64(trial)
      let report = try tournament.play()
      #expect(report.unit == (prompts == 1 ? .responses : .prompts))
      let rate = report.winRates[0][1]
      if rate.low <= 0.6, 0.6 <= rate.high { inside += 1 }
      if rate.high - rate.low < 0.3 { sharp += 1 }
      // What b's best reply gains: the same truth minus 1/2.
      #expect(report.policies[1].exploitability.value == max(0, rate.value - 0.5))
    }
    #expect((180...199).contains(inside), "\(inside) of \(trials)")
    #expect(sharp > trials * 9 / 10)
  }

  /// Exploitability with a clear best reply covers as its win rate does; where nobody gains the truth, 0,
  /// lies at the interval's lower end.
  @Test func exploitability() throws {
    let judge = try Self.judge()
    var random = Synthetic.random(77)
    var inside = 0
    let flat = [Double](repeating: 0, count: 50)
    for trial in 0..<60 {
      var tournament = try Tournament(
        judge: judge, prompts: Synthetic.prompts(50),
        policies: [("a", 0.9), ("b", 0.5), ("c", 0.2)].map {
          Self.draw($0.0, $0.1, prompts: 50, responses: 1, &random, difficulty: flat)
        })
      tournament.resamples = 100
      tournament.seed = UInt64(trial)
      let report = try tournament.play()
      let gain = report.policies[2].exploitability
      if gain.low <= 0.35, 0.35 <= gain.high { inside += 1 }
      #expect(report.policies[0].exploitability.low == 0)
      #expect(report.policies[2].exploiter == "a")
    }
    #expect((52...60).contains(inside), "\(inside) of 60")
  }

  /// A policy that wins every pair: Wilson's interval, not [1, 1].
  @Test func unanimous() throws {
    let judge = try Self.judge()
    let report = try Tournament(
      judge: judge, prompts: Synthetic.prompts(20),
      policies: Synthetic.named(["good", "poor"], prompts: 20)
    ).played()
    let rate = report.winRates[0][1]
    let (low, high) = Statistics.wilson(share: 1, samples: 20)
    #expect(rate.value == 1)
    #expect(rate.low == low && rate.high == high && rate.low < 0.9)
  }

  /// One prompt and one response: nothing to resample, so no interval, and null in JSON.
  @Test func nothingToResample() throws {
    let report = try Tournament(
      judge: Self.judge(), prompts: ["x"],
      policies: Synthetic.named(["good", "poor"], prompts: 1, responses: 1)
    ).played()
    #expect(report.winRates[0][1].value == 1)
    #expect(!report.winRates[0][1].hasInterval)
    #expect(report.json().contains("\"win_rates_low\": [[0.5, null], [null, 0.5]]"))
    #expect(report.text.contains("no intervals"))
  }
}
