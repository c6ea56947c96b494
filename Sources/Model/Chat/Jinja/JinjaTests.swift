/// What can stand after `is`.
enum JinjaTests {
  static let names: Set<String> = [
    "defined", "undefined", "none", "boolean", "true", "false", "integer", "float", "number",
    "string", "mapping", "sequence", "iterable", "callable", "odd", "even", "divisibleby", "eq",
    "equalto", "ne", "gt", "greaterthan", "ge", "lt", "lessthan", "le", "in", "sameas", "lower",
    "upper", "filter", "test",
  ]
  /// Also what `select` and its like take as names.
  private static let signs: [String: JinjaComparison] = [
    "eq": .equal, "equalto": .equal, "==": .equal, "ne": .unequal, "!=": .unequal,
    "gt": .greater, "greaterthan": .greater, ">": .greater, "ge": .greaterOrEqual,
    ">=": .greaterOrEqual, "lt": .less, "lessthan": .less, "<": .less, "le": .lessOrEqual,
    "<=": .lessOrEqual, "in": .contained,
  ]

  static func isKnown(_ name: String) -> Bool { names.contains(name) || signs[name] != nil }

  static func holds(
    _ name: String, _ value: JinjaValue, _ arguments: JinjaArguments,
    _ interpreter: JinjaInterpreter
  ) throws -> Bool {
    if let sign = signs[name] {
      return try JinjaComparing(interpreter).holds(
        sign, value, argument(name, arguments, interpreter))
    }
    switch name {
    case "divisibleby", "odd", "even": return try divides(name, value, arguments, interpreter)
    case "sameas":
      return try isSame(value, argument(name, arguments, interpreter), interpreter)
    default: break
    }
    _ = try arguments.bound("the test '\(name)'", [], interpreter)
    switch name {
    case "lower", "upper":
      let text = try interpreter.printed(value)
      let mapped = name == "lower" ? JinjaText.lower(text) : JinjaText.upper(text)
      return JinjaText.equal(mapped, text) && text.unicodeScalars.contains { $0.properties.isCased }
    case "filter": return value.text.map { JinjaFilters.names.contains($0) } ?? false
    case "test": return value.text.map { isKnown($0) } ?? false
    default: return isKind(name, value)
    }
  }

  private static func isKind(_ name: String, _ value: JinjaValue) -> Bool {
    switch (name, value) {
    case ("defined", _): return !value.isUndefined
    case ("undefined", _): return value.isUndefined
    case ("none", .none), ("boolean", .bool), ("true", .bool(true)), ("false", .bool(false)),
      ("integer", .integer), ("float", .number), ("string", .string), ("string", .markup),
      ("mapping", .mapping), ("callable", .function), ("callable", .macro), ("callable", .method),
      ("callable", .undefined):
      return true
    case ("number", .bool), ("number", .integer), ("number", .number): return true
    // What has a length and subscripts, in Jinja2 an undefined value too.
    case ("sequence", .string), ("sequence", .markup), ("sequence", .mapping),
      ("sequence", .undefined):
      return true
    case ("sequence", .sequence(let sequence)): return sequence.kind.isIndexed
    case ("iterable", .string), ("iterable", .markup), ("iterable", .mapping),
      ("iterable", .undefined), ("iterable", .sequence), ("iterable", .iterator),
      ("iterable", .loop):
      return true
    default: return false
    }
  }

  private static func argument(
    _ name: String, _ arguments: JinjaArguments, _ interpreter: JinjaInterpreter
  ) throws -> JinjaValue {
    try arguments.bound("the test '\(name)'", ["other"], required: 1, interpreter)[0] ?? .none
  }

  private static func divides(
    _ name: String, _ value: JinjaValue, _ arguments: JinjaArguments,
    _ interpreter: JinjaInterpreter
  ) throws -> Bool {
    let divisor: JinjaValue
    if name == "divisibleby" {
      divisor =
        try arguments.bound(
          "the test '\(name)'", ["num"], required: 1, interpreter)[0] ?? .none
    } else {
      _ = try arguments.bound("the test '\(name)'", [], interpreter)
      divisor = .integer(2)
    }
    guard value.text == nil else {
      throw interpreter.failure("the test '\(name)' needs a number, found a string")
    }
    let rest = try JinjaArithmetic.apply(.remainder, value, divisor, interpreter)
    return rest.double == (name == "odd" ? 1 : 0)
  }

  /// Python's `is` for what it holds surely: constants and objects that change.
  private static func isSame(
    _ a: JinjaValue, _ b: JinjaValue, _ interpreter: JinjaInterpreter
  ) throws -> Bool {
    switch (a, b) {
    case (.none, .none): return true
    case (.bool(let a), .bool(let b)): return a == b
    case (.none, _), (_, .none), (.bool, _), (_, .bool): return false
    case (.namespace(let a), .namespace(let b)): return a === b
    case (.sequence(let a), .sequence(let b)): return a === b
    case (.mapping(let a), .mapping(let b)): return a === b
    default: throw interpreter.unsupported("'sameas' of \(a.kind) and \(b.kind)")
    }
  }
}
