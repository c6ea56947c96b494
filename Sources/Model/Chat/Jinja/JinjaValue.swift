/// A value while a template is rendered, with Python's types. Lists and mappings never change once
/// made (the sandbox that transformers renders in forbids it); only a namespace does.
enum JinjaValue {
  /// A name or member that does not exist; what to say when it is used.
  case undefined(String)
  case none
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  /// Text that `safe` or `escape` made. Prints as text; what would escape other text is refused.
  case markup(String)
  case sequence(JinjaSequence)
  case mapping(JinjaMapping)
  case iterator(JinjaIterator)
  case namespace(JinjaNamespace)
  case loop(JinjaLoopState)
  case macro(JinjaMacro)
  /// A global function.
  case function(String)
  /// A method of a value, not called yet.
  indirect case method(JinjaValue, String)

  /// As Python names the type, for messages.
  var kind: String {
    switch self {
    case .undefined: return "undefined"
    case .none: return "none"
    case .bool: return "a bool"
    case .integer: return "an int"
    case .number: return "a float"
    case .string, .markup: return "a string"
    case .sequence(let sequence): return sequence.kind.described
    case .mapping: return "a mapping"
    case .iterator: return "a generator (use '| list' first)"
    case .namespace: return "a namespace"
    case .loop: return "the loop"
    case .macro: return "a macro"
    case .function: return "a function"
    case .method: return "a method"
    }
  }

  /// Levels of values inside this one.
  var depth: Int {
    switch self {
    case .sequence(let sequence): return sequence.depth
    case .mapping(let mapping): return mapping.depth
    case .iterator(let iterator): return iterator.depth
    case .method(let receiver, _): return receiver.depth + 1
    default: return 0
    }
  }

  /// The text of a string, safe or not.
  var text: String? {
    switch self {
    case .string(let text), .markup(let text): return text
    default: return nil
    }
  }

  /// A whole number; true is 1.
  var wholeNumber: Int? {
    switch self {
    case .bool(let value): return value ? 1 : 0
    case .integer(let value): return value
    default: return nil
    }
  }

  /// A number of any kind.
  var double: Double? {
    switch self {
    case .number(let value): return value
    default: return wholeNumber.map(Double.init)
    }
  }

  var isUndefined: Bool {
    if case .undefined = self { return true }
    return false
  }

  var isNone: Bool {
    if case .none = self { return true }
    return false
  }

  /// Python's truth.
  var isTrue: Bool {
    switch self {
    case .undefined, .none: return false
    case .bool(let value): return value
    case .integer(let value): return value != 0
    case .number(let value): return value != 0
    case .string(let text), .markup(let text): return !text.isEmpty
    case .sequence(let sequence): return !sequence.items.isEmpty
    case .mapping(let mapping): return !mapping.keys.isEmpty
    case .iterator, .namespace, .loop, .macro, .function, .method: return true
    }
  }
}

/// Items in an order. One type for Python's lists, tuples and ranges and the views of a mapping.
final class JinjaSequence {
  enum Kind {
    case list, tuple, range, keys, values, items
    var described: String {
      switch self {
      case .list: return "a list"
      case .tuple: return "a tuple"
      case .range: return "a range"
      case .keys, .values, .items: return "a mapping's \(self)"
      }
    }
    /// Whether it can be indexed.
    var isIndexed: Bool { self == .list || self == .tuple || self == .range }
  }

  let kind: Kind
  let items: [JinjaValue]
  let depth: Int

  init(_ kind: Kind, _ items: [JinjaValue]) {
    self.kind = kind
    self.items = items
    depth = 1 + items.reduce(0) { max($0, $1.depth) }
  }
}

/// What `map`, `select` and the like give: it can be run through once.
final class JinjaIterator {
  private var items: [JinjaValue]
  let depth: Int

  init(_ items: [JinjaValue]) {
    self.items = items
    depth = 1 + items.reduce(0) { max($0, $1.depth) }
  }

  func takeAll() -> [JinjaValue] {
    defer { items = [] }
    return items
  }
  func takeFirst() -> JinjaValue? { items.isEmpty ? nil : items.removeFirst() }
}

/// A mapping that keeps the order of its keys.
final class JinjaMapping {
  private(set) var keys: [JinjaValue] = []
  private(set) var values: [JinjaValue] = []
  private(set) var depth = 1
  private var places: [JinjaKey: Int] = [:]

  init() {}

  /// Only while it is being made.
  func set(_ key: JinjaKey, _ name: JinjaValue, _ value: JinjaValue) {
    depth = max(depth, value.depth + 1, name.depth + 1)
    if let place = places[key] {
      values[place] = value
    } else {
      places[key] = keys.count
      keys.append(name)
      values.append(value)
    }
  }

  func set(_ name: String, _ value: JinjaValue) {
    set(.text(ByteText(text: name)), .string(name), value)
  }

  subscript(key: JinjaKey) -> JinjaValue? { places[key].map { values[$0] } }
  subscript(name: String) -> JinjaValue? { self[.text(ByteText(text: name))] }
}

/// A mapping's key, equal where Python's are: 1, 1.0 and true are one key.
indirect enum JinjaKey: Hashable {
  case none
  case integer(Int)
  case number(Double)
  case text(ByteText)
  case tuple([JinjaKey])

  /// Nil for what Python cannot hash.
  init?(_ value: JinjaValue) {
    switch value {
    case .none: self = .none
    case .bool(let value): self = .integer(value ? 1 : 0)
    case .integer(let value): self = .integer(value)
    case .number(let value):
      self = Int(exactly: value).map { .integer($0) } ?? .number(value)
    case .string(let text), .markup(let text): self = .text(ByteText(text: text))
    case .sequence(let sequence) where sequence.kind == .tuple:
      let keys = sequence.items.compactMap { JinjaKey($0) }
      guard keys.count == sequence.items.count else { return nil }
      self = .tuple(keys)
    default: return nil
    }
  }
}

/// `namespace(a=1)`: the one value that changes.
final class JinjaNamespace {
  var members: [String: JinjaValue] = [:]
}

/// `loop` inside a for.
final class JinjaLoopState {
  let items: [JinjaValue]
  /// Of the current item, from 0.
  var index = 0
  /// Loops around it.
  let level: Int
  /// What `loop.changed` saw last.
  var lastChanged: JinjaValue?

  init(_ items: [JinjaValue], level: Int) {
    self.items = items
    self.level = level
  }
}

/// A macro with the names around its definition.
final class JinjaMacro {
  let syntax: JinjaMacroSyntax
  var scope: JinjaScope?

  init(_ syntax: JinjaMacroSyntax, in scope: JinjaScope) {
    self.syntax = syntax
    self.scope = scope
  }
}

/// Names and their values: of the template, a loop's round, a macro's call.
final class JinjaScope {
  var names: [String: JinjaValue] = [:]
  let parent: JinjaScope?
  /// Loops around it.
  let loops: Int

  init(_ parent: JinjaScope?, loops: Int? = nil) {
    self.parent = parent
    self.loops = loops ?? parent?.loops ?? 0
  }

  func find(_ name: String) -> JinjaValue? {
    var scope: JinjaScope? = self
    while let here = scope {
      if let value = here.names[name] { return value }
      scope = here.parent
    }
    return nil
  }
}
