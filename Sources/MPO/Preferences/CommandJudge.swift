import Foundation

/// `command`: a user's program. It is started once (`start`, or else the first question) and kept
/// running; for every prompt it reads one line of JSON, `{"prompt": "...", "responses": ["...",
/// ...]}`, and writes one, `{"preferences": [[0.5, ...], ...]}` (K rows of K; the bare matrix will
/// do), `[i][j]` being P(response i over response j). It must flush after every line.
/// `{"error": "..."}` stops the run with that text. After any failure the program is ended; the next
/// call starts it again. One that gives rewards is a `CommandReward`.
///
/// ```yaml
/// judge:
///   type: command
///   command: [python3, judge.py]   # a list is run as it is, a string by /bin/sh -c
///   returns: preferences           # or rewards
///   timeout: 60                    # seconds for one prompt
///   both_orders: false             # ask again in reversed order and average
///   cache: judge-cache             # keep answers here; name another folder for another program
/// ```
public final class CommandJudge: PreferenceSource {
  /// What a program answers with.
  public enum Returns: String, Sendable, CaseIterable { case preferences, rewards }

  public struct Settings: Sendable, Equatable {
    /// Program and arguments.
    public var command: [String]
    /// Seconds for one answer, > 0 and at most `longestTimeout`. Default 60: time for a program to
    /// load a model at its first.
    public var timeout: Double
    /// Averages the answers to y_1..y_K and y_K..y_1, against a judge's bias for a position.
    public var bothOrders: Bool
    public var returns = Returns.preferences
    /// Of rewards: units that make odds of e : 1, > 0.
    public var temperature = 1.0
    /// Folder that keeps answers by command, prompt and responses; nil = none. It does not see that
    /// the program itself has changed.
    public var cache: String?
    public init(command: [String], timeout: Double = 60, bothOrders: Bool = false) {
      self.command = command
      self.timeout = timeout
      self.bothOrders = bothOrders
    }
    /// A command line for `/bin/sh -c`.
    public init(shell: String, timeout: Double = 60, bothOrders: Bool = false) {
      self.init(command: ["/bin/sh", "-c", shell], timeout: timeout, bothOrders: bothOrders)
    }
    /// As the user wrote it, for messages.
    public var text: String {
      let shell = command.count == 3 && command[0] == "/bin/sh" && command[1] == "-c"
      return shell ? "'\(command[2])'" : "'\(command.joined(separator: " "))'"
    }
    /// For the list of resolved settings.
    public var summary: String {
      "command \(text), timeout \(shortNumber(timeout)) s" + (bothOrders ? ", both orders" : "")
        + (returns == .rewards ? ", rewards, temperature \(shortNumber(temperature))" : "")
        + (cache.map { ", cache \($0)" } ?? "")
    }
  }

  /// Seconds, about 11 days.
  public static let longestTimeout = 1e6

  private let program: JudgeProgram

  /// - Throws: `PreferenceError.rules` for an empty command, a time-out out of range or a program
  ///   that returns rewards.
  public init(_ settings: Settings) throws {
    guard settings.returns == .preferences else {
      throw PreferenceError.rules("command judge: expected a program that returns preferences")
    }
    program = try JudgeProgram(settings)
  }

  public var settings: Settings { program.settings }
  public var name: String { "command \(settings.text)" }
  public var overlapsGeneration: Bool { true }

  /// Starts the program, so that one that is missing is an error before any other work, and one that
  /// loads a model does so meanwhile. No time-out runs until the first question.
  /// - Throws: `PreferenceError.commandStart`.
  public func start() throws { try program.start() }

  public func preferences(prompts: [String], responses: [[String]]) throws -> PreferenceTable {
    let k = try responseCount(prompts: prompts, responses: responses, source: name)
    var values: [Float] = []
    values.reserveCapacity(prompts.count * k * k)
    do {
      for (n, (prompt, list)) in zip(prompts, responses).enumerated() {
        var matrix = try ask(n, prompt, list)
        if settings.bothOrders {
          let reversed = try ask(n, prompt, list.reversed())
          for i in 0..<k {
            for j in 0..<k { matrix[i][j] = (matrix[i][j] + reversed[k - 1 - i][k - 1 - j]) / 2 }
          }
        }
        for row in matrix { values += row.map { Float($0) } }
      }
      return try PreferenceTable(
        prompts: prompts.count, responses: k, values: values, source: name)
    } catch {
      program.stop()
      throw error
    }
  }

  private struct Answer: Decodable { var preferences: [[Double]]? }

  /// One question: a K x K matrix, its shape checked.
  private func ask(_ n: Int, _ prompt: String, _ responses: [String]) throws -> [[Double]] {
    try program.ask(n, prompt, responses) { line in
      let decoder = JSONDecoder()
      let matrix: [[Double]]
      if let bare = try? decoder.decode([[Double]].self, from: line) {
        matrix = bare
      } else if let answer = try? decoder.decode(Answer.self, from: line) {
        guard let found = answer.preferences else {
          throw JudgeProgram.Unread("expected a key 'preferences'")
        }
        matrix = found
      } else {
        throw JudgeProgram.Unread(
          "expected one line {\"preferences\": [[0.5, ...], ...]} with numbers only")
      }
      let k = responses.count
      guard matrix.count == k else {
        throw JudgeProgram.Unread("expected \(k) rows for \(k) responses, found \(matrix.count)")
      }
      for (i, row) in matrix.enumerated() where row.count != k {
        throw JudgeProgram.Unread("expected \(k) values in row \(i), found \(row.count)")
      }
      return matrix
    }
  }
}
