/// Expressions, loosest first: conditional, or, and, not, comparison, + -, ~, * / // %, **, unary,
/// then members, calls, filters and tests.
extension JinjaParser {
  private func node(
    _ kind: JinjaExpression.Kind, _ location: JinjaLocation, _ parts: [JinjaExpression?] = []
  ) throws -> JinjaExpression {
    let depth = 1 + (parts.reduce(0) { max($0, $1?.depth ?? 0) })
    guard depth <= 2 * JinjaLimits.syntaxDepth else {
      throw failure(
        "expected at most \(2 * JinjaLimits.syntaxDepth) levels in one expression", at: location)
    }
    return JinjaExpression(kind, location, depth: depth)
  }

  /// Expressions with commas between them are a tuple, one alone is itself.
  mutating func tuple(
    allowsConditional: Bool = true, isInParentheses: Bool = false, endsAt word: String? = nil
  ) throws -> JinjaExpression {
    let location = current.location
    var items: [JinjaExpression] = []
    var isTuple = false
    while true {
      if !items.isEmpty { try expect(symbol: ",") }
      if isTupleEnd(word) { break }
      items.append(try expression(allowsConditional: allowsConditional))
      guard isAt(symbol: ",") else { break }
      isTuple = true
    }
    if !isTuple {
      if let only = items.first { return only }
      guard isInParentheses else {
        throw failure("expected an expression, found \(current.found)")
      }
    }
    return try node(.tuple(items), location, items)
  }

  private func isTupleEnd(_ word: String?) -> Bool {
    switch current.kind {
    case .variableEnd, .blockEnd, .symbol(")"): return true
    case .name(let name): return name == word
    default: return false
    }
  }

  mutating func expression(allowsConditional: Bool = true) throws -> JinjaExpression {
    // Every nesting of expressions passes here; `not` and signs count their own.
    guard expressionLevel < JinjaLimits.syntaxDepth else {
      throw failure("expected at most \(JinjaLimits.syntaxDepth) expressions inside each other")
    }
    expressionLevel += 1
    defer { expressionLevel -= 1 }
    var value = try or()
    guard allowsConditional else { return value }
    while isAt(word: "if") {
      let location = current.location
      index += 1
      let test = try or()
      let otherwise = take(word: "else") ? try expression() : nil
      value = try node(
        .conditional(value, test: test, otherwise: otherwise), location, [value, test, otherwise])
    }
    return value
  }

  private mutating func or() throws -> JinjaExpression {
    var left = try and()
    while isAt(word: "or") {
      let location = current.location
      index += 1
      let right = try and()
      left = try node(.or(left, right), location, [left, right])
    }
    return left
  }

  private mutating func and() throws -> JinjaExpression {
    var left = try not()
    while isAt(word: "and") {
      let location = current.location
      index += 1
      let right = try not()
      left = try node(.and(left, right), location, [left, right])
    }
    return left
  }

  private mutating func not() throws -> JinjaExpression {
    var places: [JinjaLocation] = []
    while isAt(word: "not") {
      places.append(current.location)
      index += 1
    }
    var value = try comparison()
    for place in places.reversed() { value = try node(.not(value), place, [value]) }
    return value
  }

  private mutating func comparison() throws -> JinjaExpression {
    let first = try sum()
    let location = current.location
    var rest: [(operation: JinjaComparison, operand: JinjaExpression)] = []
    while let operation = comparisonSign() { rest.append((operation, try sum())) }
    guard !rest.isEmpty else { return first }
    return try node(.comparison(first, rest), location, [first] + rest.map(\.operand))
  }

  private mutating func comparisonSign() -> JinjaComparison? {
    switch current.kind {
    case .symbol(let text):
      guard let operation = JinjaComparison(rawValue: text) else { return nil }
      index += 1
      return operation
    case .name("in"):
      index += 1
      return .contained
    case .name("not") where following.kind == .name("in"):
      index += 2
      return .notContained
    default: return nil
    }
  }

  private mutating func chain(
    _ signs: Set<String>, _ operand: (inout JinjaParser) throws -> JinjaExpression
  ) throws -> JinjaExpression {
    var left = try operand(&self)
    while case .symbol(let text) = current.kind, signs.contains(text),
      let sign = JinjaOperator(rawValue: text)
    {
      let location = current.location
      index += 1
      let right = try operand(&self)
      left = try node(.arithmetic(sign, left, right), location, [left, right])
    }
    return left
  }

