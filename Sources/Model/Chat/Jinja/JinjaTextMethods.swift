/// One call of a text's method.
struct JinjaTextMethods {
  let text: String
  let arguments: JinjaArguments
  let interpreter: JinjaInterpreter

  init(_ text: String, _ arguments: JinjaArguments, _ interpreter: JinjaInterpreter) {
    self.text = text
    self.arguments = arguments
    self.interpreter = interpreter
  }

  /// Arguments by place; `takesNames` where Python also lets them be named.
  private func bound(
    _ name: String, _ names: [String], required: Int = 0, takesNames: Bool = false
  ) throws -> [JinjaValue?] {
    guard takesNames || arguments.named.isEmpty else {
      throw interpreter.failure("\(name) takes no named arguments")
    }
    return try arguments.bound(name, names, required: required, interpreter)
  }

  func call(_ name: String) throws -> JinjaValue {
    switch name {
    case "strip", "lstrip", "rstrip":
      let set = try bound(name, ["chars"])[0]
      let characters = try set.flatMap { $0.isNone ? nil : try interpreter.string($0, name) }
      return try interpreter.made(
        JinjaText.strip(text, characters, start: name != "rstrip", end: name != "lstrip"))
    case "split", "rsplit": return try split(name)
    case "splitlines":
      let keeps = try bound(name, ["keepends"], takesNames: true)[0]?.isTrue ?? false
      return try list(JinjaText.lines(text, keepsEnds: keeps))
    case "startswith", "endswith": return try .bool(hasEnd(name))
    case "replace":
      let values = try bound(name, ["old", "new", "count"], required: 2)
      return try replaced(values)
    case "upper", "lower", "title", "capitalize", "casefold": return try cased(name)
    case "find", "rfind", "index", "rindex", "count": return try searched(name)
    case "join":
      let items = try interpreter.items(try bound(name, ["iterable"], required: 1)[0] ?? .none)
      let parts = try items.map { try interpreter.string($0, "join") }
      return try joined(parts)
    case "removeprefix", "removesuffix": return try removed(name)
    case "partition", "rpartition": return try partition(name)
    case "zfill", "ljust", "rjust", "center": return try padded(name)
    case "isdigit", "isalpha", "isalnum", "isspace", "isupper", "islower", "isascii":
      _ = try bound(name, [])
      return .bool(holds(name))
    default: throw interpreter.unsupported("the method '\(name)' of a string")
    }
  }

  private func list(_ parts: [String]) throws -> JinjaValue {
    try interpreter.made(.list, parts.map { try interpreter.made($0) })
  }

  private func joined(_ parts: [String]) throws -> JinjaValue {
    let size = parts.reduce(0) { $0 + $1.utf8.count + text.utf8.count }
    try interpreter.charge(text: 0, of: size)
    return try interpreter.made(parts.joined(separator: text))
  }

  private func split(_ name: String) throws -> JinjaValue {
    let values = try bound(name, ["sep", "maxsplit"], takesNames: true)
    let most = try interpreter.integer(values[1], name, default: -1)
    let limit = most < 0 ? Int.max : most
    guard let separator = values[0], !separator.isNone else {
      return try list(
        name == "split"
          ? JinjaText.words(text, limit: limit)
          : JinjaText.wordsFromEnd(text, limit: limit))
    }
    let part = try interpreter.string(separator, name)
    guard !part.isEmpty else { throw interpreter.failure("\(name): empty separator") }
    return try list(
      name == "split"
        ? JinjaText.split(text, by: part, limit: limit)
        : JinjaText.splitFromEnd(text, by: part, limit: limit))
  }

  /// `startswith` and `endswith` of a text, or of one of a tuple.
  private func hasEnd(_ name: String) throws -> Bool {
    let value = try bound(name, ["prefix"], required: 1)[0] ?? .none
    var parts = [value]
    if case .sequence(let sequence) = value, sequence.kind == .tuple { parts = sequence.items }
    return try parts.contains { part in
      let part = try interpreter.string(part, name)
      return name == "startswith"
        ? text.utf8.starts(with: part.utf8)
        : text.utf8.reversed().starts(with: part.utf8.reversed())
    }
  }

  private func replaced(_ values: [JinjaValue?]) throws -> JinjaValue {
    let old = try interpreter.string(values[0], "replace")
    let new = try interpreter.string(values[1], "replace")
    let limit = try interpreter.integer(values[2], "replace", default: -1)
    return try Self.replaced(text, old, new, limit, interpreter)
  }

  /// Replaces after counting, so that a text that would be too large is never made.
  static func replaced(
    _ text: String, _ old: String, _ new: String, _ limit: Int, _ interpreter: JinjaInterpreter
  ) throws -> JinjaValue {
    let most = limit < 0 ? Int.max : limit
    let found =
      old.isEmpty
      ? min(text.unicodeScalars.count + 1, most)
      : JinjaText.places(of: Array(old.utf8), in: Array(text.utf8), limit: most).count
    let (growth, overflow) = found.multipliedReportingOverflow(by: new.utf8.count)
    try interpreter.charge(text: 0, of: overflow ? .max : growth)
    return try interpreter.made(JinjaText.replace(text, old, new, limit: limit))
  }

