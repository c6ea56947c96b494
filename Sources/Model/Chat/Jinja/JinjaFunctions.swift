/// Global functions: those of Jinja that are not for web pages, and those that transformers adds.
enum JinjaFunctions {
  static let names: Set<String> = [
    "range", "namespace", "dict", "raise_exception", "strftime_now",
  ]

  static func call(
    _ name: String, _ arguments: JinjaArguments, _ interpreter: JinjaInterpreter
  ) throws -> JinjaValue {
    switch name {
    case "range": return try range(arguments, interpreter)
    case "raise_exception":
      let message = try arguments.bound(name, ["message"], required: 1, interpreter)[0]
      throw JinjaError.raised(
        template: interpreter.template, interpreter.location,
        try interpreter.printed(message ?? .none))
    case "strftime_now":
      let format = try arguments.bound(name, ["format"], required: 1, interpreter)[0]
      return try interpreter.made(interpreter.clock(interpreter.string(format, name)))
    case "namespace":
      let namespace = JinjaNamespace()
      interpreter.register(namespace)
      let mapping = try dict(arguments, interpreter)
      for (key, value) in zip(mapping.keys, mapping.values) {
        guard let key = key.text, !key.hasPrefix("_") else {
          throw interpreter.failure("namespace: expected names that do not begin with '_'")
        }
        namespace.members[key] = value
      }
      return .namespace(namespace)
    default: return try interpreter.made(dict(arguments, interpreter))
    }
  }

  private static func range(
    _ arguments: JinjaArguments, _ interpreter: JinjaInterpreter
  ) throws -> JinjaValue {
    guard arguments.named.isEmpty, (1...3).contains(arguments.positional.count) else {
      throw interpreter.failure("range takes one to three numbers")
    }
    let numbers = try arguments.positional.map { try interpreter.integer($0, "range", default: 0) }
    let start = numbers.count > 1 ? numbers[0] : 0
    let end = numbers.count > 1 ? numbers[1] : numbers[0]
    let step = numbers.count > 2 ? numbers[2] : 1
    guard step != 0 else { throw interpreter.failure("range: expected a step that is not 0") }
    let bound = 1 << 60
    guard [start, end, step].allSatisfy({ $0 > -bound && $0 < bound }) else {
      throw interpreter.limit("range: expected smaller numbers")
    }
    let count = step > 0 ? (end - start + step - 1) / step : (start - end - step - 1) / -step
    guard count <= JinjaLimits.rangeItems else {
      throw interpreter.limit("range: expected at most \(JinjaLimits.rangeItems) items")
    }
    return try interpreter.made(.range, (0..<max(0, count)).map { .integer(start + $0 * step) })
  }

  /// `dict(mapping or pairs, a=1)`.
  private static func dict(
    _ arguments: JinjaArguments, _ interpreter: JinjaInterpreter
  ) throws -> JinjaMapping {
    guard arguments.positional.count <= 1 else {
      throw interpreter.failure("dict takes one mapping or list of pairs")
    }
    let result = JinjaMapping()
    switch arguments.positional.first {
    case nil: break
    case .mapping(let mapping)?:
      try interpreter.step(mapping.keys.count)
      for (name, value) in zip(mapping.keys, mapping.values) {
        if let key = JinjaKey(name) { result.set(key, name, value) }
      }
    case let pairs?:
      for pair in try interpreter.items(pairs) {
        let parts = try interpreter.items(pair)
        guard parts.count == 2, let key = JinjaKey(parts[0]) else {
          throw interpreter.failure("dict: expected pairs of a key and a value")
        }
        result.set(key, parts[0], parts[1])
      }
    }
    for (name, value) in arguments.named { result.set(name, value) }
    return result
  }
}
