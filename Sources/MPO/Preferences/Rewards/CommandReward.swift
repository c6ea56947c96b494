import Foundation

/// `command` with `returns: rewards`: a user's program that scores responses. It reads the lines that
/// a `CommandJudge` reads and writes `{"rewards": [0.3, ...]}`, K finite numbers (the bare list will
/// do); all else is as there.
///
/// ```yaml
/// judge: {type: command, command: [python3, reward.py], returns: rewards, temperature: 1}
/// ```
public final class CommandReward: RewardSource {
  private let program: JudgeProgram

  /// - Throws: `PreferenceError.rules`, also for `both_orders` (rewards know no order).
  public init(_ settings: CommandJudge.Settings) throws {
    guard settings.returns == .rewards, !settings.bothOrders else {
      throw PreferenceError.rules(
        "command judge: expected a program that returns rewards, without 'both_orders'")
    }
    program = try JudgeProgram(settings)
  }

  public var settings: CommandJudge.Settings { program.settings }
  public var name: String { "command \(settings.text)" }
  public var temperature: Double { settings.temperature }
  public var overlapsGeneration: Bool { true }

  /// Starts the program; see `CommandJudge.start`.
  /// - Throws: `PreferenceError.commandStart`.
  public func start() throws { try program.start() }

  private struct Answer: Decodable { var rewards: [Double]? }

  public func rewards(prompts: [String], responses: [[String]]) throws -> [[Double]] {
    _ = try responseCount(prompts: prompts, responses: responses, source: name)
    do {
      return try zip(prompts, responses).enumerated().map { n, pair in
        try program.ask(n, pair.0, pair.1) { line in try Self.read(line, count: pair.1.count) }
      }
    } catch {
      program.stop()
      throw error
    }
  }

  private static func read(_ line: Data, count: Int) throws -> [Double] {
    let decoder = JSONDecoder()
    let rewards: [Double]
    if let bare = try? decoder.decode([Double].self, from: line) {
      rewards = bare
    } else if let answer = try? decoder.decode(Answer.self, from: line) {
      guard let found = answer.rewards else {
        throw JudgeProgram.Unread("expected a key 'rewards'")
      }
      rewards = found
    } else {
      throw JudgeProgram.Unread("expected one line {\"rewards\": [0.3, ...]} with numbers only")
    }
    guard rewards.count == count else {
      throw JudgeProgram.Unread(
        "expected \(count) rewards for \(count) responses, found \(rewards.count)")
    }
    return rewards
  }
}
