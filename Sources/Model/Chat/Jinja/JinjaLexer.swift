/// Cuts a template into tokens as Jinja2 does with `trim_blocks` and `lstrip_blocks` on and
/// `keep_trailing_newline` off, which is how transformers sets it: the first newline after a block
/// tag or comment goes, and so do blanks before one that begins a line; `-` strips all whitespace on
/// its side, `+` keeps it.
struct JinjaLexer {
  let template: String
  let source: [Unicode.Scalar]
  var position = 0
  var tokens: [JinjaToken] = []
  /// Line of `counted`, and where that line begins; locations are asked for in order.
  private var counted = 0
  private var line = 1
  private var lineStart = 0
  /// Whether the last tag's end took a newline with it, or nothing came before.
  private var isLineStart = true
  /// Closing brackets that are due.
  var brackets: [Unicode.Scalar] = []

  init(_ text: String, template: String) {
    self.template = template
    var scalars: [Unicode.Scalar] = []
    scalars.reserveCapacity(text.utf8.count)
    var previous: Unicode.Scalar?
    for scalar in text.unicodeScalars {
      if scalar == "\n", previous == "\r" {
        previous = scalar
        continue
      }
      scalars.append(scalar == "\r" ? "\n" : scalar)
      previous = scalar
    }
    if scalars.last == "\n" { scalars.removeLast() }
    source = scalars
  }

  static func tokens(_ text: String, template: String) throws -> [JinjaToken] {
    var lexer = JinjaLexer(text, template: template)
    while lexer.position < lexer.source.count { try lexer.textAndTag() }
    lexer.add(.end)
    return lexer.tokens
  }

  mutating func location(_ offset: Int) -> JinjaLocation {
    if offset < counted { (counted, line, lineStart) = (0, 1, 0) }
    while counted < offset {
      if source[counted] == "\n" {
        line += 1
        lineStart = counted + 1
      }
      counted += 1
    }
    return JinjaLocation(line: line, column: offset - lineStart + 1)
  }

  mutating func add(_ kind: JinjaToken.Kind, at offset: Int? = nil) {
    tokens.append(JinjaToken(kind: kind, location: location(offset ?? position)))
  }

  mutating func failure(_ text: String, at offset: Int? = nil) -> JinjaError {
    .syntax(template: template, location(min(offset ?? position, source.count)), text)
  }

  func has(_ text: StaticString, at offset: Int) -> Bool {
    guard offset + text.utf8CodeUnitCount <= source.count else { return false }
    for i in 0..<text.utf8CodeUnitCount where source[offset + i].value != text.utf8Start[i] {
      return false
    }
    return true
  }

  /// Text up to the next tag, and the tag.
  private mutating func textAndTag() throws {
    let start = position
    var open = position
    while open < source.count,
      !(source[open] == "{" && (has("{{", at: open) || has("{%", at: open) || has("{#", at: open)))
    {
      open += 1
    }
    guard open < source.count else {
      addText(start..<open)
      position = open
      return
    }
    let isVariable = source[open + 1] == "{"
    let sign = open + 2 < source.count ? source[open + 2] : " "
    let isSigned = sign == "-" || sign == "+"
    addText(start..<trimmedEnd(start, open, sign: sign, isVariable: isVariable))
    position = open + (isSigned ? 3 : 2)
    if source[open + 1] == "#" {
      try comment(open)
    } else if !isVariable, let end = rawBegin() {
      position = end
      try rawText(open)
    } else {
      add(isVariable ? .variableBegin : .blockBegin, at: open)
      try expression(isVariable: isVariable, open: open)
    }
  }

  private mutating func addText(_ range: Range<Int>) {
    guard !range.isEmpty else { return }
    var text = String.UnicodeScalarView()
    text.append(contentsOf: source[range])
    add(.text(String(text)), at: range.lowerBound)
  }

  /// Where the text before a tag ends.
  private func trimmedEnd(
    _ start: Int, _ open: Int, sign: Unicode.Scalar, isVariable: Bool
  ) -> Int {
    var end = open
    if sign == "-" {
      while end > start, source[end - 1].isPythonSpace { end -= 1 }
    } else if sign != "+", !isVariable {
      while end > start, source[end - 1] != "\n", source[end - 1].isPythonSpace { end -= 1 }
      let beginsLine = end > start ? source[end - 1] == "\n" : isLineStart
      if !beginsLine { return open }
    }
    return end
  }

  /// Takes `-%}` with the whitespace after it, `+%}`, or `%}` with one newline.
  /// - Returns: false where the position is at none of them.
  mutating func takeEnd(_ close: StaticString, trims: Bool) -> Bool {
    if has("-", at: position), has(close, at: position + 1) {
      position += 3
      while position < source.count, source[position].isPythonSpace { position += 1 }
    } else if trims, has("+", at: position), has(close, at: position + 1) {
      position += 3
    } else if has(close, at: position) {
      position += 2
      if trims, has("\n", at: position) { position += 1 }
    } else {
      return false
    }
    isLineStart = source[position - 1] == "\n"
    return true
  }

  private mutating func comment(_ open: Int) throws {
    while position < source.count {
      if takeEnd("#}", trims: true) { return }
      position += 1
    }
    throw failure("expected '#}' that ends this comment", at: open)
  }

  private func skipSpace(_ offset: Int) -> Int {
    var offset = offset
    while offset < source.count, source[offset].isPythonSpace { offset += 1 }
    return offset
  }

  /// After `{%`: where a raw block's text begins; nil when the tag is another one.
  private func rawBegin() -> Int? {
    let name = skipSpace(position)
    guard has("raw", at: name) else { return nil }
    let end = skipSpace(name + 3)
    if has("-%}", at: end) { return skipSpace(end + 3) }
    return has("%}", at: end) ? end + 2 : nil
  }

  private mutating func rawText(_ open: Int) throws {
    let start = position
    while position < source.count {
      guard has("{%", at: position) else {
        position += 1
        continue
      }
      let tag = position
      let sign = tag + 2 < source.count ? source[tag + 2] : " "
      let name = skipSpace(tag + (sign == "-" || sign == "+" ? 3 : 2))
      guard has("endraw", at: name) else {
        position += 1
        continue
      }
      position = skipSpace(name + 6)
      isLineStart = start > 0 && source[start - 1] == "\n"
      let end = trimmedEnd(start, tag, sign: sign, isVariable: false)
      guard takeEnd("%}", trims: true) else {
        position = tag + 1
        continue
      }
      let after = (position, isLineStart)
      addText(start..<end)
      (position, isLineStart) = after
      return
    }
    throw failure("expected '{% endraw %}' that ends this block", at: open)
  }

  /// The inside of `{{ }}` or `{% %}`, and its end.
  private mutating func expression(isVariable: Bool, open: Int) throws {
    brackets = []
    while true {
      // As Jinja2's lexer has it, an end inside brackets is none: `{{ {'a': {}} }}`.
      let before = position
      if brackets.isEmpty, takeEnd(isVariable ? "}}" : "%}", trims: !isVariable) {
        let after = position
        position = before
        add(isVariable ? .variableEnd : .blockEnd, at: before)
        position = after
        return
      }
      guard position < source.count else {
        throw failure("expected '\(isVariable ? "}}" : "%}")' that ends this tag", at: open)
      }
      if source[position].isPythonSpace {
        position += 1
      } else {
        try expressionToken()
      }
    }
  }
}

extension Unicode.Scalar {
  /// Python's `str.isspace`, which is also what `\s` matches.
  var isPythonSpace: Bool {
    switch value {
    case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F,
      0x205F, 0x3000:
      return true
    default: return false
    }
  }
}
