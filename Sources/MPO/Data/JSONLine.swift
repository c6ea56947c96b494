import Foundation

/// One JSON object on one line, keys in the given order. Numbers have all their digits; JSON has no
/// NaN and no infinity, so they become null.
package struct JSONLine {
  private var fields: [String] = []

  package init() {}

  package mutating func add(_ key: String, _ text: String) { raw(key, Self.quote(text)) }
  package mutating func add(_ key: String, _ value: Double?) { raw(key, Self.number(value)) }
  package mutating func add(_ key: String, _ value: Int?) {
    raw(key, value.map(String.init) ?? "null")
  }
  package mutating func add(_ key: String, _ value: Bool) { raw(key, value ? "true" : "false") }
  package mutating func add(_ key: String, _ values: [String]) {
    raw(key, Self.list(values.map(Self.quote)))
  }
  package mutating func add(_ key: String, _ values: [Int32]) {
    raw(key, Self.list(values.map(String.init)))
  }
  package mutating func add(_ key: String, _ values: [Float]) {
    raw(key, Self.list(values.map { Self.number(Double($0)) }))
  }
  package mutating func add(_ key: String, _ values: [Double]) {
    raw(key, Self.list(values.map(Self.number)))
  }
  /// Pairs: `[[0, 0.5], [1, 0.25]]`.
  package mutating func add(_ key: String, steps: [Int], _ values: [Double]) {
    raw(key, Self.list(zip(steps, values).map { "[\($0), \(Self.number($1))]" }))
  }
  package mutating func add(_ key: String, _ values: [(String, Double)]) {
    let list = values.map { "\(Self.quote($0)): \(Self.number($1))" }.joined(separator: ", ")
    raw(key, "{\(list)}")
  }
  /// A matrix, row by row.
  package mutating func add(_ key: String, rows: [[Double]]) {
    raw(key, Self.list(rows.map { Self.list($0.map(Self.number)) }))
  }
  package mutating func add(_ key: String, _ object: JSONLine) { raw(key, object.text) }
  package mutating func add(_ key: String, _ objects: [JSONLine]) {
    raw(key, Self.list(objects.map(\.text)))
  }

  package var text: String { "{\(fields.joined(separator: ", "))}" }

  private mutating func raw(_ key: String, _ value: String) {
    fields.append("\(Self.quote(key)): \(value)")
  }

  private static func list(_ items: [String]) -> String { "[\(items.joined(separator: ", "))]" }

  private static func number(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "null" }
    return "\(value)"
  }

  private static func quote(_ text: String) -> String {
    guard let data = try? JSONEncoder.plain.encode(text) else { return "\"\"" }
    return String(decoding: data, as: UTF8.self)
  }
}

extension JSONEncoder {
  fileprivate static var plain: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    return encoder
  }
}