  private func cased(_ name: String) throws -> JinjaValue {
    _ = try bound(name, [])
    switch name {
    case "upper": return try interpreter.made(JinjaText.upper(text))
    case "lower": return try interpreter.made(JinjaText.lower(text))
    case "title": return try interpreter.made(JinjaText.title(text))
    case "capitalize": return try interpreter.made(JinjaText.capitalized(text))
    default: throw interpreter.unsupported("the method '\(name)' of a string")
    }
  }

  private func searched(_ name: String) throws -> JinjaValue {
    let values = try bound(name, ["sub", "start", "end"], required: 1)
    guard values[1] == nil, values[2] == nil else {
      throw interpreter.unsupported("'\(name)' with a start or an end")
    }
    let part = try interpreter.string(values[0], name)
    let bytes = Array(text.utf8)
    if name == "count" {
      let count = JinjaText.places(of: Array(part.utf8), in: bytes).count
      return .integer(part.isEmpty ? text.unicodeScalars.count + 1 : count)
    }
    let isLast = name.hasPrefix("r")
    var place: Int?
    if part.isEmpty {
      place = isLast ? bytes.count : 0
    } else if isLast {
      place = JinjaText.places(of: part.utf8.reversed(), in: bytes.reversed(), limit: 1).first
        .map { bytes.count - $0 - part.utf8.count }
    } else {
      place = JinjaText.places(of: Array(part.utf8), in: bytes, limit: 1).first
    }
    guard let place else {
      if name.hasSuffix("index") { throw interpreter.failure("\(name): substring not found") }
      return .integer(-1)
    }
    // Bytes to scalars.
    return .integer(bytes[..<place].count { $0 & 0xC0 != 0x80 })
  }

  private func removed(_ name: String) throws -> JinjaValue {
    let part = try interpreter.string(try bound(name, ["part"], required: 1)[0], name)
    let count = part.unicodeScalars.count
    if name == "removeprefix", text.utf8.starts(with: part.utf8) {
      return try interpreter.made(JinjaText.string(text.unicodeScalars.dropFirst(count)))
    }
    if name == "removesuffix", text.utf8.reversed().starts(with: part.utf8.reversed()) {
      return try interpreter.made(JinjaText.string(text.unicodeScalars.dropLast(count)))
    }
    return .string(text)
  }

  private func partition(_ name: String) throws -> JinjaValue {
    let separator = try interpreter.string(try bound(name, ["sep"], required: 1)[0], name)
    guard !separator.isEmpty else { throw interpreter.failure("\(name): empty separator") }
    let isLast = name == "rpartition"
    let parts =
      isLast
      ? JinjaText.splitFromEnd(text, by: separator, limit: 1)
      : JinjaText.split(text, by: separator, limit: 1)
    let whole =
      parts.count == 2
      ? [parts[0], separator, parts[1]] : (isLast ? ["", "", text] : [text, "", ""])
    return try interpreter.made(.tuple, whole.map { try interpreter.made($0) })
  }

  private func padded(_ name: String) throws -> JinjaValue {
    let values = try bound(name, ["width", "fillchar"], required: 1)
    let width = try interpreter.integer(values[0], name, default: 0)
    let fill = try interpreter.string(values[1], name, default: name == "zfill" ? "0" : " ")
    guard fill.unicodeScalars.count == 1, name != "zfill" || values[1] == nil else {
      throw interpreter.failure("\(name): expected one character to fill with")
    }
    let missing = width - text.unicodeScalars.count
    guard missing > 0 else { return .string(text) }
    try interpreter.charge(text: 0, of: missing > Int.max / 8 ? .max : missing * fill.utf8.count)
    func fills(_ count: Int) -> String { String(repeating: fill, count: count) }
    switch name {
    case "ljust": return try interpreter.made(text + fills(missing))
    case "rjust": return try interpreter.made(fills(missing) + text)
    case "center":
      // As CPython places the odd one.
      let left = missing / 2 + (missing & width & 1)
      return try interpreter.made(fills(left) + text + fills(missing - left))
    default:
      let sign = text.unicodeScalars.first == "-" || text.unicodeScalars.first == "+" ? 1 : 0
      return try interpreter.made(
        JinjaText.string(text.unicodeScalars.prefix(sign)) + fills(missing)
          + JinjaText.string(text.unicodeScalars.dropFirst(sign)))
    }
  }

  private func holds(_ name: String) -> Bool {
    let scalars = text.unicodeScalars
    func all(_ test: (Unicode.Scalar.Properties) -> Bool) -> Bool {
      !scalars.isEmpty && scalars.allSatisfy { test($0.properties) }
    }
    func isDigit(_ p: Unicode.Scalar.Properties) -> Bool {
      p.numericType == .decimal || p.numericType == .digit
    }
    func isLetter(_ p: Unicode.Scalar.Properties) -> Bool {
      switch p.generalCategory {
      case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
        return true
      default: return false
      }
    }
    switch name {
    case "isdigit": return all(isDigit)
    case "isalpha": return all(isLetter)
    case "isalnum": return all { isLetter($0) || $0.numericType != nil }
    case "isspace": return !scalars.isEmpty && scalars.allSatisfy(\.isPythonSpace)
    case "isascii": return scalars.allSatisfy(\.isASCII)
    case "isupper":
      return scalars.contains { $0.properties.isUppercase }
        && !scalars.contains {
          $0.properties.isLowercase || $0.properties.generalCategory == .titlecaseLetter
        }
    default:
      return scalars.contains { $0.properties.isLowercase }
        && !scalars.contains {
          $0.properties.isUppercase || $0.properties.generalCategory == .titlecaseLetter
        }
    }
  }
}
