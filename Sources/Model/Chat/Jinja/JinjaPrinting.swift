/// How Python prints values: `str` for output, `repr` inside lists and mappings.
struct JinjaPrinter {
  let interpreter: JinjaInterpreter
  private(set) var text = ""

  init(_ interpreter: JinjaInterpreter) { self.interpreter = interpreter }

  private mutating func write(_ part: String) throws {
    try interpreter.charge(text: part.utf8.count, of: text.utf8.count + part.utf8.count)
    text += part
  }

  mutating func printed(_ value: JinjaValue) throws {
    switch value {
    case .undefined: break
    case .string(let part), .markup(let part): text += part
    default: try represented(value)
    }
  }

  mutating func represented(_ value: JinjaValue) throws {
    try interpreter.step()
    switch value {
    case .undefined: try write("Undefined")
    case .none: try write("None")
    case .bool(let value): try write(value ? "True" : "False")
    case .integer(let value): try write(String(value))
    case .number(let value): try write(Self.number(value))
    case .string(let part): try write(Self.quoted(part))
    case .markup(let part): try write("Markup(" + Self.quoted(part) + ")")
    case .sequence(let sequence): try represented(sequence)
    case .mapping(let mapping):
      try write("{")
      for (i, key) in mapping.keys.enumerated() {
        if i > 0 { try write(", ") }
        try represented(key)
        try write(": ")
        try represented(mapping.values[i])
      }
      try write("}")
    case .iterator, .namespace, .loop, .macro, .function, .method:
      throw interpreter.unsupported("printing \(value.kind)")
    }
  }

  private mutating func represented(_ sequence: JinjaSequence) throws {
    switch sequence.kind {
    case .list: try write("[")
    case .tuple: try write("(")
    case .keys: try write("dict_keys([")
    case .values: try write("dict_values([")
    case .items: try write("dict_items([")
    case .range: throw interpreter.unsupported("printing a range")
    }
    for (i, item) in sequence.items.enumerated() {
      if i > 0 { try write(", ") }
      try represented(item)
    }
    switch sequence.kind {
    case .list: try write("]")
    case .tuple: try write(sequence.items.count == 1 ? ",)" : ")")
    default: try write("])")
    }
  }

  /// `repr` of a text: single quotes unless it has those and no double ones.
  static func quoted(_ text: String) -> String {
    let usesDouble =
      text.unicodeScalars.contains("'") && !text.unicodeScalars.contains("\"")
    let quote: Unicode.Scalar = usesDouble ? "\"" : "'"
    var result = String(quote)
    for scalar in text.unicodeScalars {
      switch scalar {
      case quote, "\\": result += "\\" + String(scalar)
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      default:
        if isPrintable(scalar) {
          result.unicodeScalars.append(scalar)
        } else {
          result += escaped(scalar)
        }
      }
    }
    return result + String(quote)
  }

  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    if scalar == " " { return true }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator, .spaceSeparator:
      return false
    default: return true
    }
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    let hex = String(scalar.value, radix: 16)
    let (sign, width) =
      scalar.value < 0x100 ? ("x", 2) : (scalar.value < 0x10000 ? ("u", 4) : ("U", 8))
    return "\\" + sign + String(repeating: "0", count: width - hex.count) + hex
  }

  /// Python's `repr` of a float: the shortest digits that read back, with an exponent below 1e-4
  /// and from 1e16.
  static func number(_ value: Double) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    // Swift gives the same digits and places the exponent elsewhere.
    let parts = value.magnitude.description.split(separator: "e")
    let sign = value.sign == .minus ? "-" : ""
    let mantissa = parts[0].split(separator: ".")
    let fraction = mantissa.count > 1 && mantissa[1] != "0" ? String(mantissa[1]) : ""
    let whole = String(mantissa[0])
    let digits = String((whole + fraction).drop { $0 == "0" })
    guard !digits.isEmpty else { return sign + "0.0" }
    let leading = (whole + fraction).count - digits.count
    // The point stands after this many digits.
    let point = whole.count + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) - leading
    return sign + placed(digits, point)
  }

  private static func placed(_ digits: String, _ point: Int) -> String {
    var digits = Substring(digits)
    while digits.count > 1, digits.last == "0" { digits.removeLast() }
    guard point > -4, point <= 16 else {
      let exponent = point - 1
      let tail = digits.dropFirst()
      let size = String(abs(exponent))
      return String(digits.prefix(1)) + (tail.isEmpty ? "" : "." + tail)
        + "e" + (exponent < 0 ? "-" : "+") + (size.count < 2 ? "0" + size : size)
    }
    if point <= 0 { return "0." + String(repeating: "0", count: -point) + digits }
    if digits.count <= point {
      return digits + String(repeating: "0", count: point - digits.count) + ".0"
    }
    return digits.prefix(point) + "." + digits.dropFirst(point)
  }
}
