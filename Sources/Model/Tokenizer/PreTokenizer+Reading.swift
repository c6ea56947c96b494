/// Reading the stages.
extension PreTokenizer {
  private static let names =
    "ByteLevel, Digits, Split, Metaspace, Whitespace, WhitespaceSplit, Punctuation,"
    + " BertPreTokenizer, Sequence"

  static func stages(_ fields: FieldReader) throws -> [Stage] {
    let type = try fields.string("type")
    switch type {
    case "Sequence": return try fields.readers("pretokenizers").flatMap { try stages($0) }
    case "ByteLevel":
      return [
        .byteLevel(
          addPrefixSpace: try fields.optionalBool("add_prefix_space") ?? true,
          useRegex: try fields.optionalBool("use_regex") ?? true)
      ]
    case "Digits":
      let individual = try fields.optionalBool("individual_digits") ?? false
      return [.cut(.flags(.number), individual ? .isolated : .contiguous, invert: false)]
    case "Split":
      guard let pattern = try fields.optionalObject("pattern") else {
        throw fields.wrong("pattern", expected: "an object")
      }
      return [
        .cut(
          .pattern(try SplitPattern(pattern)), try SplitBehavior(fields),
          invert: try fields.optionalBool("invert") ?? false)
      ]
    case "Metaspace": return [.metaspace(try Metaspace(fields))]
    case "Whitespace": return [.cut(.words, .removed, invert: true)]
    case "WhitespaceSplit": return [.cut(.flags(.space), .removed, invert: false)]
    case "Punctuation":
      let behavior = fields.has("behavior") ? try SplitBehavior(fields) : .isolated
      return [.cut(.flags(.punctuation), behavior, invert: false)]
    case "BertPreTokenizer":
      return [
        .cut(.flags(.space), .removed, invert: false),
        .cut(.flags(.punctuation), .isolated, invert: false),
      ]
    default:
      throw ModelError.unsupported(
        path: fields.path, "pre_tokenizer '\(type)' is not supported; supported are \(names)")
    }
  }
}

/// SentencePiece's spaces: each space becomes a visible character, and a text begins with one.
struct Metaspace: Sendable, Equatable {
  enum Prefix: String, Sendable, CaseIterable {
    case always, first, never
  }

  /// U+2581 as a rule.
  var mark: [UInt8]
  /// Whether a text that does not begin with the mark gets one: each stretch between added tokens,
  /// only one that begins the whole text, or none.
  var prefix: Prefix
  /// Whether the text is cut before every mark.
  var split: Bool

  init(_ fields: FieldReader) throws {
    let text = try fields.optionalString("replacement") ?? "\u{2581}"
    guard text.unicodeScalars.count == 1 else {
      throw fields.wrong("replacement", expected: "one character", found: "'\(text)'")
    }
    mark = Array(text.utf8)
    split = try fields.optionalBool("split") ?? true
    // Files before tokenizers 0.15 have add_prefix_space alone.
    let older = try fields.optionalBool("add_prefix_space")
    guard let scheme = try fields.optionalString("prepend_scheme") else {
      prefix = older ?? true ? .always : .never
      return
    }
    guard let prefix = Prefix(rawValue: scheme) else {
      throw fields.wrong(
        "prepend_scheme", expected: "always, first or never", found: "'\(scheme)'")
    }
    guard older != false || prefix == .never else {
      throw fields.wrong(
        "add_prefix_space", expected: "true with prepend_scheme '\(scheme)'", found: "false")
    }
    self.prefix = prefix
  }
}
