import Foundation

/// What one workload measured, ours or a peer's (`peers/peer.py` prints the same object): every
/// counted repeat, so that a reader can judge the spread.
struct Report: Codable {
  /// Seconds of every counted repeat, by phase.
  var times: [String: [Double]] = [:]
  /// Units of one repeat of a phase: tokens, or FLOPs for products and losses.
  var work: [String: Double] = [:]
  /// MiB: `peak` resident since `baseline` was taken, `states`, `extra` ...
  var memory: [String: Double] = [:]
  /// What a phase must compute and move at least.
  var cost: [String: Cost] = [:]
  /// Limits measured by themselves, per second.
  var rates: [String: [Double]] = [:]
  var versions: [String: String] = [:]
  var device = ""
  var note = ""
  /// A library that is not installed, and the command that installs it.
  var missing: String?
  var install: String?

  init() {}

  init(from decoder: any Swift.Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    times = try c.decodeIfPresent([String: [Double]].self, forKey: .times) ?? [:]
    work = try c.decodeIfPresent([String: Double].self, forKey: .work) ?? [:]
    memory = try c.decodeIfPresent([String: Double].self, forKey: .memory) ?? [:]
    cost = try c.decodeIfPresent([String: Cost].self, forKey: .cost) ?? [:]
    rates = try c.decodeIfPresent([String: [Double]].self, forKey: .rates) ?? [:]
    versions = try c.decodeIfPresent([String: String].self, forKey: .versions) ?? [:]
    device = try c.decodeIfPresent(String.self, forKey: .device) ?? ""
    note = try c.decodeIfPresent(String.self, forKey: .note) ?? ""
    missing = try c.decodeIfPresent(String.self, forKey: .missing)
    install = try c.decodeIfPresent(String.self, forKey: .install)
  }

  /// Units a second by the median; nil where the phase has no units or was not measured.
  func rate(_ phase: String) -> Double? {
    guard let units = work[phase], let seconds = seconds(phase) else { return nil }
    return units / seconds
  }

  /// The median.
  func seconds(_ phase: String) -> Double? { times[phase].map(median) }
}

/// FLOPs and bytes of one repeat that no implementation in this precision can do without.
struct Cost: Codable {
  var flops: Double
  var bytes: Double

  /// `max(flops / peak, bytes / bandwidth)`: the shortest time at these limits.
  func seconds(flopsPerSecond: Double, bytesPerSecond: Double) -> Double {
    max(flops / flopsPerSecond, bytes / bytesPerSecond)
  }

  static func + (a: Cost, b: Cost) -> Cost {
    Cost(flops: a.flops + b.flops, bytes: a.bytes + b.bytes)
  }
}

extension Report {
  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// One aligned line a phase, then memory.
  func printed(unit: String) -> String {
    var lines = times.keys.sorted().map { phase in
      let all = times[phase] ?? []
      let spread = "[\(figure(all.min() ?? .nan))..\(figure(all.max() ?? .nan))]"
      let rate = rate(phase).map { "  \(figure($0)) \(unit)" } ?? ""
      return padded(phase, 12) + padded(figure(median(all)) + " s", 12) + padded(spread, 20) + rate
    }
    if !memory.isEmpty {
      lines.append(
        padded("memory", 12)
          + memory.keys.sorted().map { "\($0) \(figure(memory[$0] ?? .nan)) MiB" }
          .joined(separator: ", "))
    }
    for (name, values) in rates.sorted(by: { $0.key < $1.key }) {
      lines.append(padded(name, 28) + figure(values.max() ?? .nan) + " /s")
    }
    return (lines + [device] + (note.isEmpty ? [] : [note])).joined(separator: "\n")
  }
}

/// Four figures, without an exponent from 0.001 to 10 million.
func figure(_ x: Double) -> String {
  guard x.isFinite else { return "-" }
  let size = abs(x)
  switch size {
  case 0: return "0"
  case 1000..<10_000_000: return String(format: "%.0f", x)
  case 100..<1000: return String(format: "%.1f", x)
  case 10..<100: return String(format: "%.2f", x)
  case 0.001..<10: return String(format: "%.3f", x)
  default: return String(format: "%.3g", x)
  }
}

func padded(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}
