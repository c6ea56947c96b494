extension JSONValue {
  /// The document as text. `indent` 0 gives one line with no spaces; otherwise a member per line,
  /// as Hugging Face writes its configurations. A number that JSON cannot hold (infinite, NaN) is
  /// written as null.
  public func serialized(indent: Int = 2, sorted: Bool = false) -> String {
    var text = ""
    write(into: &text, indent: indent, sorted: sorted, level: 0)
    return text
  }

  private func write(into text: inout String, indent: Int, sorted: Bool, level: Int) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .number(let value): text += value.isFinite ? value.description : "null"
    case .string(let value): Self.quote(value, into: &text)
    case .array(let items):
      Self.writeList("[", "]", items, into: &text, indent: indent, level: level) { item, text in
        item.write(into: &text, indent: indent, sorted: sorted, level: level + 1)
      }
    case .object(let object):
      let members = sorted ? object.members.sorted { $0.name < $1.name } : object.members
      Self.writeList("{", "}", members, into: &text, indent: indent, level: level) { member, text in
        Self.quote(member.name, into: &text)
        text += indent > 0 ? ": " : ":"
        member.value.write(into: &text, indent: indent, sorted: sorted, level: level + 1)
      }
    }
  }

  private static func writeList<Item>(
    _ open: String, _ close: String, _ items: [Item], into text: inout String, indent: Int,
    level: Int, _ write: (Item, inout String) -> Void
  ) {
    text += open
    for (i, item) in items.enumerated() {
      if i > 0 { text += "," }
      if indent > 0 { text += "\n" + String(repeating: " ", count: indent * (level + 1)) }
      write(item, &text)
    }
    if indent > 0 && !items.isEmpty {
      text += "\n" + String(repeating: " ", count: indent * level)
    }
    text += close
  }

  private static func quote(_ value: String, into text: inout String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20:
        let hex = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
