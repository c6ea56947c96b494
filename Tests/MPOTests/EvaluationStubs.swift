import Foundation
import MPO
import MPOBackend

/// A judge by a function of prompt and two responses, P(first over second); made antisymmetric by asking
/// with the smaller text first.
final class FunctionJudge: PreferenceSource {
  let name = "function"
  let preference: (String, String, String) -> Double
  private(set) var calls = 0

  init(_ preference: @escaping (String, String, String) -> Double) {
    self.preference = preference
  }

  func preferences(prompts: [String], responses: [[String]]) throws -> PreferenceTable {
    calls += 1
    let k = responses.first?.count ?? 0
    var values: [Float] = []
    for (prompt, list) in zip(prompts, responses) {
      for a in list {
        for b in list {
          let p = a <= b ? preference(prompt, a, b) : 1 - preference(prompt, b, a)
          values.append(a == b ? 0.5 : Float(p))
        }
      }
    }
    return try PreferenceTable(prompts: prompts.count, responses: k, values: values)
  }
}

enum Synthetic {
  /// Prompts `0` to `count - 1`.
  static func prompts(_ count: Int) -> [String] { (0..<count).map(String.init) }

  /// One policy that says `text(prompt, response)`.
  static func policy(
    _ name: String, prompts: Int, responses: Int = 1, _ text: (Int, Int) -> String
  ) -> PolicySamples {
    PolicySamples(
      name: name,
      responses: (0..<prompts).map { n in (0..<responses).map { text(n, $0) } })
  }

  /// Policies that always say their own name.
  static func named(_ names: [String], prompts: Int = 4, responses: Int = 2) -> [PolicySamples] {
    names.map { name in policy(name, prompts: prompts, responses: responses) { _, _ in name } }
  }

  /// P between texts by a table; a missing pair is its reverse.
  static func judge(_ table: [String: Double]) -> FunctionJudge {
    FunctionJudge { _, a, b in
      table["\(a)>\(b)"] ?? table["\(b)>\(a)"].map { 1 - $0 } ?? 0.5
    }
  }

  static func random(_ seed: UInt64) -> PhiloxGenerator {
    PhiloxGenerator(seed: seed, domain: .test)
  }
}

extension Tournament {
  /// With few resamples, for speed.
  func played() throws -> TournamentReport {
    var few = self
    few.resamples = 200
    return try few.play()
  }
}
