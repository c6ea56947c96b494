import Foundation
import MPO
import TestSupport
import Testing

/// What `Fixtures/make_losses.py` made: losses and gradients of every algorithm in float64, from TRL's
/// code where it has the algorithm. A prompt's K responses stand together.
struct LossFixtures: Decodable {
  /// Cases of log-probabilities.
  var tables: [Case]
  /// Cases of the checkpoint parity/llama.
  var models: [Case]

  struct Case: Decodable, CustomTestStringConvertible {
    var name: String
    var algorithm: String
    var source: String
    var samples: Int
    var settings: [String: Setting]
    var preferences: [[[Double]]]
    var rewards: [Double]
    var winRates: [Double]
    var loss: Double
    /// Of a table: log-probabilities per token, and dL by each.
    var policy: [[Double]]?
    var old: [[Double]]?
    var reference: [[Double]]?
    var gradient: [[Double]]?
    /// Of a model.
    var prompts: [[Int32]]?
    var responses: [[Int32]]?
    var norms: [String: Double]?

    enum CodingKeys: String, CodingKey {
      case name, algorithm, source, settings, preferences, rewards, loss, policy, old, reference
      case gradient, prompts, responses, norms
      case samples = "num_generations"
      case winRates = "win_rates"
    }

    var testDescription: String { "\(name) (\(source))" }

    /// As `magnetic train` would read the settings.
    func configuration(_ more: [String] = []) throws -> AlignmentConfiguration {
      var c = AlignmentConfiguration()
      let isOffline = Algorithm(rawValue: algorithm)?.isOffline ?? false
      let flags =
        ["--algorithm=\(algorithm)"] + (isOffline ? [] : ["--num_generations=\(samples)"])
        + settings.map { "--\($0.key)=\($0.value.text)" } + more
      c.complete(given: try c.apply(flags: flags))
      return c
    }

    func group(_ n: Int, _ c: AlignmentConfiguration) -> Rollout.Group {
      let rows = (n * samples)..<((n + 1) * samples)
      let group = Rollout.Group(
        preferences: preferences[n].flatMap { $0 },
        winRates: c.opponent == .policy ? nil : Array(winRates[rows]),
        rewards: c.algorithm == .rloo ? Array(rewards[rows]) : nil)
      return c.hardLabels ? group.withHardLabels() : group
    }

    /// `r - 1/2` of prompt n's responses, (K).
    func advantages(_ group: Rollout.Group) -> [Double] {
      let zeros = Array(repeating: 0.0, count: samples)
      return ResponseGroup(
        policy: zeros, old: zeros, reference: zeros, preferences: group.preferences,
        winRates: group.winRates
      ).meanPreferences.map { $0 - 0.5 }
    }
  }

  /// A number, text or truth value.
  struct Setting: Decodable {
    var text: String

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if let truth = try? value.decode(Bool.self) {
        text = "\(truth)"
      } else if let number = try? value.decode(Double.self) {
        text = "\(number)"
      } else {
        text = try value.decode(String.self)
      }
    }
  }

  static func read() throws -> LossFixtures {
    let path = "\(SharedData.packageRoot)/Tests/MPOTests/Fixtures/losses.json"
    return try JSONDecoder().decode(
      LossFixtures.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
  }
}
