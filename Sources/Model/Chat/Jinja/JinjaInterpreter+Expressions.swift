extension JinjaInterpreter {
  func evaluate(_ expression: JinjaExpression, in scope: JinjaScope) throws -> JinjaValue {
    try step()
    return try nested { try value(of: expression, in: scope) }
  }

  private func value(of e: JinjaExpression, in scope: JinjaScope) throws -> JinjaValue {
    switch e.kind {
    case .literal(let literal): return value(of: literal)
    case .name(let name):
      location = e.location
      return try lookUp(name, in: scope)
    case .list(let items): return try made(.list, items.map { try evaluate($0, in: scope) })
    case .tuple(let items): return try made(.tuple, items.map { try evaluate($0, in: scope) })
    case .mapping(let pairs): return try mapping(pairs, in: scope)
    case .attribute(let object, let name):
      let object = try evaluate(object, in: scope)
      location = e.location
      return try attribute(object, name)
    case .subscripted(let object, let key):
      return try subscripted(object, key, at: e.location, in: scope)
    case .slice: throw unsupported("a slice outside of a subscript")
    case .call(let callee, let call):
      return try self.call(callee, call, caller: nil, in: scope)
    case .filter(let operand, let filter):
      let value = try evaluate(operand, in: scope)
      let arguments = try arguments(filter.arguments, in: scope)
      location = e.location
      return try JinjaFilters.apply(filter.name, to: value, arguments, self)
    case .test(let operand, let test, let isNegated):
      let value = try evaluate(operand, in: scope)
      let arguments = try arguments(test.arguments, in: scope)
      location = e.location
      return .bool(try JinjaTests.holds(test.name, value, arguments, self) != isNegated)
    case .conditional(let value, let test, let otherwise):
      if try evaluate(test, in: scope).isTrue { return try evaluate(value, in: scope) }
      guard let otherwise else {
        return .undefined("the inline if was false and there is no else")
      }
      return try evaluate(otherwise, in: scope)
    default: return try operation(e, in: scope)
    }
  }

  private func operation(_ e: JinjaExpression, in scope: JinjaScope) throws -> JinjaValue {
    switch e.kind {
    case .negate(let operand):
      let value = try evaluate(operand, in: scope)
      location = e.location
      return try JinjaArithmetic.negated(value, self)
    case .plus(let operand):
      let value = try evaluate(operand, in: scope)
      location = e.location
      guard value.double != nil else { throw failure("expected a number, found \(value.kind)") }
      return value.wholeNumber.map { .integer($0) } ?? value
    case .not(let operand): return .bool(!(try evaluate(operand, in: scope).isTrue))
    case .and(let left, let right):
      let value = try evaluate(left, in: scope)
      return value.isTrue ? try evaluate(right, in: scope) : value
    case .or(let left, let right):
      let value = try evaluate(left, in: scope)
      return value.isTrue ? value : try evaluate(right, in: scope)
    case .arithmetic(let sign, let left, let right):
      let a = try evaluate(left, in: scope)
      let b = try evaluate(right, in: scope)
      location = e.location
      return try JinjaArithmetic.apply(sign, a, b, self)
    case .concatenation(let parts):
      var text = ""
      for part in parts {
        let part = try printed(evaluate(part, in: scope))
        location = e.location
        guard text.utf8.count + part.utf8.count <= limits.text else {
          throw limit("expected no text of more than \(limits.text) bytes")
        }
        text += part
      }
      return try made(text)
    case .comparison(let first, let rest):
      var left = try evaluate(first, in: scope)
      for (operation, operand) in rest {
        let right = try evaluate(operand, in: scope)
        location = e.location
        guard try JinjaComparing(self).holds(operation, left, right) else { return .bool(false) }
        left = right
      }
      return .bool(true)
    default: throw unsupported("this expression")
    }
  }

  private func value(of literal: JinjaLiteral) -> JinjaValue {
    switch literal {
    case .none: return .none
    case .bool(let value): return .bool(value)
    case .integer(let value): return .integer(value)
    case .number(let value): return .number(value)
    case .string(let value): return .string(value)
    }
  }

  private func lookUp(_ name: String, in scope: JinjaScope) throws -> JinjaValue {
    if let value = scope.find(name) { return value }
    if JinjaFunctions.names.contains(name) { return .function(name) }
    if ["lipsum", "cycler", "joiner"].contains(name) {
      throw unsupported("the function '\(name)'")
    }
    return .undefined("'\(name)' is undefined")
  }

  private func mapping(
    _ pairs: [(key: JinjaExpression, value: JinjaExpression)], in scope: JinjaScope
  ) throws -> JinjaValue {
    let mapping = JinjaMapping()
    for pair in pairs {
      let name = try evaluate(pair.key, in: scope)
      location = pair.key.location
      guard let key = JinjaKey(name) else {
        throw failure("expected a key that can be hashed, found \(name.kind)")
      }
      mapping.set(key, name, try evaluate(pair.value, in: scope))
    }
    return try made(mapping)
  }

  // MARK: Calls

  func arguments(_ call: JinjaCallSyntax, in scope: JinjaScope) throws -> JinjaArguments {
    var arguments = JinjaArguments()
    for value in call.positional { arguments.positional.append(try evaluate(value, in: scope)) }
    for (name, value) in call.named {
      arguments.named.append((name, try evaluate(value, in: scope)))
    }
    if let spread = call.spread {
      arguments.positional += try items(evaluate(spread, in: scope))
    }
    if let spread = call.spreadNamed {
      guard case .mapping(let mapping) = try evaluate(spread, in: scope) else {
        throw failure("expected a mapping after '**'")
      }
      for (key, value) in zip(mapping.keys, mapping.values) {
        guard let name = key.text else { throw failure("expected names as keys after '**'") }
        arguments.named.append((name, value))
      }
    }
    return arguments
  }

  /// `caller` is the body of a call block.
  func call(
    _ callee: JinjaExpression, _ call: JinjaCallSyntax, caller: JinjaValue?, in scope: JinjaScope
  ) throws -> JinjaValue {
    let function = try evaluate(callee, in: scope)
    var arguments = try arguments(call, in: scope)
    if let caller { arguments.named.append(("caller", caller)) }
    location = callee.location
    switch function {
    case .macro(let macro): return .string(try run(macro, arguments))
    case .function(let name): return try JinjaFunctions.call(name, arguments, self)
    case .method(let receiver, let name):
      return try JinjaMethods.call(name, of: receiver, arguments, self)
    case .undefined(let text): throw failure("\(text), and cannot be called")
    default: throw failure("expected a function to call, found \(function.kind)")
    }
  }

  private func run(_ macro: JinjaMacro, _ arguments: JinjaArguments) throws -> String {
    guard let outer = macro.scope else { throw failure("the macro is gone") }
    let scope = JinjaScope(outer, loops: 0)
    let syntax = macro.syntax
    var named = arguments.named
    let names = syntax.parameters.map(\.name)
    if syntax.takesCaller, !names.contains("caller") {
      let given = named.firstIndex { $0.name == "caller" }
      scope.names["caller"] =
        given.map { named.remove(at: $0).value } ?? .undefined("no caller was given")
    }
    for (i, name) in names.enumerated() {
      if i < arguments.positional.count {
        scope.names[name] = arguments.positional[i]
      } else if let given = named.firstIndex(where: { $0.name == name }) {
        scope.names[name] = named.remove(at: given).value
      } else {
        scope.names[name] = .undefined("the parameter '\(name)' was not given")
        if let value = syntax.parameters[i].value {
          scope.names[name] = try evaluate(value, in: scope)
        }
      }
    }
    try takeRest(of: arguments, named, syntax, scope)
    return try nested { try captured { _ = try run(syntax.body, in: scope) } }
  }

  /// Arguments that no parameter takes: `varargs` and `kwargs`, or an error.
  private func takeRest(
    of arguments: JinjaArguments, _ named: [(name: String, value: JinjaValue)],
    _ syntax: JinjaMacroSyntax, _ scope: JinjaScope
  ) throws {
    let rest = Array(arguments.positional.dropFirst(syntax.parameters.count))
    if syntax.takesRest {
      scope.names["varargs"] = try made(.tuple, rest)
    } else if !rest.isEmpty {
      throw failure(
        "the macro '\(syntax.name)' takes \(syntax.parameters.count) arguments, found "
          + "\(arguments.positional.count)")
    }
    if syntax.takesNamedRest {
      let mapping = JinjaMapping()
      for (name, value) in named { mapping.set(name, value) }
      scope.names["kwargs"] = try made(mapping)
    } else if let unknown = named.first {
      throw failure("the macro '\(syntax.name)' has no parameter '\(unknown.name)'")
    }
  }
}
