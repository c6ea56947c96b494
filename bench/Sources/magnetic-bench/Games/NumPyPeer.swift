import Foundation

/// `peers/numpy_games.py` as a child process: one JSON object a line each way.
final class NumPyPeer {
  private let process = Process()
  private let requests = Pipe()
  private let answers = Pipe()
  private var pending = Data()
  private(set) var version = "?"

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Throws when python3 or NumPy is missing.
  init(script: String) throws {
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", script]
    process.standardInput = requests
    process.standardOutput = answers
    guard FileManager.default.fileExists(atPath: script) else {
      throw Failure(description: "no file \(script)")
    }
    try process.run()
    version = try read()["numpy"] as? String ?? "?"
  }

  func ask(_ request: [String: Any]) throws -> [String: Any] {
    var line = try JSONSerialization.data(withJSONObject: request)
    line.append(0x0A)
    try requests.fileHandleForWriting.write(contentsOf: line)
    return try read()
  }

  private func read() throws -> [String: Any] {
    while true {
      if let end = pending.firstIndex(of: 0x0A) {
        let line = pending[..<end]
        pending = Data(pending[(end + 1)...])
        guard let answer = try JSONSerialization.jsonObject(with: line) as? [String: Any] else {
          throw Failure(description: "the NumPy peer answered no object")
        }
        return answer
      }
      let more = answers.fileHandleForReading.availableData
      guard !more.isEmpty else {
        throw Failure(description: "the NumPy peer ended (python3 with NumPy 2 is needed)")
      }
      pending.append(more)
    }
  }

  deinit {
    try? requests.fileHandleForWriting.close()
    process.waitUntilExit()
  }
}
