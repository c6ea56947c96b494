import Foundation
import MPO

/// One case of `tools/check_losses.py`. N rows, K responses to each prompt, a prompt's together.
struct LossCase: Decodable {
  var name: String
  var algorithm: String
  /// K
  var samples: Int
  /// Settings of `magnetic train` by name.
  var settings: [String: Setting]
  /// P(y_i > y_j) of every prompt, (N / K, K, K).
  var preferences: [[[Double]]]
  /// (N)
  var rewards: [Double]
  /// P(y > its opponent), (N), for an algorithm whose opponent is not the policy.
  var winRates: [Double]
  /// Log-probabilities of every response's tokens, in a case without a model.
  var policy: [[Double]]?
  var old: [[Double]]?
  var reference: [[Double]]?
  /// Model folders, in a case with one.
  var model: String?
  var referenceModel: String?
  var prompts: [[Int32]]?
  var responses: [[Int32]]?
  /// Of the optimizer step between the two gradients.
  var learningRate: Double?

  enum CodingKeys: String, CodingKey {
    case name, algorithm, settings, preferences, rewards, policy, old, reference, model, prompts
    case responses
    case samples = "num_generations"
    case learningRate = "learning_rate"
    case winRates = "win_rates"
    case referenceModel = "reference_model"
  }

  /// A number, text or truth value, as a flag's text.
  struct Setting: Decodable {
    var text: String

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if let truth = try? value.decode(Bool.self) {
        text = truth ? "true" : "false"
      } else if let number = try? value.decode(Double.self) {
        text = "\(number)"
      } else {
        text = try value.decode(String.self)
      }
    }
  }

  /// The case's settings and others as `magnetic train` takes them.
  func configuration(_ more: [String] = []) throws -> AlignmentConfiguration {
    var c = AlignmentConfiguration()
    // Pairs of a file are always two.
    let isOffline = Algorithm(rawValue: algorithm)?.isOffline ?? false
    let flags =
      ["--algorithm=\(algorithm)"] + (isOffline ? [] : ["--num_generations=\(samples)"])
      + settings.sorted { $0.key < $1.key }.map { "--\($0.key)=\($0.value.text)" } + more
    c.complete(given: try c.apply(flags: flags))
    let idle = c.settingsWithoutEffect.filter { settings[$0] != nil }
    guard idle.isEmpty else { throw LossCaseError.idle(name, idle) }
    return c
  }

  /// What the judge says of prompt n.
  func group(_ n: Int, _ c: AlignmentConfiguration) -> Rollout.Group {
    let rows = (n * samples)..<((n + 1) * samples)
    let group = Rollout.Group(
      preferences: preferences[n].flatMap { $0 },
      winRates: c.opponent == .policy ? nil : Array(winRates[rows]),
      rewards: c.algorithm == .rloo ? Array(rewards[rows]) : nil)
    return c.hardLabels ? group.withHardLabels() : group
  }

  /// Mean preference of each response over its opponents, (K).
  func rates(_ group: Rollout.Group) -> [Double] {
    let zeros = Array(repeating: 0.0, count: samples)
    return ResponseGroup(
      policy: zeros, old: zeros, reference: zeros, preferences: group.preferences,
      winRates: group.winRates
    ).meanPreferences
  }
}

enum LossCaseError: Error, CustomStringConvertible {
  case idle(String, [String])
  case incomplete(String)

  var description: String {
    switch self {
    case .idle(let name, let settings):
      return "case \(name): its algorithm does not read \(settings.joined(separator: ", "))"
    case .incomplete(let name):
      return "case \(name): expected policy, old and reference, or model, reference_model, prompts "
        + "and responses"
    }
  }
}
