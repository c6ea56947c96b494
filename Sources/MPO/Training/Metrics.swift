import Foundation
import MPOModel

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// One value of a step: a number, or a text for a table of completions.
public enum MetricValue: Sendable, Equatable {
  case number(Double)
  case text(String)

  /// JSON has no NaN and no infinities: they become null.
  var json: String {
    switch self {
    case .text(let text): return jsonString(text)
    case .number(let value):
      guard value.isFinite else { return "null" }
      return shortNumber(value)
    }
  }
}

/// `metrics.jsonl`: one object per step, `{"step": 12, "loss": 0.5, ...}`. A line is appended by one
/// write; a resumed run drops what a crash left unfinished and every line past the step it starts
/// from, so no step stands twice.
public final class MetricsLog {
  public let path: String
  private let descriptor: Int32
  private var length: off_t

  /// Opens for appending.
  /// - Parameter resumedStep: keep the lines up to this step and drop the rest; nil empties the file.
  /// - Throws: `ModelError` or `FileError`.
  public init(path: String, resumedStep: Int?) throws {
    self.path = path
    let kept = resumedStep.map { Self.lines(of: path, upTo: $0) } ?? Data()
    try AtomicFile.write(kept, to: path)
    length = off_t(kept.count)
    descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(call: "open", path: path, code: errno) }
  }

  deinit { close(descriptor) }

  /// Appends the line of a step.
  /// - Throws: `ModelError` or `FileError`; a line that did not fit on the disk is taken back.
  public func append(step: Int, _ values: [(name: String, value: MetricValue)]) throws {
    let fields = values.map { "\(jsonString($0.name)): \($0.value.json)" }
    let line = "{" + (["\"step\": \(step)"] + fields).joined(separator: ", ") + "}\n"
    let data = Data(line.utf8)
    do {
      try data.withUnsafeBytes {
        try writeAll($0, to: descriptor, path: path)
      }
      length += off_t(data.count)
    } catch {
      ftruncate(descriptor, length)
      throw error
    }
  }

  public func append(step: Int, _ values: [(name: String, value: Double)]) throws {
    try append(step: step, values.map { ($0.name, MetricValue.number($0.value)) })
  }

  private struct Line: Decodable {
    var step: Int
  }

  private static func lines(of path: String, upTo step: Int) -> Data {
    guard let data = FileManager.default.contents(atPath: path) else { return Data() }
    var kept = Data()
    let decoder = JSONDecoder()
    // What follows the last newline is unfinished.
    for line in data.split(separator: 10, omittingEmptySubsequences: false).dropLast() {
      guard let found = try? decoder.decode(Line.self, from: Data(line)), found.step <= step else {
        continue
      }
      kept += line
      kept.append(10)
    }
    return kept
  }
}
