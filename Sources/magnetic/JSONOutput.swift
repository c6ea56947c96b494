import Foundation

/// One JSON object a line on standard output, keys in the given order.
struct JSONLine {
  private var fields: [String] = []

  mutating func add(_ key: String, _ text: String) {
    fields.append("\(quote(key)): \(quote(text))")
  }
  mutating func add(_ key: String, _ value: Double) {
    fields.append("\(quote(key)): \(number(value))")
  }
  mutating func add(_ key: String, _ value: Int) { fields.append("\(quote(key)): \(value)") }
  mutating func add(_ key: String, _ values: [Int32]) {
    fields.append("\(quote(key)): [\(values.map(String.init).joined(separator: ", "))]")
  }
  mutating func add(_ key: String, _ values: [Float]) {
    let list = values.map { number(Double($0)) }.joined(separator: ", ")
    fields.append("\(quote(key)): [\(list)]")
  }
  mutating func add(_ key: String, _ values: [(String, Double)]) {
    let list = values.map { "\(quote($0)): \(number($1))" }.joined(separator: ", ")
    fields.append("\(quote(key)): {\(list)}")
  }

  var text: String { "{\(fields.joined(separator: ", "))}" }

  /// JSON has no NaN or infinity: null.
  private func number(_ value: Double) -> String { value.isFinite ? "\(value)" : "null" }

  private func quote(_ text: String) -> String {
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
