import Foundation

/// What can stand after `|`; the filters of texts and numbers are here, those of lists beside.
enum JinjaFilters {
  static let textNames: Set<String> = [
    "trim", "upper", "lower", "title", "capitalize", "replace", "indent", "wordcount", "center",
    "format", "string", "safe", "escape", "e", "forceescape",
  ]
  static let valueNames: Set<String> = [
    "tojson", "default", "d", "length", "count", "int", "float", "abs", "round", "attr",
  ]
  static let names: Set<String> = textNames.union(valueNames).union(listNames)

  static func apply(
    _ name: String, to value: JinjaValue, _ arguments: JinjaArguments,
    _ interpreter: JinjaInterpreter
  ) throws -> JinjaValue {
    if textNames.contains(name) { return try text(name, value, arguments, interpreter) }
    if listNames.contains(name) { return try list(name, value, arguments, interpreter) }
    func bound(_ names: [String], required: Int = 0) throws -> [JinjaValue?] {
      try arguments.bound("the filter '\(name)'", names, required: required, interpreter)
    }
    switch name {
    case "tojson":
      var writer = try JinjaJSONWriter(arguments, interpreter)
      try writer.write(value)
      return .string(writer.text)
    case "default", "d":
      let values = try bound(["default_value", "boolean"])
      let isMissing = value.isUndefined || (values[1]?.isTrue ?? false) && !value.isTrue
      return isMissing ? values[0] ?? .string("") : value
    case "length", "count":
      _ = try bound([])
      return .integer(try length(value, interpreter))
    case "int":
      let values = try bound(["default", "base"])
      let base = try interpreter.integer(values[1], "int", default: 10)
      return try whole(value, base, interpreter) ?? values[0] ?? .integer(0)
    case "float":
      let standard = try bound(["default"])[0]
      if let number = value.double { return .number(number) }
      if case .undefined(let text) = value { throw interpreter.failure(text) }
      return value.text.flatMap(JinjaNumbers.float).map { .number($0) } ?? standard ?? .number(0)
    case "abs":
      _ = try bound([])
      guard let number = value.double else {
        throw interpreter.failure("the filter 'abs' needs a number, found \(value.kind)")
      }
      if value.wholeNumber == nil { return .number(number.magnitude) }
      return number < 0
        ? try JinjaArithmetic.negated(value, interpreter)
        : .integer(value.wholeNumber ?? 0)
    case "attr":
      let name = try interpreter.string(try bound(["name"], required: 1)[0], "attr")
      if case .mapping = value, !JinjaMethods.mappingNames.contains(name) {
        return .undefined("a mapping has no attribute '\(name)'")
      }
      return try interpreter.attribute(value, name)
    default: return try rounded(value, bound(["precision", "method"]), interpreter)
    }
  }

  private static func length(_ value: JinjaValue, _ interpreter: JinjaInterpreter) throws -> Int {
    switch value {
    case .undefined: return 0
    case .string(let text), .markup(let text):
      try interpreter.step(text.utf8.count / 32)
      return text.unicodeScalars.count
    case .sequence(let sequence): return sequence.items.count
    case .mapping(let mapping): return mapping.keys.count
    case .loop(let loop): return loop.items.count
    default: throw interpreter.failure("\(value.kind) has no length")
    }
  }

  /// Nil where Python's conversion fails and the default is taken.
  private static func whole(
    _ value: JinjaValue, _ base: Int, _ interpreter: JinjaInterpreter
  ) throws -> JinjaValue? {
    if let whole = value.wholeNumber { return .integer(whole) }
    if case .undefined(let text) = value { throw interpreter.failure(text) }
    if let text = value.text {
      try interpreter.step(text.utf8.count / 32)
      if let whole = try JinjaNumbers.whole(text, base: base, interpreter) {
        return .integer(whole)
      }
    }
    guard let number = value.double ?? value.text.flatMap(JinjaNumbers.float) else { return nil }
    // Python's own int() of an infinite float is an error there too, of a text the default.
    guard number.isFinite else { return nil }
    guard let whole = Int(exactly: number.rounded(.towardZero)) else {
      throw interpreter.unsupported("a whole number of more than 64 bits")
    }
    return .integer(whole)
  }

