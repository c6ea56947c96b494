/// Python's comparisons.
struct JinjaComparing {
  let interpreter: JinjaInterpreter

  init(_ interpreter: JinjaInterpreter) { self.interpreter = interpreter }

  func holds(_ operation: JinjaComparison, _ a: JinjaValue, _ b: JinjaValue) throws -> Bool {
    switch operation {
    case .equal: return try equal(a, b)
    case .unequal: return try !equal(a, b)
    case .contained: return try contains(b, a)
    case .notContained: return try !contains(b, a)
    case .less: return try compared(a, b, "<") < 0
    case .greater: return try compared(a, b, ">") == 1
    case .lessOrEqual:
      let order = try compared(a, b, "<=")
      return order == 0 || order == -1
    case .greaterOrEqual:
      let order = try compared(a, b, ">=")
      return order == 0 || order == 1
    }
  }

  func equal(_ a: JinjaValue, _ b: JinjaValue) throws -> Bool {
    try interpreter.step()
    if let a = a.wholeNumber, let b = b.wholeNumber { return a == b }
    if let x = a.double, let y = b.double { return Self.order(a, b, x, y) == 0 }
    if let a = a.text, let b = b.text {
      try interpreter.step(min(a.utf8.count, b.utf8.count) / 32)
      return JinjaText.equal(a, b)
    }
    switch (a, b) {
    case (.none, .none), (.undefined, .undefined): return true
    case (.sequence(let a), .sequence(let b)):
      guard a.kind == b.kind, a.items.count == b.items.count else { return false }
      for (x, y) in zip(a.items, b.items) where try !equal(x, y) { return false }
      return true
    case (.mapping(let a), .mapping(let b)):
      guard a.keys.count == b.keys.count else { return false }
      for (key, value) in zip(a.keys, a.values) {
        guard let key = JinjaKey(key), let other = b[key], try equal(value, other) else {
          return false
        }
      }
      return true
    case (.namespace(let a), .namespace(let b)): return a === b
    case (.macro(let a), .macro(let b)): return a === b
    default: return false
    }
  }

  /// Exact also where a whole number does not fit a double.
  private static func order(_ a: JinjaValue, _ b: JinjaValue, _ x: Double, _ y: Double) -> Int {
    if let whole = a.wholeNumber, y.magnitude < 9.3e18, y == y.rounded(.towardZero),
      let other = Int(exactly: y)
    {
      return whole < other ? -1 : (whole == other ? 0 : 1)
    }
    if let whole = b.wholeNumber, x.magnitude < 9.3e18, x == x.rounded(.towardZero),
      let other = Int(exactly: x)
    {
      return other < whole ? -1 : (whole == other ? 0 : 1)
    }
    return x < y ? -1 : (x == y ? 0 : (x > y ? 1 : 2))
  }

  /// -1, 0 or 1; 2 where neither is less (a NaN).
  func compared(_ a: JinjaValue, _ b: JinjaValue, _ sign: String = "<") throws -> Int {
    try interpreter.step()
    if let a = a.wholeNumber, let b = b.wholeNumber { return a < b ? -1 : (a == b ? 0 : 1) }
    if let x = a.double, let y = b.double {
      return x.isNaN || y.isNaN ? 2 : Self.order(a, b, x, y)
    }
    if let a = a.text, let b = b.text {
      try interpreter.step(min(a.utf8.count, b.utf8.count) / 32)
      return JinjaText.less(a, b) ? -1 : (JinjaText.equal(a, b) ? 0 : 1)
    }
    if case .sequence(let x) = a, case .sequence(let y) = b, x.kind == y.kind,
      x.kind == .list || x.kind == .tuple
    {
      for (first, second) in zip(x.items, y.items) where try !equal(first, second) {
        return try compared(first, second, sign)
      }
      let (n, m) = (x.items.count, y.items.count)
      return n < m ? -1 : (n == m ? 0 : 1)
    }
    for value in [a, b] {
      if case .undefined(let text) = value { throw interpreter.failure(text) }
    }
    throw interpreter.failure("'\(sign)' does not compare \(a.kind) with \(b.kind)")
  }

  /// `item in container`.
  func contains(_ container: JinjaValue, _ item: JinjaValue) throws -> Bool {
    switch container {
    case .string(let text), .markup(let text):
      guard let part = item.text else {
        if case .undefined(let text) = item { throw interpreter.failure(text) }
        throw interpreter.failure("'in <string>' needs a string, found \(item.kind)")
      }
      try interpreter.step(text.utf8.count / 32)
      return JinjaText.contains(text, part)
    case .mapping(let mapping):
      guard let key = JinjaKey(item) else {
        throw interpreter.failure("expected a key that can be hashed, found \(item.kind)")
      }
      return mapping[key] != nil
    case .undefined: return false
    case .sequence, .iterator:
      for other in try interpreter.items(container) where try equal(other, item) { return true }
      return false
    default:
      throw interpreter.failure("expected something that holds items, found \(container.kind)")
    }
  }
}
