/// Builds the syntax tree of a template by recursive descent, with Jinja2's precedence.
struct JinjaParser {
  let template: String
  var tokens: [JinjaToken]
  var index = 0
  private var level = 0
  /// Loops around this place inside the same macro.
  private var loops = 0
  var expressionLevel = 0
  /// Names read so far, for a macro's `varargs`, `kwargs` and `caller`.
  var namesRead: Set<String> = []

  static func parse(_ text: String, template: String) throws -> [JinjaStatement] {
    var parser = JinjaParser(
      template: template, tokens: try JinjaLexer.tokens(text, template: template))
    return try parser.statements(until: [], of: nil)
  }

  init(template: String, tokens: [JinjaToken]) {
    self.template = template
    self.tokens = tokens
  }

  // MARK: Tokens

  var current: JinjaToken { tokens[min(index, tokens.count - 1)] }
  var following: JinjaToken { tokens[min(index + 1, tokens.count - 1)] }

  func failure(_ text: String, at location: JinjaLocation? = nil) -> JinjaError {
    .syntax(template: template, location ?? current.location, text)
  }

  func unsupported(_ text: String, at location: JinjaLocation? = nil) -> JinjaError {
    .unsupported(template: template, location ?? current.location, text)
  }

  mutating func take(_ kind: JinjaToken.Kind) -> Bool {
    guard current.kind == kind else { return false }
    index += 1
    return true
  }
  mutating func take(word: String) -> Bool { take(.name(word)) }
  mutating func take(symbol: String) -> Bool { take(.symbol(symbol)) }
  func isAt(word: String) -> Bool { current.kind == .name(word) }
  func isAt(symbol: String) -> Bool { current.kind == .symbol(symbol) }

  mutating func expect(_ kind: JinjaToken.Kind, _ text: String) throws {
    guard take(kind) else { throw failure("expected \(text), found \(current.found)") }
  }
  mutating func expect(symbol: String) throws { try expect(.symbol(symbol), "'\(symbol)'") }

  mutating func expectName(_ what: String = "a name") throws -> String {
    guard case .name(let name) = current.kind else {
      throw failure("expected \(what), found \(current.found)")
    }
    index += 1
    return name
  }

  // MARK: Statements

  /// Statements up to one of the tags `ends`, whose name is then the current token; up to the end of
  /// the template without any.
  private mutating func statements(
    until ends: Set<String>, of tag: String?, at opening: JinjaLocation? = nil
  ) throws -> [JinjaStatement] {
    guard level < JinjaLimits.syntaxDepth else {
      throw failure("expected at most \(JinjaLimits.syntaxDepth) tags inside each other")
    }
    level += 1
    defer { level -= 1 }
    var body: [JinjaStatement] = []
    while true {
      let token = current
      switch token.kind {
      case .text(let text):
        index += 1
        body.append(JinjaStatement(kind: .text(text), location: token.location))
      case .variableBegin:
        index += 1
        let value = try tuple()
        try expect(.variableEnd, "'}}'")
        body.append(JinjaStatement(kind: .output(value), location: token.location))
      case .blockBegin:
        index += 1
        if case .name(let name) = current.kind, ends.contains(name) { return body }
        body += try statement()
      default:
        if let tag, let opening {
          let wanted = ends.sorted().map { "'{% \($0) %}'" }.joined(separator: " or ")
          throw failure("expected \(wanted), which ends this '\(tag)'", at: opening)
        }
        return body
      }
    }
  }

  /// The body of a block whose begin tag was just read, without its end tag.
  private mutating func body(_ tag: String, _ ends: Set<String>, _ opening: JinjaLocation) throws
    -> [JinjaStatement]
  {
    try expect(.blockEnd, "'%}'")
    return try statements(until: ends, of: tag, at: opening)
  }

  /// The same up to `{% endTAG %}`, end tag included.
  private mutating func closedBody(_ tag: String, _ opening: JinjaLocation) throws
    -> [JinjaStatement]
  {
    let body = try body(tag, ["end" + tag], opening)
    index += 1
    return body
  }

  /// After `{%`.
  private mutating func statement() throws -> [JinjaStatement] {
    let location = current.location
    let tag = try expectName("a tag's name")
    var statements: [JinjaStatement] = []
    func add(_ kind: JinjaStatement.Kind) {
      statements.append(JinjaStatement(kind: kind, location: location))
    }
    switch tag {
    case "if": add(try conditional(location))
    case "for": add(.loop(try loop(location)))
    case "set": add(try set(location))
    case "macro": add(.macro(try macro(location)))
    case "call": add(try callBlock(location))
    case "filter":
      let filters = try filterChain(isFirst: true)
      add(.filterBlock(filters, try closedBody("filter", location)))
    case "with": add(try with(location))
    case "generation": add(.generation(try closedBody("generation", location)))
    case "break", "continue":
      guard loops > 0 else { throw failure("'\(tag)' outside of a loop", at: location) }
      add(tag == "break" ? .breakLoop : .continueLoop)
    case "print":
      add(.output(try tuple()))
    case "block", "extends", "include", "import", "from", "autoescape", "do", "trans", "debug":
      throw unsupported("the tag '\(tag)'", at: location)
    default:
      throw failure("expected a tag that Jinja knows, found '\(tag)'", at: location)
    }
    try expect(.blockEnd, "'%}'")
    return statements
  }

