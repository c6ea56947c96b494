/// Renders one template once: names, bounds and the text so far.
final class JinjaInterpreter {
  let template: String
  let limits: JinjaLimits
  /// `strftime_now(format)`.
  let clock: @Sendable (String) -> String
  /// Where the last call, filter or operator stands, for messages.
  var location = JinjaLocation(line: 1, column: 1)

  /// Text of the innermost capture (a macro, a set block), or of the template itself.
  var text = ""
  /// Captures around this place.
  private(set) var captures = 0
  /// Where in the template's own text `generation` blocks stand, in UTF-8 bytes.
  private(set) var generated: [Range<Int>] = []
  /// A `generation` block was captured, so that its place in the text is unknown.
  private(set) var hasCapturedGeneration = false

  private var steps = 0
  private var memory = 0
  private var depth = 0
  /// What may hold a cycle; emptied at the end.
  private var namespaces: [JinjaNamespace] = []
  private var macros: [JinjaMacro] = []

  init(
    template: String, limits: JinjaLimits, clock: @escaping @Sendable (String) -> String
  ) {
    self.template = template
    self.limits = limits
    self.clock = clock
  }

  /// Renders into `text`.
  func render(_ body: [JinjaStatement], _ context: [(name: String, value: JinjaValue)]) throws {
    let scope = JinjaScope(nil)
    for (name, value) in context { scope.names[name] = value }
    defer { breakCycles(scope) }
    _ = try run(body, in: JinjaScope(scope))
  }

  private func breakCycles(_ scope: JinjaScope) {
    for namespace in namespaces { namespace.members = [:] }
    for macro in macros { macro.scope = nil }
    scope.names = [:]
  }

  func register(_ namespace: JinjaNamespace) { namespaces.append(namespace) }
  func register(_ macro: JinjaMacro) { macros.append(macro) }

  // MARK: Errors

  func failure(_ text: String) -> JinjaError { .evaluation(template: template, location, text) }
  func unsupported(_ text: String) -> JinjaError {
    .unsupported(template: template, location, text)
  }
  func limit(_ text: String) -> JinjaError { .limit(template: template, location, text) }

  // MARK: Bounds

  /// Counts work: an expression, an item visited, 32 bytes of text read.
  func step(_ count: Int = 1) throws {
    steps += count
    if steps > limits.steps { throw limit("expected at most \(limits.steps) steps") }
  }

  /// Counts text that is made: `count` bytes of one that then has `total`.
  func charge(text count: Int, of total: Int) throws {
    guard total <= limits.text else {
      throw limit("expected no text of more than \(limits.text) bytes, found \(total)")
    }
    try charge(count)
  }

  private func charge(_ bytes: Int) throws {
    memory += bytes
    if memory > limits.memory {
      throw limit("expected at most \(limits.memory) bytes of texts and lists")
    }
  }

  /// A text that was made.
  func made(_ text: String) throws -> JinjaValue {
    try charge(text: text.utf8.count, of: text.utf8.count)
    return .string(text)
  }

  /// A list or the like that was made.
  func made(_ kind: JinjaSequence.Kind, _ items: [JinjaValue]) throws -> JinjaValue {
    try charge(items.count, items: "items")
    let sequence = JinjaSequence(kind, items)
    try check(depth: sequence.depth)
    return .sequence(sequence)
  }

  func made(iterator items: [JinjaValue]) throws -> JinjaValue {
    try charge(items.count, items: "items")
    let iterator = JinjaIterator(items)
    try check(depth: iterator.depth)
    return .iterator(iterator)
  }

  func made(_ mapping: JinjaMapping) throws -> JinjaValue {
    try charge(mapping.keys.count, items: "members")
    try check(depth: mapping.depth)
    return .mapping(mapping)
  }

  /// Before a list of `count` items is made.
  func charge(_ count: Int, items: String) throws {
    try step(count)
    try charge(64 + (count > limits.memory / 64 ? limits.memory : count * 64))
  }

  private func check(depth: Int) throws {
    guard depth <= JinjaLimits.valueDepth else {
      throw limit("expected at most \(JinjaLimits.valueDepth) levels of lists and mappings")
    }
  }

  /// Runs `body` one level deeper.
  func nested<Result>(_ body: () throws -> Result) throws -> Result {
    guard depth < limits.depth else {
      throw limit("expected at most \(limits.depth) levels of calls and expressions")
    }
    depth += 1
    defer { depth -= 1 }
    return try body()
  }

  // MARK: Text

  func write(_ part: String) throws {
    try charge(text: part.utf8.count, of: text.utf8.count + part.utf8.count)
    text += part
  }

  /// The text that `body` writes, kept apart.
  func captured(_ body: () throws -> Void) throws -> String {
    let outer = text
    text = ""
    captures += 1
    defer {
      text = outer
      captures -= 1
    }
    try body()
    return text
  }

  /// Python's `str` of a value.
  func printed(_ value: JinjaValue) throws -> String {
    if let text = value.text { return text }
    var printer = JinjaPrinter(self)
    try printer.printed(value)
    return printer.text
  }

  /// Notes where the text that `body` writes stands.
  func generation(_ body: () throws -> JinjaFlow) throws -> JinjaFlow {
    if captures > 0 { hasCapturedGeneration = true }
    let start = text.utf8.count
    let flow = try body()
    if captures == 0 { generated.append(start..<text.utf8.count) }
    return flow
  }
}

/// How a statement ended.
enum JinjaFlow { case next, breakLoop, continueLoop }
