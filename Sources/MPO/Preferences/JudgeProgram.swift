import Foundation

/// A user's program that answers one line of JSON for one line of JSON, kept running: what
/// `CommandJudge` and `CommandReward` share. After any failure the program is ended; the next
/// question starts it again.
final class JudgeProgram {
  let settings: CommandJudge.Settings
  private let cache: JudgeCache?
  private var process: ChildProcess?

  /// - Throws: `PreferenceError.rules` for an empty command or a time-out out of range, `.cache`.
  init(_ settings: CommandJudge.Settings) throws {
    guard settings.command.first?.isEmpty == false else {
      throw PreferenceError.rules("command judge: expected a program, found an empty command")
    }
    guard settings.timeout > 0, settings.timeout <= CommandJudge.longestTimeout else {
      throw PreferenceError.rules(
        "command judge: expected 'timeout' above 0 and at most "
          + "\(Int(CommandJudge.longestTimeout)) seconds, found \(settings.timeout)")
    }
    guard settings.temperature > 0, settings.temperature.isFinite else {
      throw PreferenceError.rules(
        "command judge: expected 'temperature' above 0, found \(settings.temperature)")
    }
    self.settings = settings
    cache = try settings.cache.map { try JudgeCache($0) }
  }

  /// Starts the program unless it runs.
  /// - Throws: `PreferenceError.commandStart`.
  func start() throws {
    guard process == nil else { return }
    do {
      process = try ChildProcess(settings.command)
    } catch ChildProcess.Failure.start(let text) {
      throw PreferenceError.commandStart(command: settings.text, text)
    }
  }

  /// Ends the program.
  func stop() { process = nil }

  private struct Request: Encodable {
    var prompt: String
    var responses: [String]
  }

  private struct Report: Decodable { var error: String? }

  /// Asks about prompt `n` of the call and reads the answer by `read`, which throws `Unread` for one
  /// that is not as documented. An answer in the cache that reads well is not asked for.
  /// - Throws: `PreferenceError`.
  func ask<Answer>(
    _ n: Int, _ prompt: String, _ responses: [String], read: (Data) throws -> Answer
  ) throws -> Answer {
    let about = ["command", "\(settings.returns)"] + settings.command + [prompt] + responses
    let key = cache == nil ? "" : JudgeCache.key(about)
    if let kept = cache?.answer(key), let answer = try? read(Data(kept)) { return answer }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
    let request = Request(prompt: prompt, responses: responses)
    let line = try exchange(n, [UInt8](try encoder.encode(request)))
    let text = String(decoding: line, as: UTF8.self)
    let answer: Answer
    do {
      if let report = try? JSONDecoder().decode(Report.self, from: Data(line)),
        let error = report.error
      {
        throw Unread("the program reports \(quoted(error))")
      }
      answer = try read(Data(line))
    } catch let unread as Unread {
      throw PreferenceError.commandAnswer(
        command: settings.text, prompt: n, unread.text, line: text)
    }
    try cache?.keep(line, for: key)
    return answer
  }

  /// Why an answer cannot be used.
  struct Unread: Error {
    var text: String
    init(_ text: String) { self.text = text }
  }

  private func exchange(_ n: Int, _ line: [UInt8]) throws -> [UInt8] {
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
