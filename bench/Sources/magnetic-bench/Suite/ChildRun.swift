import Foundation

/// A contender as a child process, so that its peak of memory is its own.
struct ChildRun {
  enum Outcome {
    case report(Report)
    case missing(String, install: String)
    case failed(String)
  }

  /// Folder of the peers' scripts.
  var peers: String
  /// The Python that has the peers' libraries.
  var python: String

  func command(_ contender: Contender) -> [String] {
    switch contender.program {
    case .magnetic: return [Self.ownPath] + contender.arguments + ["--json"]
    case .python(let script):
      return [python, "\(peers)/\(script)"] + contender.arguments + ["--json"]
    }
  }

  /// Runs it to its end, or until `timeout` seconds have passed.
  func run(_ contender: Contender, timeout: Double) -> Outcome {
    do {
      let (code, output, errors) = try Self.run(
        command(contender), environment: contender.environment, timeout: timeout)
      let line = output.split(separator: "\n").last { $0.hasPrefix("{\"") }
      let report = try line.map { try JSONDecoder().decode(Report.self, from: Data($0.utf8)) }
      if let report, let missing = report.missing {
        return .missing(missing, install: report.install ?? "")
      }
      guard let code else { return .failed("not done after \(Int(timeout)) s") }
      guard code == 0, let report else { return .failed(Self.reason(code, errors)) }
      return .report(report)
    } catch {
      return .failed("\(error)")
    }
  }

  /// The last line that says something.
  private static func reason(_ code: Int32, _ errors: String) -> String {
    let last = errors.split(separator: "\n").last { !$0.allSatisfy(\.isWhitespace) }
    return "exit code \(code): \(last.map { String($0.prefix(160)) } ?? "no message")"
  }

  /// Exit code (nil after the timeout), standard output and standard error. Both go to files: a
  /// full pipe would stop the child.
  static func run(
    _ command: [String], environment: [String: String] = [:], timeout: Double
  ) throws -> (code: Int32?, output: String, errors: String) {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("magnetic-bench-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func sink(_ name: String) throws -> FileHandle {
      let url = folder.appendingPathComponent(name)
      try Data().write(to: url)
      return try FileHandle(forWritingTo: url)
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardOutput = try sink("out")
    process.standardError = try sink("err")
    process.standardInput = FileHandle.nullDevice
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    try process.run()
    Interruption.shared.child = process.processIdentifier
    defer { Interruption.shared.child = 0 }
    let inTime = ended.wait(timeout: .now() + timeout) == .success
    if !inTime {
      kill(process.processIdentifier, SIGKILL)
      ended.wait()
    }
    func text(_ name: String) -> String {
      let data = (try? Data(contentsOf: folder.appendingPathComponent(name))) ?? Data()
      return String(decoding: data, as: UTF8.self)
    }
    return (inTime ? process.terminationStatus : nil, text("out"), text("err"))
  }

  private static var ownPath: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? CommandLine.arguments[0]
  }
}
