import Foundation
import MPO
import MPOBackend
import Testing

@Suite struct LengthControlTests {
  /// Two policies; `a` is longer by `shift` characters on average.
  private static func policies(
    shift: Double, prompts: Int, responses: Int = 2, seed: UInt64 = 5
  ) -> [PolicySamples] {
    var random = Synthetic.random(seed)
    return [("a", shift), ("b", 0.0)].map { name, more in
      Synthetic.policy(name, prompts: prompts, responses: responses) { _, _ in
        let length = max(1, Int(100 + more + 25 * Double(random.normal())))
        return name + String(repeating: "x", count: length - 1)
      }
    }
  }

  private static func play(
    _ judge: any PreferenceSource, _ policies: [PolicySamples]
  ) throws -> TournamentReport {
    let prompts = Synthetic.prompts(policies[0].responses.count)
    var tournament = try Tournament(judge: judge, prompts: prompts, policies: policies)
    tournament.resamples = 200
    return try tournament.play()
  }

  /// A judge that likes length alone, softly or always: the longer policy wins, but not at equal
  /// lengths.
  @Test(arguments: [15.0, 3, 0.01])
  func onlyLength(_ softness: Double) throws {
    let judge = FunctionJudge { _, a, b in
      1 / (1 + exp(Double(b.count - a.count) / softness))
    }
    let report = try Self.play(judge, Self.policies(shift: 30, prompts: 200))
    let raw = report.winRates[0][1]
    let control = try #require(report.lengthControlled[0][1])
    #expect(raw.low > 0.65)
    // Where length decides without exception the slope is held by the ridge alone and leaves a rest.
    let bound = softness < 1 ? 0.1 : 0.03
    #expect(abs(control.value - 0.5) < bound, "\(control)")
    #expect(control.high - control.low < 0.25)
  }

  /// A judge that likes the policy and not its length: the same rate as without control.
  @Test func lengthDoesNotMatter() throws {
    let judge = FunctionJudge { _, a, b in
      a.first == b.first ? 0.5 : (a.first == "a" ? 0.7 : 0.3)
    }
    let report = try Self.play(judge, Self.policies(shift: 30, prompts: 60))
    let control = try #require(report.lengthControlled[0][1])
    #expect(abs(control.value - 0.7) < 1e-3)
    #expect(abs(report.winRates[0][1].value - 0.7) < 1e-6)
  }

  /// The model's own parameters come back: theta = .6, phi = 1.1.
  @Test(arguments: [(200, 2), (1, 400)])
  func findsParameters(_ prompts: Int, _ responses: Int) throws {
    let policies = Self.policies(shift: 20, prompts: prompts, responses: responses)
    // The deviation of differences is about 25 sqrt 2.
    let judge = FunctionJudge { _, a, b in
      let sign = a.first == "a" ? 1.0 : -1.0
      let x = sign * 0.6 + 1.1 * tanh(Double(a.count - b.count) / (25 * 2.0.squareRoot()))
      return a.first == b.first ? 0.5 : 1 / (1 + exp(-x))
    }
    let report = try Self.play(judge, policies)
    let control = try #require(report.lengthControlled[0][1])
    #expect(abs(control.value - 1 / (1 + exp(-0.6))) < 0.01, "\(control)")
    #expect(control.low < control.value && control.value < control.high)
  }

  /// Its interval covers too: hard votes drawn from the model with theta = 0.
  @Test func coverage() throws {
    var inside = 0
    let trials = 150
    for trial in 0..<trials {
      let policies = Self.policies(
        shift: 20, prompts: 80, responses: 1, seed: UInt64(1000 + trial))
      var random = Synthetic.random(UInt64(9000 + trial))
      let votes = (0..<80).map { _ in Double(random.uniform()) }
      let judge = FunctionJudge { prompt, a, b in
        let x = 1.1 * tanh(Double(a.count - b.count) / (25 * 2.0.squareRoot()))
        return votes[Int(prompt) ?? 0] < 1 / (1 + exp(-x)) ? 1 : 0
      }
      var tournament = try Tournament(
        judge: judge, prompts: Synthetic.prompts(80), policies: policies)
      tournament.resamples = 200
      tournament.seed = UInt64(trial)
      let control = try #require(try tournament.play().lengthControlled[0][1])
      if control.low <= 0.5, 0.5 <= control.high { inside += 1 }
    }
    #expect((134...149).contains(inside), "\(inside) of \(trials)")
  }

  /// A policy that wins every pair stays finite; equal lengths leave the rate as it is; a constant
  /// difference cannot be told from the policy.
  @Test func edges() throws {
    let judge = FunctionJudge { _, a, b in a.first == b.first ? 0.5 : (a.first == "a" ? 1 : 0) }
    func control(_ first: Int, _ second: Int, prompts: Int) throws -> Estimate? {
      let policies = [("a", first), ("b", second)].map { name, length in
        Synthetic.policy(name, prompts: prompts) { _, _ in
          name + String(repeating: "x", count: length)
        }
      }
      return try Self.play(judge, policies).lengthControlled[0][1]
    }
    let rate = try #require(try control(5, 5, prompts: 64))
    #expect(rate.value > 0.99 && rate.value < 1)
    #expect(try control(9, 5, prompts: 64) == nil)
    let different = try Self.play(judge, Self.policies(shift: 20, prompts: 64))
      .lengthControlled[0][1]
    #expect(try #require(different).value > 0.95)
  }
}
