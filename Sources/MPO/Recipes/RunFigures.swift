import Foundation
import MPOModel

/// What a finished run measured, read from its folder.
struct RunFigures {
  let folder: String
  /// For messages.
  let run: String
  let record: RunRecord

  /// File of standard output: JSON lines when the run was asked for them.
  static func outputName(_ settings: [RecipeSetting]) -> String {
    let json = settings.first { $0.name == "json" }.flatMap { try? $0.value.bool() } ?? false
    return json ? "output.jsonl" : "output.txt"
  }

  /// - Throws: `RecipeError.figure`.
  func value(_ measure: RecipeMeasure) throws -> Double {
    switch measure.source {
    case .output: return try output(measure.path)
    case .record: return try recorded(measure.path)
    case .metrics: return try moment(measure.moment, of: metric(measure.path), measure.path)
    case .averageShares: return try gapOfAverageShares()
    }
  }

  private func fault(_ text: String) -> RecipeError { .figure(run: run, text) }

  // MARK: - Standard output

  /// All that was printed.
  private var output: Data {
    ["output.jsonl", "output.txt"].lazy
      .compactMap { FileManager.default.contents(atPath: "\(folder)/\($0)") }.first ?? Data()
  }

  /// The first 64 KiB of it, and a mark where there is more.
  var printedText: String {
    let all = output
    let part = String(decoding: all.prefix(65_536), as: UTF8.self)
    return part + (all.count > 65_536 ? "\n... \(all.count - 65_536) bytes more" : "")
  }

  /// The last JSON object that was printed.
  private func printed() throws -> JSONValue {
    let line = output.split(separator: 10).last { $0.first == UInt8(ascii: "{") }
    guard let line,
      let object = try? JSONValue(parsing: String(decoding: line, as: UTF8.self), path: folder)
    else { throw fault("no JSON object in its output; the stage needs the setting 'json: true'") }
    return object
  }

  private func output(_ path: String) throws -> Double {
    try Self.value(printed(), path) { fault($0) }
  }

  /// The values at a path in which `[*]` stands for every item of a list: `policies[*].duality_gap`.
  /// Of a text the number at its end counts: `checkpoint-20` is 20.
  func outputs(_ path: String) throws -> [Double] {
    let parts = path.components(separatedBy: "[*]")
    guard parts.count == 2 else { throw fault("'\(path)': expected one [*], for the points") }
    let list = try Self.find(printed(), parts[0]) { fault($0) }
    guard let items = list.array else { throw fault("'\(parts[0])' is \(list.kind), no list") }
    let rest = parts[1].first == "." ? String(parts[1].dropFirst()) : parts[1]
    return try items.map { item in
      let found = try Self.find(item, rest) { fault($0) }
      let digits = found.string.map { String($0.reversed().prefix { $0.isNumber }.reversed()) }
      guard let number = found.double ?? digits.flatMap(Double.init) else {
        throw fault("'\(path)' holds \(found.kind), no number")
      }
      return number
    }
  }

  /// `shares.girl`, `matrix[0][1]`, `policies[2].elo`. A member's name may hold dots: the longest
  /// one that there is counts.
  static func value(
    _ object: JSONValue, _ path: String, fault: (String) -> RecipeError
  ) throws -> Double {
    let found = try find(object, path, fault: fault)
    guard let number = found.double else { throw fault("'\(path)' is \(found.kind), no number") }
    return number
  }

