/// Methods of texts, mappings, lists and the loop. Names that Python has and this does not are
/// listed too: a member of that name is the method there, so calling it is refused and not taken
/// for a missing member.
enum JinjaMethods {
  static let textNames: Set<String> = [
    "strip", "lstrip", "rstrip", "split", "rsplit", "splitlines", "startswith", "endswith",
    "replace", "upper", "lower", "title", "capitalize", "find", "rfind", "index", "rindex", "count",
    "join", "isdigit", "isalpha", "isalnum", "isspace", "isupper", "islower", "removeprefix",
    "removesuffix", "partition", "rpartition", "zfill", "ljust", "rjust", "center", "format",
    "casefold", "encode", "expandtabs", "format_map", "isascii", "isdecimal", "isidentifier",
    "isnumeric", "isprintable", "istitle", "maketrans", "swapcase", "translate",
  ]
  static let mappingNames: Set<String> = [
    "items", "keys", "values", "get", "copy", "clear", "pop", "popitem", "setdefault", "update",
    "fromkeys",
  ]
  static let sequenceNames: Set<String> = [
    "index", "count", "append", "extend", "insert", "pop", "remove", "reverse", "sort", "clear",
    "copy",
  ]

  static func call(
    _ name: String, of receiver: JinjaValue, _ arguments: JinjaArguments,
    _ interpreter: JinjaInterpreter
  ) throws -> JinjaValue {
    switch receiver {
    case .string(let text):
      try interpreter.step(text.utf8.count / 32)
      return try JinjaTextMethods(text, arguments, interpreter).call(name)
    case .markup: throw interpreter.unsupported("the method '\(name)' of safe text")
    case .mapping(let mapping): return try call(name, of: mapping, arguments, interpreter)
    case .sequence(let sequence): return try call(name, of: sequence, arguments, interpreter)
    case .loop(let loop): return try call(name, of: loop, arguments, interpreter)
    default: throw interpreter.unsupported("the method '\(name)' of \(receiver.kind)")
    }
  }

  private static func call(
    _ name: String, of mapping: JinjaMapping, _ arguments: JinjaArguments,
    _ interpreter: JinjaInterpreter
  ) throws -> JinjaValue {
    switch name {
    case "items":
      _ = try arguments.bound(name, [], interpreter)
      return try interpreter.made(
        .items,
        zip(mapping.keys, mapping.values).map { try interpreter.made(.tuple, [$0, $1]) })
    case "keys", "values":
      _ = try arguments.bound(name, [], interpreter)
      return try interpreter.made(
        name == "keys" ? .keys : .values, name == "keys" ? mapping.keys : mapping.values)
    case "get":
      guard arguments.named.isEmpty else {
        throw interpreter.failure("get takes no named arguments")
      }
      let values = try arguments.bound(name, ["key", "default"], required: 1, interpreter)
      guard let key = values[0].flatMap({ JinjaKey($0) }) else {
        throw interpreter.failure("get: expected a key that can be hashed")
      }
      return mapping[key] ?? values[1] ?? .none
    case "copy":
      _ = try arguments.bound(name, [], interpreter)
      return .mapping(mapping)
    case "fromkeys": throw interpreter.unsupported("the method 'fromkeys'")
    default: throw changing(name, interpreter)
    }
  }

  private static func call(
    _ name: String, of sequence: JinjaSequence, _ arguments: JinjaArguments,
    _ interpreter: JinjaInterpreter
  ) throws -> JinjaValue {
    switch name {
    case "index", "count":
      let value = try arguments.bound(name, ["value"], required: 1, interpreter)[0] ?? .none
      let comparing = JinjaComparing(interpreter)
      if name == "count" {
        return .integer(try sequence.items.count { try comparing.equal($0, value) })
      }
      guard let place = try sequence.items.firstIndex(where: { try comparing.equal($0, value) })
      else { throw interpreter.failure("index: the value is not in the list") }
      return .integer(place)
    case "copy" where sequence.kind == .list:
      _ = try arguments.bound(name, [], interpreter)
      return .sequence(sequence)
    default: throw changing(name, interpreter)
    }
  }

  private static func changing(_ name: String, _ interpreter: JinjaInterpreter) -> JinjaError {
    interpreter.failure(
      "'\(name)' changes a value, which the sandbox of chat templates forbids; use a namespace")
  }

  private static func call(
    _ name: String, of loop: JinjaLoopState, _ arguments: JinjaArguments,
    _ interpreter: JinjaInterpreter
  ) throws -> JinjaValue {
    guard arguments.named.isEmpty else {
      throw interpreter.failure("loop.\(name) takes no named arguments")
    }
    if name == "cycle" {
      guard !arguments.positional.isEmpty else {
        throw interpreter.failure("loop.cycle needs a value")
      }
      return arguments.positional[loop.index % arguments.positional.count]
    }
    let seen = try interpreter.made(.tuple, arguments.positional)
    if let last = loop.lastChanged, try JinjaComparing(interpreter).equal(last, seen) {
      return .bool(false)
    }
    loop.lastChanged = seen
    return .bool(true)
  }
}
