extension JinjaInterpreter {
  /// Runs statements; `break` and `continue` end them early.
  func run(_ body: [JinjaStatement], in scope: JinjaScope) throws -> JinjaFlow {
    for statement in body {
      let flow = try nested { try run(statement, in: scope) }
      if flow != .next { return flow }
    }
    return .next
  }

  private func run(_ statement: JinjaStatement, in scope: JinjaScope) throws -> JinjaFlow {
    try step()
    location = statement.location
    switch statement.kind {
    case .text(let text): try write(text)
    case .output(let expression):
      let value = try evaluate(expression, in: scope)
      location = statement.location
      try write(printed(value))
    case .conditional(let branches, let otherwise):
      for branch in branches where try evaluate(branch.test, in: scope).isTrue {
        return try run(branch.body, in: scope)
      }
      return try run(otherwise, in: scope)
    case .loop(let loop): try run(loop, in: scope)
    case .set(let target, let expression):
      try assign(target, evaluate(expression, in: scope), in: scope)
    case .setBlock(let target, let filters, let body):
      let text = try captured { _ = try run(body, in: JinjaScope(scope)) }
      try assign(target, apply(filters, to: .string(text), in: scope), in: scope)
    case .macro(let syntax):
      scope.names[syntax.name] = .macro(newMacro(syntax, in: scope))
    case .callBlock(let syntax, let expression):
      let caller = newMacro(syntax, in: scope)
      guard case .call(let callee, let call) = expression.kind else { return .next }
      try write(printed(self.call(callee, call, caller: .macro(caller), in: scope)))
    case .filterBlock(let filters, let body):
      let text = try captured { _ = try run(body, in: JinjaScope(scope)) }
      let value = try apply(filters, to: .string(text), in: scope)
      guard let text = value.text else {
        throw failure("expected a filter that gives text, found \(value.kind)")
      }
      try write(text)
    case .with(let values, let body):
      let inner = JinjaScope(scope)
      for (target, value) in values { try assign(target, evaluate(value, in: scope), in: inner) }
      return try run(body, in: inner)
    case .generation(let body):
      return try generation { try run(body, in: JinjaScope(scope)) }
    case .breakLoop: return .breakLoop
    case .continueLoop: return .continueLoop
    }
    return .next
  }

  private func newMacro(_ syntax: JinjaMacroSyntax, in scope: JinjaScope) -> JinjaMacro {
    let macro = JinjaMacro(syntax, in: scope)
    register(macro)
    return macro
  }

  private func apply(
    _ filters: [JinjaFilterSyntax], to value: JinjaValue, in scope: JinjaScope
  ) throws -> JinjaValue {
    try filters.reduce(value) { value, filter in
      try JinjaFilters.apply(
        filter.name, to: value, arguments(filter.arguments, in: scope), self)
    }
  }

  private func run(_ loop: JinjaLoopSyntax, in scope: JinjaScope) throws {
    let source = try evaluate(loop.items, in: scope)
    location = loop.items.location
    var items = try self.items(source)
    if let test = loop.test {
      items = try items.filter { item in
        let inner = JinjaScope(scope)
        try assign(loop.target, item, in: inner)
        return try evaluate(test, in: inner).isTrue
      }
      try charge(items.count, items: "items")
    }
    guard !items.isEmpty else {
      _ = try run(loop.otherwise, in: JinjaScope(scope))
      return
    }
    let state = JinjaLoopState(items, level: scope.loops)
    for (i, item) in items.enumerated() {
      try step()
      state.index = i
      let round = JinjaScope(scope, loops: scope.loops + 1)
      round.names["loop"] = .loop(state)
      try assign(loop.target, item, in: round)
      if try run(loop.body, in: round) == .breakLoop { break }
    }
  }

  /// Sets names; several targets take the items of the value.
  func assign(_ target: JinjaTarget, _ value: JinjaValue, in scope: JinjaScope) throws {
    switch target {
    case .name(let name): scope.names[name] = value
    case .member(let name, let member, let place):
      location = place
      guard case .namespace(let namespace)? = scope.find(name) else {
        throw failure("expected '\(name)' to be a namespace, whose members can be set")
      }
      guard !member.hasPrefix("_") else {
        throw failure("expected a member that does not begin with '_', found '\(member)'")
      }
      namespace.members[member] = value
    case .tuple(let targets, let place):
      location = place
      let items = try self.items(value)
      guard items.count == targets.count else {
        throw failure("expected \(targets.count) values to unpack, found \(items.count)")
      }
      for (target, item) in zip(targets, items) { try assign(target, item, in: scope) }
    }
  }

  /// What iterating over a value gives.
  func items(_ value: JinjaValue) throws -> [JinjaValue] {
    switch value {
    case .undefined: return []
    case .string(let text), .markup(let text):
      let scalars = text.unicodeScalars
      try charge(scalars.count, items: "characters")
      return scalars.map { .string(String($0)) }
    case .sequence(let sequence):
      try step(sequence.items.count)
      return sequence.items
    case .mapping(let mapping):
      try step(mapping.keys.count)
      return mapping.keys
    case .iterator(let iterator): return iterator.takeAll()
    default: throw failure("expected something to iterate over, found \(value.kind)")
    }
  }
}