  private static func find(
    _ object: JSONValue, _ path: String, fault: (String) -> RecipeError
  ) throws -> JSONValue {
    if path.isEmpty { return object }
    func rest(_ count: Int) -> String {
      let left = path.dropFirst(count)
      return String(left.first == "." ? left.dropFirst() : left)
    }
    if path.first == "[" {
      let inner = path.dropFirst().prefix { $0 != "]" }
      guard let index = Int(inner), let list = object.array, list.indices.contains(index) else {
        throw fault("no item [\(inner)] in \(object.kind)")
      }
      return try find(list[index], rest(inner.count + 2), fault: fault)
    }
    let members = object.object?.members ?? []
    let fitting = members.filter {
      guard path.hasPrefix($0.name) else { return false }
      let next = path.dropFirst($0.name.count).first
      return next == nil || next == "." || next == "["
    }
    guard let member = fitting.max(by: { $0.name.count < $1.name.count }) else {
      let names = members.map(\.name).joined(separator: ", ")
      throw fault("no '\(path)' in its output" + (names.isEmpty ? "" : " (there are \(names))"))
    }
    return try find(member.value, rest(member.name.count), fault: fault)
  }

  private func recorded(_ name: String) throws -> Double {
    switch name {
    case "seconds": return record.seconds
    case "cpu_seconds": return record.cpuSeconds
    case "peak_rss_mib": return record.peakRSS
    default:
      throw fault("no '\(name)' in its record; there are seconds, cpu_seconds and peak_rss_mib")
    }
  }

  // MARK: - metrics.jsonl

  /// The lines that hold all of `names`.
  func metrics(_ names: [String]) throws -> [[Double]] {
    let path = "\(folder)/metrics.jsonl"
    guard let data = FileManager.default.contents(atPath: path) else {
      throw fault("no metrics.jsonl in its folder")
    }
    var rows: [[Double]] = []
    for line in data.split(separator: 10) {
      let text = String(decoding: line, as: UTF8.self)
      guard let object = try? JSONValue(parsing: text, path: path).object else {
        throw fault("metrics.jsonl has a line that is no JSON object")
      }
      let row = names.compactMap { object[$0]?.double }
      if row.count == names.count { rows.append(row) }
    }
    guard !rows.isEmpty else {
      throw fault("no line of metrics.jsonl has \(names.joined(separator: " and "))")
    }
    return rows
  }

  private func metric(_ name: String) throws -> [Double] { try metrics([name]).map { $0[0] } }

  private func moment(
    _ moment: RecipeMeasure.Moment, of values: [Double], _ name: String
  ) throws -> Double {
    let found: Double?
    switch moment {
    case .last: found = values.last
    case .mean: found = values.reduce(0, +) / Double(max(1, values.count))
    case .least: found = values.min()
    case .greatest: found = values.max()
    }
    guard let found else { throw fault("no '\(name)' in metrics.jsonl") }
    return found
  }

  private func gapOfAverageShares() throws -> Double {
    guard let text = record.settings["judge"],
      case .categories(let judge) = try JudgeConfiguration(yaml: text, file: "\(folder): judge")
    else { throw fault("average_shares needs a run with a judge of type categories") }
    let rows = try metrics(judge.game.names.map { "share/\($0)" })
    let shares = judge.game.names.indices.map { a in
      rows.reduce(0) { $0 + $1[a] } / Double(rows.count)
    }
    return judge.game.dualityGap(shares)
  }
}

/// Mean and standard error over seeds.
public struct SeedStatistics: Sendable, Equatable {
  /// In the order of the seeds.
  public var values: [Double]

  public init(_ values: [Double]) { self.values = values }

  public var count: Int { values.count }
  /// NaN without values.
  public var mean: Double {
    values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
  }
  /// `s / sqrt(n)` with `s^2 = sum (x - mean)^2 / (n - 1)`; nil for fewer than two values.
  public var standardError: Double? {
    guard values.count > 1 else { return nil }
    let mean = self.mean
    let square = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
    return (square / Double(values.count)).squareRoot()
  }

  /// `0.051 ± 0.008`
  func text(digits: Int) -> String {
    func number(_ value: Double) -> String { String(format: "%.\(digits)f", value) }
    guard count > 0 else { return "-" }
    return number(mean) + (standardError.map { " ± \(number($0))" } ?? "")
  }
}