  private mutating func sum() throws -> JinjaExpression {
    try chain(["+", "-"]) { try $0.concatenation() }
  }

  private mutating func concatenation() throws -> JinjaExpression {
    let location = current.location
    var parts = [try product()]
    while take(symbol: "~") { parts.append(try product()) }
    return parts.count == 1 ? parts[0] : try node(.concatenation(parts), location, parts)
  }

  private mutating func product() throws -> JinjaExpression {
    try chain(["*", "/", "//", "%"]) { parser in
      try parser.chain(["**"]) { try $0.unary(allowsFilter: true) }
    }
  }

  private mutating func unary(allowsFilter: Bool) throws -> JinjaExpression {
    let location = current.location
    guard expressionLevel < 2 * JinjaLimits.syntaxDepth else {
      throw failure("expected fewer signs before a value")
    }
    expressionLevel += 1
    defer { expressionLevel -= 1 }
    var value: JinjaExpression
    if take(symbol: "-") {
      let operand = try unary(allowsFilter: false)
      value = try node(.negate(operand), location, [operand])
    } else if take(symbol: "+") {
      let operand = try unary(allowsFilter: false)
      value = try node(.plus(operand), location, [operand])
    } else {
      value = try primary()
    }
    value = try postfix(value)
    return allowsFilter ? try filtersAndTests(value) : value
  }

  private mutating func primary() throws -> JinjaExpression {
    let token = current
    index += 1
    switch token.kind {
    case .name(let name):
      switch name {
      case "true", "True": return try node(.literal(.bool(true)), token.location)
      case "false", "False": return try node(.literal(.bool(false)), token.location)
      case "none", "None": return try node(.literal(.none), token.location)
      default:
        namesRead.insert(name)
        return try node(.name(name), token.location)
      }
    case .string(var text):
      while case .string(let more) = current.kind {
        text += more
        index += 1
      }
      return try node(.literal(.string(text)), token.location)
    case .integer(let value): return try node(.literal(.integer(value)), token.location)
    case .number(let value): return try node(.literal(.number(value)), token.location)
    case .symbol("("):
      let inside = try tuple(isInParentheses: true)
      try expect(symbol: ")")
      return inside
    case .symbol("["): return try list(token.location)
    case .symbol("{"): return try mapping(token.location)
    default:
      index -= 1
      throw failure("expected an expression, found \(token.found)")
    }
  }

  private mutating func list(_ location: JinjaLocation) throws -> JinjaExpression {
    var items: [JinjaExpression] = []
    while !isAt(symbol: "]") {
      if !items.isEmpty { try expect(symbol: ",") }
      if isAt(symbol: "]") { break }
      items.append(try expression())
    }
    try expect(symbol: "]")
    return try node(.list(items), location, items)
  }

  private mutating func mapping(_ location: JinjaLocation) throws -> JinjaExpression {
    var pairs: [(key: JinjaExpression, value: JinjaExpression)] = []
    while !isAt(symbol: "}") {
      if !pairs.isEmpty { try expect(symbol: ",") }
      if isAt(symbol: "}") { break }
      let key = try expression()
      try expect(symbol: ":")
      pairs.append((key, try expression()))
    }
    try expect(symbol: "}")
    return try node(.mapping(pairs), location, pairs.flatMap { [$0.key, $0.value] })
  }

  /// Members, subscripts and calls.
  private mutating func postfix(_ first: JinjaExpression) throws -> JinjaExpression {
    var value = first
    while true {
      let location = current.location
      if take(symbol: ".") {
        if case .integer(let number) = current.kind {
          index += 1
          let key = try node(.literal(.integer(number)), location)
          value = try node(.subscripted(value, key), location, [value])
        } else {
          let name = try expectName("a member's name")
          value = try node(.attribute(value, name), location, [value])
        }
      } else if take(symbol: "[") {
        let key = try subscripts(location)
        value = try node(.subscripted(value, key), location, [value, key])
      } else if isAt(symbol: "(") {
        value = try call(value)
      } else {
        return value
      }
    }
  }

  private mutating func call(_ callee: JinjaExpression) throws -> JinjaExpression {
    let location = current.location
    let arguments = try arguments()
    return try node(.call(callee, arguments), location, [callee] + arguments.parts)
  }

  private mutating func subscripts(_ location: JinjaLocation) throws -> JinjaExpression {
    var keys: [JinjaExpression] = []
    while !isAt(symbol: "]") {
      if !keys.isEmpty { try expect(symbol: ",") }
      keys.append(try subscriptKey())
    }
    try expect(symbol: "]")
    return keys.count == 1 ? keys[0] : try node(.tuple(keys), location, keys)
  }