  private mutating func conditional(_ location: JinjaLocation) throws -> JinjaStatement.Kind {
    var branches: [(test: JinjaExpression, body: [JinjaStatement])] = []
    repeat {
      let test = try tuple(allowsConditional: false)
      branches.append((test, try body("if", ["elif", "else", "endif"], location)))
    } while take(word: "elif")
    var otherwise: [JinjaStatement] = []
    if take(word: "else") { otherwise = try body("if", ["endif"], location) }
    guard take(word: "endif") else {
      throw failure("expected 'endif', found \(current.found)")
    }
    return .conditional(branches: branches, otherwise: otherwise)
  }

  private mutating func loop(_ location: JinjaLocation) throws -> JinjaLoopSyntax {
    let target = try target(endsAt: "in")
    guard take(word: "in") else { throw failure("expected 'in', found \(current.found)") }
    let items = try tuple(allowsConditional: false, endsAt: "recursive")
    let test = take(word: "if") ? try expression() : nil
    if isAt(word: "recursive") { throw unsupported("a recursive loop") }
    loops += 1
    let body = try body("for", ["else", "endfor"], location)
    loops -= 1
    var otherwise: [JinjaStatement] = []
    if take(word: "else") { otherwise = try self.body("for", ["endfor"], location) }
    guard take(word: "endfor") else {
      throw failure("expected 'endfor', found \(current.found)")
    }
    return JinjaLoopSyntax(
      target: target, items: items, test: test, body: body, otherwise: otherwise)
  }

  private mutating func set(_ location: JinjaLocation) throws -> JinjaStatement.Kind {
    let target = try target(endsAt: nil, allowsMember: true)
    if take(symbol: "=") { return .set(target, try tuple()) }
    let filters = try filterChain(isFirst: false)
    return .setBlock(target, filters, try closedBody("set", location))
  }

  private mutating func with(_ location: JinjaLocation) throws -> JinjaStatement.Kind {
    var values: [(target: JinjaTarget, value: JinjaExpression)] = []
    while current.kind != .blockEnd {
      if !values.isEmpty { try expect(symbol: ",") }
      let target = try singleTarget(allowsMember: false)
      try expect(symbol: "=")
      values.append((target, try expression()))
    }
    return .with(values, try closedBody("with", location))
  }

  private mutating func macro(_ location: JinjaLocation) throws -> JinjaMacroSyntax {
    let name = try expectName("the macro's name")
    return try macro(name, parameters: parameters(), tag: "macro", location)
  }

  private mutating func callBlock(_ location: JinjaLocation) throws -> JinjaStatement.Kind {
    let parameters = isAt(symbol: "(") ? try parameters() : []
    let callee = try expression()
    guard case .call = callee.kind else {
      throw failure("expected a call of a macro", at: callee.location)
    }
    return .callBlock(
      try macro("caller", parameters: parameters, tag: "call", location), callee)
  }

  private mutating func macro(
    _ name: String, parameters: [(name: String, value: JinjaExpression?)], tag: String,
    _ location: JinjaLocation
  ) throws -> JinjaMacroSyntax {
    let outer = (loops, namesRead)
    (loops, namesRead) = (0, [])
    let body = try closedBody(tag, location)
    let read = namesRead
    (loops, namesRead) = (outer.0, outer.1.union(read))
    let own = Set(parameters.map(\.name))
    func takes(_ name: String) -> Bool { read.contains(name) && !own.contains(name) }
    return JinjaMacroSyntax(
      name: name, parameters: parameters, body: body, takesRest: takes("varargs"),
      takesNamedRest: takes("kwargs"), takesCaller: read.contains("caller"))
  }

  private mutating func parameters() throws -> [(name: String, value: JinjaExpression?)] {
    var parameters: [(name: String, value: JinjaExpression?)] = []
    try expect(symbol: "(")
    while !isAt(symbol: ")") {
      if !parameters.isEmpty { try expect(symbol: ",") }
      let location = current.location
      let name = try expectName("a parameter")
      let value = take(symbol: "=") ? try expression() : nil
      if value == nil, parameters.last?.value != nil {
        throw failure(
          "expected a default for '\(name)', the parameter before has one", at: location)
      }
      parameters.append((name, value))
    }
    try expect(symbol: ")")
    return parameters
  }

  // MARK: Targets

  /// A name, or several with commas between them.
  private mutating func target(
    endsAt word: String?, allowsMember: Bool = false
  ) throws -> JinjaTarget {
    let location = current.location
    var targets = [try singleTarget(allowsMember: allowsMember)]
    var isTuple = false
    while take(symbol: ",") {
      isTuple = true
      if let word, isAt(word: word) { break }
      if isAt(symbol: "=") || isAt(symbol: ")") { break }
      targets.append(try singleTarget(allowsMember: allowsMember))
    }
    return isTuple ? .tuple(targets, location) : targets[0]
  }

  private mutating func singleTarget(allowsMember: Bool) throws -> JinjaTarget {
    let location = current.location
    if take(symbol: "(") {
      level += 1
      defer { level -= 1 }
      guard level < JinjaLimits.syntaxDepth else { throw failure("expected fewer brackets") }
      let inner = try target(endsAt: nil, allowsMember: allowsMember)
      try expect(symbol: ")")
      return inner
    }
    let name = try expectName("a name to assign to")
    guard !["true", "false", "none", "True", "False", "None"].contains(name) else {
      throw failure("expected a name to assign to, found '\(name)'", at: location)
    }
    if allowsMember, take(symbol: ".") {
      return .member(name, try expectName("an attribute"), location)
    }
    return .name(name)
  }
}
