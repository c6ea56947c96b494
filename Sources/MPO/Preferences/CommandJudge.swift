import Foundation

/// `command`: a user's program. It is started once (`start`, or else the first question) and kept
/// running; for every prompt it reads one line of JSON, `{"prompt": "...", "responses": ["...", ...]}`, and writes one,
/// `{"preferences": [[0.5, ...], ...]}` (K rows of K; the bare matrix will do), `[i][j]` being
/// P(response i over response j). It must flush after every line. `{"error": "..."}` stops the run
/// with that text. After any failure the program is ended; the next call starts it again.
///
/// ```yaml
/// judge:
///   type: command
///   command: [python3, judge.py]   # a list is run as it is, a string by /bin/sh -c
///   timeout: 60                    # seconds for one prompt
///   both_orders: false             # ask again in reversed order and average
/// ```
public final class CommandJudge: PreferenceSource {
  public struct Settings: Sendable, Equatable {
    /// Program and arguments.
    public var command: [String]
    /// Seconds for one answer, > 0 and at most `longestTimeout`. Default 60: time for a program to load a model at its first.
    public var timeout: Double
    /// Averages the answers to y_1..y_K and y_K..y_1, against a judge's bias for a position.
    public var bothOrders: Bool
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
  }

  /// Seconds, about 11 days.
  public static let longestTimeout = 1e6

  public let settings: Settings
  private var process: ChildProcess?

  /// - Throws: `PreferenceError.rules` for an empty command or a time-out out of range.
  public init(_ settings: Settings) throws {
    guard settings.command.first?.isEmpty == false else {
      throw PreferenceError.rules("command judge: expected a program, found an empty command")
    }
    guard settings.timeout > 0, settings.timeout <= Self.longestTimeout else {
      throw PreferenceError.rules(
        "command judge: expected 'timeout' above 0 and at most \(Int(Self.longestTimeout)) "
          + "seconds, found \(settings.timeout)")
    }
    self.settings = settings
  }

  public var name: String { "command \(settings.text)" }

  /// Starts the program, so that one that is missing is an error before any other work, and one that
  /// loads a model does so meanwhile. No time-out runs until the first question.
  /// - Throws: `PreferenceError.commandStart`.
  public func start() throws {
    guard process == nil else { return }
    do {
      process = try ChildProcess(settings.command)
    } catch ChildProcess.Failure.start(let text) {
      throw PreferenceError.commandStart(command: settings.text, text)
    }
  }

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
      process = nil
      throw error
    }
  }

  private struct Request: Encodable {
    var prompt: String
    var responses: [String]
  }

  private struct Answer: Decodable {
    var preferences: [[Double]]?
    var error: String?
  }

  /// One question: a K x K matrix, its shape checked.
  private func ask(_ n: Int, _ prompt: String, _ responses: [String]) throws -> [[Double]] {
    let line = try exchange(n, Request(prompt: prompt, responses: responses))
    let text = String(decoding: line, as: UTF8.self)
    func refuse(_ reason: String) -> PreferenceError {
      .commandAnswer(command: settings.text, prompt: n, reason, line: text)
    }
    let decoder = JSONDecoder()
    let matrix: [[Double]]
    if let bare = try? decoder.decode([[Double]].self, from: Data(line)) {
      matrix = bare
    } else if let answer = try? decoder.decode(Answer.self, from: Data(line)) {
      if let error = answer.error { throw refuse("the program reports \(quoted(error))") }
      guard let found = answer.preferences else { throw refuse("expected a key 'preferences'") }
      matrix = found
    } else {
      throw refuse("expected one line {\"preferences\": [[0.5, ...], ...]} with numbers only")
    }
    let k = responses.count
    guard matrix.count == k else {
      throw refuse("expected \(k) rows for \(k) responses, found \(matrix.count)")
    }
    for (i, row) in matrix.enumerated() where row.count != k {
      throw refuse("expected \(k) values in row \(i), found \(row.count)")
    }
    return matrix
  }

  private func exchange(_ n: Int, _ request: Request) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
    let line = [UInt8](try encoder.encode(request))
    do {
      try start()
      guard let process else { throw ChildProcess.Failure.ended("is not running") }
      return try process.exchange(line, seconds: settings.timeout)
    } catch let failure as ChildProcess.Failure {
      let stderr = process?.stderr ?? ""
      switch failure {
      case .start(let text):
        throw PreferenceError.commandStart(command: settings.text, text)
      case .ended(let status):
        throw PreferenceError.commandEnded(
          command: settings.text, prompt: n, status: status, stderr: stderr)
      case .timeout:
        throw PreferenceError.commandTimeout(
          command: settings.text, prompt: n, seconds: settings.timeout, stderr: stderr)
      case .unasked(let line):
        throw PreferenceError.commandAnswer(
          command: settings.text, prompt: n,
          "it wrote a line before it was asked (one line for each prompt, and logs to standard "
            + "error)", line: String(decoding: line, as: UTF8.self))
      case .tooLong(let bytes):
        throw PreferenceError.commandAnswer(
          command: settings.text, prompt: n, "the line has no end after \(bytes) bytes", line: "")
      }
    }
  }
}
