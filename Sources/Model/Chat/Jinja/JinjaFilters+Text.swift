/// Filters that take any value as text.
extension JinjaFilters {
  static func text(
    _ name: String, _ value: JinjaValue, _ arguments: JinjaArguments,
    _ interpreter: JinjaInterpreter
  ) throws -> JinjaValue {
    func bound(_ names: [String], required: Int = 0) throws -> [JinjaValue?] {
      try arguments.bound("the filter '\(name)'", names, required: required, interpreter)
    }
    if name == "string" {
      _ = try bound([])
      if case .markup = value { return value }
      return .string(try interpreter.printed(value))
    }
    let text = try interpreter.printed(value)
    try interpreter.step(text.utf8.count / 32)
    switch name {
    case "trim":
      let set = try bound(["chars"])[0]
      let characters = try set.flatMap { $0.isNone ? nil : try interpreter.string($0, name) }
      return try interpreter.made(JinjaText.strip(text, characters))
    case "upper", "lower", "title", "capitalize", "wordcount", "safe", "escape", "e",
      "forceescape":
      _ = try bound([])
      return try plain(name, value, text, interpreter)
    case "replace":
      let values = try bound(["old", "new", "count"], required: 2)
      let count = values[2].flatMap { $0.isNone ? nil : $0 }
      return try JinjaTextMethods.replaced(
        text, interpreter.printed(values[0] ?? .none), interpreter.printed(values[1] ?? .none),
        interpreter.integer(count, name, default: -1), interpreter)
    case "indent":
      guard value.text != nil else {
        throw interpreter.failure("the filter 'indent' needs a string, found \(value.kind)")
      }
      return try indented(text, bound(["width", "first", "blank"]), interpreter)
    case "format":
      guard arguments.named.isEmpty else {
        guard arguments.positional.isEmpty else {
          throw interpreter.failure("format: expected places or names, not both")
        }
        let mapping = JinjaMapping()
        for (name, value) in arguments.named { mapping.set(name, value) }
        return try JinjaFormatting.percent(text, .mapping(mapping), interpreter)
      }
      return try JinjaFormatting.percent(
        text, interpreter.made(.tuple, arguments.positional), interpreter)
    default:
      let width = try bound(["width"])[0] ?? .integer(80)
      return try JinjaTextMethods(text, JinjaArguments(positional: [width]), interpreter)
        .call("center")
    }
  }

  private static func plain(
    _ name: String, _ value: JinjaValue, _ text: String, _ interpreter: JinjaInterpreter
  ) throws -> JinjaValue {
    switch name {
    case "upper": return try interpreter.made(JinjaText.upper(text))
    case "lower": return try interpreter.made(JinjaText.lower(text))
    case "title": return try interpreter.made(JinjaText.filterTitle(text))
    case "capitalize": return try interpreter.made(JinjaText.capitalized(text))
    case "wordcount": return .integer(words(text))
    case "safe": return .markup(text)
    default:
      if case .markup = value, name != "forceescape" { return value }
      var escaped = ""
      for scalar in text.unicodeScalars {
        switch scalar {
        case "&": escaped += "&amp;"
        case "<": escaped += "&lt;"
        case ">": escaped += "&gt;"
        case "\"": escaped += "&#34;"
        case "'": escaped += "&#39;"
        default: escaped.unicodeScalars.append(scalar)
        }
      }
      _ = try interpreter.made(escaped)
      return .markup(escaped)
    }
  }

  /// Runs of what Python's `\w` matches.
  private static func words(_ text: String) -> Int {
    var count = 0
    var isInside = false
    for scalar in text.unicodeScalars {
      let properties = scalar.properties
      var isWord = scalar == "_" || properties.numericType != nil
      switch properties.generalCategory {
      case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
        isWord = true
      default: break
      }
      if isWord, !isInside { count += 1 }
      isInside = isWord
    }
    return count
  }

  private static func indented(
    _ text: String, _ values: [JinjaValue?], _ interpreter: JinjaInterpreter
  ) throws -> JinjaValue {
    let indent: String
    if let text = values[0]?.text {
      indent = text
    } else {
      let width = try interpreter.integer(values[0], "indent", default: 4)
      try interpreter.charge(text: max(0, width), of: max(0, width))
      indent = String(repeating: " ", count: max(0, width))
    }
    let indentsBlank = values[2]?.isTrue ?? false
    // Jinja2 appends a newline first: without one, an empty last line is lost.
    let lines = JinjaText.lines(text + "\n")
    let (size, overflow) = lines.count.multipliedReportingOverflow(by: indent.utf8.count)
    try interpreter.charge(text: 0, of: overflow ? .max : size)
    var result = values[1]?.isTrue ?? false ? indent : ""
    for (i, line) in lines.enumerated() {
      if i > 0 { result += "\n" + (indentsBlank || !line.isEmpty ? indent : "") }
      result += line
    }
    return try interpreter.made(result)
  }
}