  private static func rounded(
    _ value: JinjaValue, _ values: [JinjaValue?], _ interpreter: JinjaInterpreter
  ) throws -> JinjaValue {
    guard let number = value.double else {
      throw interpreter.failure("the filter 'round' needs a number, found \(value.kind)")
    }
    let precision = try interpreter.integer(values[0], "round", default: 0)
    let method = try interpreter.string(values[1], "round", default: "common")
    guard (-300...300).contains(precision) else {
      throw interpreter.failure("the filter 'round': expected a precision of -300 to 300")
    }
    let isWhole = value.wholeNumber != nil
    switch method {
    case "common":
      if isWhole, precision >= 0 { return .integer(value.wholeNumber ?? 0) }
      guard !isWhole else { throw interpreter.unsupported("rounding a whole number to tens") }
      return .number(JinjaNumbers.rounded(number, precision))
    case "ceil", "floor":
      let scale = pow(10.0, Double(precision))
      guard scale.isFinite, scale != 0, (number * scale).isFinite else {
        throw interpreter.failure("the filter 'round': the number is too large")
      }
      let rule: FloatingPointRoundingRule = method == "ceil" ? .up : .down
      // Python's ceil and floor give a whole number, which has no negative zero.
      return .number(((number * scale).rounded(rule) + 0) / scale)
    default:
      throw interpreter.failure("the filter 'round': expected common, ceil or floor")
    }
  }
}

/// Numbers as Python reads and rounds them.
enum JinjaNumbers {
  /// Digits with single underscores between them, for `int()` and `float()`.
  private static func withoutUnderscores(_ text: String) -> String? {
    var result = ""
    var previous: Unicode.Scalar = "_"
    for scalar in text.unicodeScalars {
      if scalar == "_" {
        guard Character(previous).hexDigitValue != nil, previous.isASCII else { return nil }
      } else {
        if previous == "_", !result.isEmpty, Character(scalar).hexDigitValue == nil { return nil }
        result.unicodeScalars.append(scalar)
      }
      previous = scalar
    }
    return previous == "_" ? nil : result
  }

  static func float(_ text: String) -> Double? {
    guard let plain = withoutUnderscores(JinjaText.strip(text, nil)) else { return nil }
    let lowered = plain.lowercased()
    let bare = lowered.hasPrefix("+") || lowered.hasPrefix("-") ? lowered.dropFirst() : lowered[...]
    if ["inf", "infinity"].contains(bare) {
      return lowered.hasPrefix("-") ? -.infinity : .infinity
    }
    if bare == "nan" { return .nan }
    let allowed = bare.unicodeScalars.allSatisfy { "0123456789.e+-".unicodeScalars.contains($0) }
    guard allowed, let first = bare.unicodeScalars.first,
      "0123456789.".unicodeScalars.contains(first)
    else { return nil }
    // Python also reads `1.` and `.5`.
    return strtodWhole(lowered)
  }

  private static func strtodWhole(_ text: String) -> Double? {
    text.withCString { start in
      var end: UnsafeMutablePointer<CChar>?
      let value = strtod(start, &end)
      guard let end, end.pointee == 0, end != start else { return nil }
      return value
    }
  }

  /// Python's `int(text, base)`; nil where that fails.
  static func whole(_ text: String, base: Int, _ interpreter: JinjaInterpreter) throws -> Int? {
    guard base == 0 || (2...36).contains(base) else { return nil }
    guard let plain = withoutUnderscores(JinjaText.strip(text, nil)) else { return nil }
    let isNegative = plain.hasPrefix("-")
    var digits = isNegative || plain.hasPrefix("+") ? plain.dropFirst() : plain[...]
    var radix = base
    for (prefix, value) in [("0x", 16), ("0o", 8), ("0b", 2)]
    where base == value || base == 0 {
      if digits.lowercased().hasPrefix(prefix) {
        digits = digits.dropFirst(2)
        radix = value
      }
    }
    if radix == 0 { radix = 10 }
    guard let first = digits.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-"),
      digits.unicodeScalars.allSatisfy(\.isASCII)
    else { return nil }
    guard let value = Int((isNegative ? "-" : "") + digits, radix: radix) else {
      let isNumber = digits.allSatisfy { Int(String($0), radix: radix) != nil }
      if isNumber { throw interpreter.unsupported("a whole number of more than 64 bits") }
      return nil
    }
    return value
  }

  /// Python's `round(x, n)`: correctly rounded from the exact binary value, halves to even.
  static func rounded(_ value: Double, _ precision: Int) -> Double {
    guard value.isFinite else { return value }
    if precision == 0 { return value.rounded(.toNearestOrEven) }
    if precision > 0 {
      // The C library prints the exact value, correctly rounded.
      return Double(String(format: "%.\(precision)f", value)) ?? value
    }
    let scale = pow(10.0, Double(-precision))
    return (value / scale).rounded(.toNearestOrEven) * scale
  }
}
