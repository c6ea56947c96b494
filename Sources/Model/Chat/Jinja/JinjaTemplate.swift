import Foundation

/// A parsed chat template: the subset of Jinja2 that such templates use, with the settings of
/// transformers (`trim_blocks`, `lstrip_blocks`, loop controls, the `generation` tag, `tojson`,
/// `raise_exception`, `strftime_now`, and its sandbox, in which no value changes).
///
/// What is not known is refused with line and column when the template is read. Nothing changes
/// after `init`, so threads may share it.
public struct JinjaTemplate: Sendable {
  /// How the template is named in messages: a path.
  public let name: String
  private let body: [JinjaStatement]

  /// A rendered text and where the assistant's part of it is.
  public struct Rendering: Sendable, Equatable {
    public var text: String
    /// What `{% generation %}` blocks wrote, in UTF-8 offsets of `text`.
    public var generated: [Range<Int>]
    /// A block stood inside a macro or a captured text, so that not every place is known.
    public var hasUnplacedGeneration: Bool
  }

  /// - Throws: `JinjaError.syntax` and `.unsupported`, with line and column.
  public init(_ source: String, name: String = "chat template") throws {
    self.name = name
    body = try JinjaParser.parse(source, template: name)
  }

  /// Whether the template marks what the assistant wrote.
  public var hasGeneration: Bool { Self.hasGeneration(body) }

  /// The text for the given names.
  /// - Parameters:
  ///   - context: names and values; a null is None, an absent name is undefined.
  ///   - now: what `strftime_now` formats, in the local time zone.
  /// - Throws: `JinjaError`, also when one of `limits` is reached.
  public func render(
    _ context: JSONObject, limits: JinjaLimits = JinjaLimits(), now: Date = Date()
  ) throws -> Rendering {
    let interpreter = JinjaInterpreter(template: name, limits: limits) { format in
      Self.formatted(now, format)
    }
    try interpreter.render(
      body, context.members.map { (name: $0.name, value: JinjaValue(json: $0.value)) })
    return Rendering(
      text: interpreter.text, generated: interpreter.generated,
      hasUnplacedGeneration: interpreter.hasCapturedGeneration)
  }

  private static func hasGeneration(_ body: [JinjaStatement]) -> Bool {
    body.contains { statement in
      switch statement.kind {
      case .generation: return true
      case .conditional(let branches, let otherwise):
        return branches.contains { hasGeneration($0.body) } || hasGeneration(otherwise)
      case .loop(let loop): return hasGeneration(loop.body) || hasGeneration(loop.otherwise)
      case .setBlock(_, _, let body), .filterBlock(_, let body), .with(_, let body):
        return hasGeneration(body)
      case .macro(let macro), .callBlock(let macro, _): return hasGeneration(macro.body)
      default: return false
      }
    }
  }

  /// C's `strftime`, as Python's.
  private static func formatted(_ date: Date, _ format: String) -> String {
    guard !format.isEmpty else { return "" }
    var seconds = time_t(date.timeIntervalSince1970.rounded(.down))
    var parts = tm()
    guard localtime_r(&seconds, &parts) != nil else { return "" }
    // A mark at the end tells an empty result from one that did not fit.
    var buffer = [CChar](repeating: 0, count: 4096 + format.utf8.count * 4)
    let count = strftime(&buffer, buffer.count, format + "\u{1}", &parts)
    return String(
      decoding: buffer.prefix(max(0, count - 1)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension JinjaValue {
  /// A JSON value with Python's types.
  init(json: JSONValue) {
    switch json {
    case .null: self = .none
    case .bool(let value): self = .bool(value)
    case .integer(let value): self = .integer(value)
    case .number(let value): self = .number(value)
    case .string(let value): self = .string(value)
    case .array(let items):
      self = .sequence(JinjaSequence(.list, items.map { JinjaValue(json: $0) }))
    case .object(let object):
      let mapping = JinjaMapping()
      for member in object.members { mapping.set(member.name, JinjaValue(json: member.value)) }
      self = .mapping(mapping)
    }
  }
}
