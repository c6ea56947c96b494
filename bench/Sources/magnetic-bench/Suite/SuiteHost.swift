import Foundation

/// Where and from what a result was measured.
enum SuiteHost {
  /// Short hash, with `+changes` when the working tree differs; `unknown` outside of git.
  static func commit() -> String {
    guard let hash = git("rev-parse", "--short", "HEAD"), !hash.isEmpty else { return "unknown" }
    let changes = git("status", "--porcelain", "--untracked-files=no") ?? ""
    return hash + (changes.isEmpty ? "" : "+changes")
  }

  private static func git(_ arguments: String...) -> String? {
    guard let run = try? ChildRun.run(["git"] + arguments, timeout: 20), run.code == 0 else {
      return nil
    }
    return run.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  static func facts() -> [String: String] {
    let information = ProcessInfo.processInfo
    return [
      "cores": "\(information.activeProcessorCount)",
      "memory_gib": "\(information.physicalMemory >> 30)",
      "system": information.operatingSystemVersionString,
      "load_before": load(),
    ]
  }

  /// Load averages of 1, 5 and 15 minutes.
  static func load() -> String {
    var values = [0.0, 0.0, 0.0]
    guard getloadavg(&values, 3) == 3 else { return "?" }
    return values.map { String(format: "%.1f", $0) }.joined(separator: " ")
  }
}