  private mutating func subscriptKey() throws -> JinjaExpression {
    let location = current.location
    var parts: [JinjaExpression?] = []
    if isAt(symbol: ":") {
      parts.append(nil)
    } else {
      let key = try expression()
      guard isAt(symbol: ":") else { return key }
      parts.append(key)
    }
    while parts.count < 3, take(symbol: ":") {
      let isEmpty = isAt(symbol: ":") || isAt(symbol: "]") || isAt(symbol: ",")
      parts.append(isEmpty ? nil : try expression())
    }
    while parts.count < 3 { parts.append(nil) }
    return try node(.slice(parts[0], parts[1], parts[2]), location, parts)
  }

  /// At the opening parenthesis.
  mutating func arguments() throws -> JinjaCallSyntax {
    var call = JinjaCallSyntax()
    try expect(symbol: "(")
    var isFirst = true
    while !isAt(symbol: ")") {
      if !isFirst { try expect(symbol: ",") }
      if isAt(symbol: ")") { break }
      isFirst = false
      let location = current.location
      if take(symbol: "**") {
        guard call.spreadNamed == nil else { throw failure("a second '**'", at: location) }
        call.spreadNamed = try expression()
      } else if take(symbol: "*") {
        guard call.spread == nil, call.spreadNamed == nil else {
          throw failure("expected no '*' here", at: location)
        }
        call.spread = try expression()
      } else if case .name(let name) = current.kind, following.kind == .symbol("=") {
        guard !call.named.contains(where: { $0.name == name }) else {
          throw failure("the argument '\(name)' is given twice", at: location)
        }
        index += 2
        call.named.append((name, try expression()))
      } else {
        guard call.named.isEmpty, call.spread == nil, call.spreadNamed == nil else {
          throw failure("expected a named argument after named ones", at: location)
        }
        call.positional.append(try expression())
      }
    }
    try expect(symbol: ")")
    return call
  }

  private mutating func filtersAndTests(_ first: JinjaExpression) throws -> JinjaExpression {
    var value = first
    while true {
      let location = current.location
      if take(symbol: "|") {
        let filter = try filter(location)
        value = try node(.filter(value, filter), location, [value] + filter.arguments.parts)
      } else if take(word: "is") {
        value = try test(value, location)
      } else if isAt(symbol: "(") {
        value = try call(value)
      } else {
        return value
      }
    }
  }

  /// After `|`.
  private mutating func filter(_ location: JinjaLocation) throws -> JinjaFilterSyntax {
    let name = try expectName("a filter's name")
    guard JinjaFilters.names.contains(name) else {
      throw unsupported("the filter '\(name)'", at: location)
    }
    let arguments = isAt(symbol: "(") ? try arguments() : JinjaCallSyntax()
    return JinjaFilterSyntax(name: name, arguments: arguments)
  }

  /// `| a | b(c)`, or the same without its first bar.
  mutating func filterChain(isFirst: Bool) throws -> [JinjaFilterSyntax] {
    var filters: [JinjaFilterSyntax] = []
    if isFirst { filters.append(try filter(current.location)) }
    while isAt(symbol: "|") {
      let location = current.location
      index += 1
      filters.append(try filter(location))
    }
    return filters
  }

  /// After `is`.
  private mutating func test(
    _ value: JinjaExpression, _ location: JinjaLocation
  ) throws -> JinjaExpression {
    let isNegated = take(word: "not")
    let name = try expectName("a test's name")
    guard JinjaTests.names.contains(name) else {
      throw unsupported("the test '\(name)'", at: location)
    }
    var arguments = JinjaCallSyntax()
    if isAt(symbol: "(") {
      arguments = try self.arguments()
    } else if startsArgument {
      if isAt(word: "is") { throw failure("expected no second 'is' after a test") }
      arguments.positional = [try postfix(primary())]
    }
    let syntax = JinjaFilterSyntax(name: name, arguments: arguments)
    return try node(
      .test(value, syntax, isNegated: isNegated), location, [value] + arguments.parts)
  }

  /// Whether an argument without parentheses follows a test's name.
  private var startsArgument: Bool {
    switch current.kind {
    case .name(let name): return !["else", "or", "and"].contains(name)
    case .string, .integer, .number, .symbol("["), .symbol("{"): return true
    default: return false
    }
  }
}
