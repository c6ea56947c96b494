/// The filter `tojson` as transformers sets it: Python's `json.dumps`, with non-ASCII text kept and
/// nothing escaped for HTML.
struct JinjaJSONWriter {
  let interpreter: JinjaInterpreter
  var escapesUnicode = false
  /// What one level is indented by; nil writes one line.
  var indent: String?
  var itemSeparator = ", "
  var keySeparator = ": "
  var sortsKeys = false
  private(set) var text = ""

  init(_ arguments: JinjaArguments, _ interpreter: JinjaInterpreter) throws {
    self.interpreter = interpreter
    let values = try arguments.bound(
      "the filter 'tojson'", ["ensure_ascii", "indent", "separators", "sort_keys"], interpreter)
    escapesUnicode = values[0]?.isTrue ?? false
    if let value = values[1], !value.isNone {
      let count = min(
        try value.text == nil ? interpreter.integer(value, "indent", default: 0) : 0, 1000)
      indent = value.text ?? String(repeating: " ", count: max(0, count))
      itemSeparator = ","
    }
    if let value = values[2], !value.isNone {
      let parts = try interpreter.items(value)
      guard parts.count == 2, let item = parts[0].text, let key = parts[1].text else {
        throw interpreter.failure("tojson: expected two texts as separators")
      }
      (itemSeparator, keySeparator) = (item, key)
    }
    sortsKeys = values[3]?.isTrue ?? false
  }

  private mutating func put(_ part: String) throws {
    try interpreter.charge(text: part.utf8.count, of: text.utf8.count + part.utf8.count)
    text += part
  }

  private mutating func line(_ level: Int) throws {
    guard let indent else { return }
    try put("\n" + String(repeating: indent, count: level))
  }

  mutating func write(_ value: JinjaValue, level: Int = 0) throws {
    try interpreter.step()
    switch value {
    case .none: try put("null")
    case .bool(let value): try put(value ? "true" : "false")
    case .integer(let value): try put(String(value))
    case .number(let value): try put(Self.number(value))
    case .string(let value), .markup(let value): try put(quoted(value))
    case .sequence(let sequence) where sequence.kind == .list || sequence.kind == .tuple:
      try write(sequence.items, "[", "]", level) { writer, item in
        try writer.write(item, level: level + 1)
      }
    case .mapping(let mapping): try write(mapping, level)
    default: throw interpreter.failure("tojson: \(value.kind) cannot be written as JSON")
    }
  }

  private mutating func write(_ mapping: JinjaMapping, _ level: Int) throws {
    var members = Array(zip(mapping.keys, mapping.values))
    if sortsKeys {
      let comparing = JinjaComparing(interpreter)
      try members.sort { try comparing.compared($0.0, $1.0) == -1 }
    }
    try write(members, "{", "}", level) { writer, member in
      try writer.put(writer.quoted(writer.key(member.0)) + writer.keySeparator)
      try writer.write(member.1, level: level + 1)
    }
  }

  private mutating func write<Item>(
    _ items: [Item], _ open: String, _ close: String, _ level: Int,
    _ item: (inout JinjaJSONWriter, Item) throws -> Void
  ) throws {
    try put(open)
    for (i, value) in items.enumerated() {
      if i > 0 { try put(itemSeparator) }
      try line(level + 1)
      try item(&self, value)
    }
    if !items.isEmpty { try line(level) }
    try put(close)
  }

  private func key(_ value: JinjaValue) throws -> String {
    switch value {
    case .string(let text), .markup(let text): return text
    case .none: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .integer(let value): return String(value)
    case .number(let value): return Self.number(value)
    default: throw interpreter.failure("tojson: \(value.kind) cannot be a key")
    }
  }

  private static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
    return JinjaPrinter.number(value)
  }

  private func quoted(_ value: String) -> String {
    var result = "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{08}": result += "\\b"
      case "\u{0C}": result += "\\f"
      default:
        if scalar.value < 0x20 || (escapesUnicode && scalar.value > 0x7E && scalar.value != 0x7F) {
          for unit in String(scalar).utf16 {
            let hex = String(unit, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
          }
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }
}
