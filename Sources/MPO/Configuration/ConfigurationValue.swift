import Foundation

/// A value of a configuration with the place it came from: a node of YAML (of which JSON is a part)
/// or the text behind a flag. Scalars stay text until somebody asks for a type, so a file and a flag
/// are read by the same rules.
public struct ConfigurationValue: Sendable {
  public indirect enum Content: Sendable {
    case null
    /// `plain` is false for quoted text, which is never a number in `jsonText`.
    case scalar(String, plain: Bool)
    case list([ConfigurationValue])
    case mapping([(key: String, value: ConfigurationValue)])
  }

  public let content: Content
  /// The full name for messages: `judge.matrix[0][1]`.
  public let key: String
  /// `game.yaml:12:3`, or the flag.
  public let location: String

  public init(_ content: Content, key: String, location: String) {
    self.content = content
    self.key = key
    self.location = location
  }

  /// What a flag carries.
  public init(flag text: String, key: String) {
    self.init(.scalar(text, plain: true), key: key, location: "--\(key)")
  }

  public var isNull: Bool { if case .null = content { return true } else { return false } }

  /// The error that says what was expected here.
  public func mismatch(_ expected: String) -> ConfigurationError {
    .value(key: key, location: location, expected: expected, found: found)
  }

  private var found: String {
    switch content {
    case .null: return "nothing"
    case .scalar(let text, _): return quoted(text, limit: 60)
    case .list(let items): return "a list of \(items.count)"
    case .mapping(let pairs): return "a mapping with \(pairs.map(\.key).joined(separator: ", "))"
    }
  }

  public func string(_ expected: String = "text") throws -> String {
    guard case .scalar(let text, _) = content else { throw mismatch(expected) }
    return text
  }

  /// A whole number; `1e3` and `1_000` count as one.
  public func int(_ expected: String = "a whole number") throws -> Int {
    let text = try string(expected).replacing("_", with: "")
    if let value = Int(text) { return value }
    if let value = Double(text), let exact = Int(exactly: value) { return exact }
    throw mismatch(expected)
  }

  /// A finite number.
  public func double(_ expected: String = "a number") throws -> Double {
    let text = try string(expected).replacing("_", with: "")
    guard let value = Double(text), value.isFinite else { throw mismatch(expected) }
    return value
  }

  public func bool() throws -> Bool {
    switch try string("true or false").lowercased() {
    case "true", "yes", "on", "1": return true
    case "false", "no", "off", "0": return false
    default: throw mismatch("true or false")
    }
  }

  public func list(_ expected: String = "a list") throws -> [ConfigurationValue] {
    guard case .list(let items) = content else { throw mismatch(expected) }
    return items
  }

  /// Names: a list of them, or one text with commas between.
  public func names(_ expected: String) throws -> [String] {
    let items: [String]
    switch content {
    case .list(let values): items = try values.map { try $0.string(expected) }
    default:
      items = try string(expected).split(separator: ",").map {
        $0.trimmingCharacters(in: .whitespaces)
      }
    }
    guard !items.isEmpty, !items.contains("") else { throw mismatch(expected) }
    return items
  }

  /// The entries by canonical key.
  /// - Throws: `ConfigurationError` unless it is a mapping of `known` keys, each given once.
  public func mapping(
    known: [String], _ expected: String = "a mapping"
  ) throws -> [String: ConfigurationValue] {
    guard case .mapping(let pairs) = content else { throw mismatch(expected) }
    var entries: [String: ConfigurationValue] = [:]
    for (key, value) in pairs {
      let name = canonicalKey(key)
      guard known.contains(name) else {
        throw ConfigurationError.unknown(
          key: value.key, location: value.location, suggestion: closestName(to: name, among: known),
          known: known)
      }
      guard entries[name] == nil else {
        throw ConfigurationError.conflict("\(value.location): '\(value.key)' is given twice")
      }
      if !value.isNull { entries[name] = value }
    }
    return entries
  }

  /// The same value as JSON, plain scalars becoming numbers and booleans as YAML reads them.
  public func jsonText() -> String {
    switch content {
    case .null: return "null"
    case .list(let items): return "[" + items.map { $0.jsonText() }.joined(separator: ", ") + "]"
    case .mapping(let pairs):
      let entries = pairs.map { "\(jsonString($0.key)): \($0.value.jsonText())" }
      return "{" + entries.joined(separator: ", ") + "}"
    case .scalar(let text, let plain):
      guard plain else { return jsonString(text) }
      if let value = Int(text) { return String(value) }
      if let value = Double(text), value.isFinite, text.first?.isLetter == false {
        return "\(value)"
      }
      return ["true", "false"].contains(text.lowercased()) ? text.lowercased() : jsonString(text)
    }
  }
}

/// `text` as a JSON string literal.
package func jsonString(_ text: String) -> String {
  var out = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": out += "\\\""
    case "\\": out += "\\\\"
    case "\n": out += "\\n"
    case "\r": out += "\\r"
    case "\t": out += "\\t"
    default:
      if scalar.value < 0x20 {
        let hex = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      } else {
        out.unicodeScalars.append(scalar)
      }
    }
  }
  return out + "\""
}
