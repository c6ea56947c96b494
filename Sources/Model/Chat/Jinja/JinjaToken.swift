/// One piece of a template.
struct JinjaToken: Equatable {
  enum Kind: Equatable {
    /// Text between tags, whitespace control applied.
    case text(String)
    /// `{{`, `}}`, `{%`, `%}`.
    case variableBegin, variableEnd, blockBegin, blockEnd
    case name(String)
    case string(String)
    case integer(Int)
    case number(Double)
    /// Punctuation as it is written: `+`, `==`, `(`.
    case symbol(String)
    case end
  }

  var kind: Kind
  var location: JinjaLocation

  /// For messages.
  var found: String {
    switch kind {
    case .text: return "text"
    case .variableBegin: return "'{{'"
    case .variableEnd: return "'}}'"
    case .blockBegin: return "'{%'"
    case .blockEnd: return "'%}'"
    case .name(let name): return "'\(name)'"
    case .string: return "a text in quotes"
    case .integer(let value): return "\(value)"
    case .number(let value): return "\(value)"
    case .symbol(let text): return "'\(text)'"
    case .end: return "the end of the template"
    }
  }
}
