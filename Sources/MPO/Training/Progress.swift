import Foundation
import MPOModel

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// What a long run prints on standard error: one aligned line for a step and, on a terminal, a bar
/// with the time left below them. Elsewhere plain lines only.
public final class ProgressReporter {
  /// Steps of the whole run.
  public let total: Int
  private let first: Int
  private let unit: String
  private let isTerminal: Bool
  private let write: (String) -> Void
  private let clock: () -> Double
  private let started: Double
  private var barShown = false

  /// - Parameters:
  ///   - first: steps done before this process, which do not count for the time left.
  ///   - isTerminal: nil asks the system about standard error.
  ///   - write: where text goes; nil is standard error.
  ///   - clock: seconds; nil is the monotonic clock.
  public init(
    total: Int, first: Int = 0, unit: String = "step", isTerminal: Bool? = nil,
    write: ((String) -> Void)? = nil, clock: (() -> Double)? = nil
  ) {
    self.total = total
    self.first = first
    self.unit = unit
    self.isTerminal = isTerminal ?? (isatty(2) == 1)
    // A closed standard error must not end a run.
    self.write =
      write ?? { text in
        try? Data(text.utf8).withUnsafeBytes { try writeAll($0, to: 2, path: "stderr") }
      }
    self.clock = clock ?? { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }
    started = self.clock()
  }

  /// A line for a finished step, and the bar below it.
  public func line(step: Int, _ columns: [(name: String, value: Double)]) {
    let width = String(total).count
    let number = String(step)
    let padding = String(repeating: " ", count: max(0, width - number.count))
    let cells = columns.map { "  \($0.name) \(Self.cell($0.value))" }.joined()
    let left = isTerminal ? "" : "  eta \(Self.duration(remaining(step)))"
    clear()
    write("\(unit) \(padding)\(number)/\(total)\(cells)\(left)\n")
    bar(step: step)
  }

  /// Redraws the bar only; nothing where there is no terminal.
  public func bar(step: Int) {
    guard isTerminal, total > 0 else { return }
    let cells = 28
    let done = min(cells, max(0, step * cells / total))
    let drawn = String(repeating: "=", count: done) + String(repeating: " ", count: cells - done)
    let spent = Self.duration(clock() - started)
    write(
      "\r\u{1B}[K[\(drawn)] \(step)/\(total) \(100 * step / total) %  "
        + "\(spent), \(Self.duration(remaining(step))) left")
    barShown = true
  }

  /// A line of text above the bar.
  public func message(_ text: String) {
    clear()
    write(text + "\n")
  }

  /// Takes the bar away.
  public func finish() { clear() }

  private func clear() {
    guard barShown else { return }
    write("\r\u{1B}[K")
    barShown = false
  }

  private func remaining(_ step: Int) -> Double {
    let done = step - first
    guard done > 0 else { return .infinity }
    return (clock() - started) / Double(done) * Double(max(0, total - step))
  }

  /// Ten characters: four decimals, none for a large whole number, or an exponent for what is too
  /// small or too large.
  public static func cell(_ value: Double) -> String {
    let size = abs(value)
    let text: String
    if size >= 100, size < 1e10, value == value.rounded() {
      text = String(Int(value))
    } else if value != 0, size < 1e-3 || size >= 1e5, value.isFinite {
      text = String(format: "%.3e", value)
    } else {
      text = value.isFinite ? String(format: "%.4f", value) : "\(value)"
    }
    return String(repeating: " ", count: max(0, 10 - text.count)) + text
  }

  /// `1:02:03`, `2:03`; `-` when unknown.
  public static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "-" }
    let whole = Int(max(0, seconds).rounded())
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
  }
}
