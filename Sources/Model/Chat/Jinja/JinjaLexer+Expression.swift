import Foundation

/// Tokens inside a tag.
extension JinjaLexer {
  mutating func expressionToken() throws {
    let scalar = source[position]
    if scalar == "_" || scalar.properties.isXIDStart {
      name()
    } else if scalar.value >= 0x30 && scalar.value <= 0x39 {
      try number()
    } else if scalar == "'" || scalar == "\"" {
      try string(scalar)
    } else {
      try symbol()
    }
  }

  private mutating func name() {
    let start = position
    var text = String.UnicodeScalarView()
    while position < source.count,
      source[position] == "_" || source[position].properties.isXIDContinue
    {
      text.append(source[position])
      position += 1
    }
    add(.name(String(text)), at: start)
  }

  /// Digits with single underscores between them, as ASCII.
  private func digits(_ offset: Int, radix: Int) -> (text: String, end: Int) {
    var text = ""
    var end = offset
    while end < source.count {
      let scalar = source[end]
      if scalar.isASCII, let digit = Character(scalar).hexDigitValue, digit < radix {
        text.unicodeScalars.append(scalar)
        end += 1
      } else if scalar == "_", end + 1 < source.count, source[end + 1].isASCII,
        let next = Character(source[end + 1]).hexDigitValue, next < radix
      {
        end += 1
      } else {
        break
      }
    }
    return (text, end)
  }

  private mutating func number() throws {
    let start = position
    for (prefix, radix) in [("xX", 16), ("oO", 8), ("bB", 2)] where source[start] == "0" {
      guard start + 1 < source.count, prefix.unicodeScalars.contains(source[start + 1]) else {
        continue
      }
      let skip = start + 2 < source.count && source[start + 2] == "_" ? 3 : 2
      let (text, end) = digits(start + skip, radix: radix)
      guard let value = Int(text, radix: radix) else { break }
      position = end
      return add(.integer(value), at: start)
    }
    var (text, end) = digits(start, radix: 10)
    var isWhole = true
    // After a point there are only whole numbers: `x.0.1` is two subscripts.
    let isSubscript = start > 0 && source[start - 1] == "."
    if !isSubscript, end + 1 < source.count, source[end] == ".", isDigit(end + 1) {
      let fraction = digits(end + 1, radix: 10)
      text += "." + fraction.text
      end = fraction.end
      isWhole = false
    }
    if !isSubscript, end + 1 < source.count, source[end] == "e" || source[end] == "E" {
      let signed = source[end + 1] == "+" || source[end + 1] == "-"
      if isDigit(end + (signed ? 2 : 1)) {
        let exponent = digits(end + (signed ? 2 : 1), radix: 10)
        text += "e" + (source[end + 1] == "-" ? "-" : "") + exponent.text
        end = exponent.end
        isWhole = false
      }
    }
    position = end
    if isWhole {
      guard let value = Int(text), value == 0 || !text.hasPrefix("0") else {
        throw failure("expected a whole number of 64 bits without leading zeros", at: start)
      }
      add(.integer(value), at: start)
    } else {
      guard let value = Double(text) else { throw failure("expected a number", at: start) }
      add(.number(value), at: start)
    }
  }

  private func isDigit(_ offset: Int) -> Bool {
    offset < source.count && (0x30...0x39).contains(source[offset].value)
  }

  private mutating func string(_ quote: Unicode.Scalar) throws {
    let start = position
    var text = String.UnicodeScalarView()
    position += 1
    while position < source.count, source[position] != quote {
      if source[position] == "\\" {
        try escape(into: &text)
      } else {
        text.append(source[position])
        position += 1
      }
    }
    guard position < source.count else {
      throw failure("expected \(quote) that ends this text", at: start)
    }
    position += 1
    add(.string(String(text)), at: start)
  }

  /// Python's escapes; an unknown one keeps its backslash.
  private mutating func escape(into text: inout String.UnicodeScalarView) throws {
    let start = position
    guard position + 1 < source.count else {
      throw failure("expected a character after the backslash")
    }
    let scalar = source[position + 1]
    position += 2
    let simple: [Unicode.Scalar: Unicode.Scalar] = [
      "n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", "\"": "\"", "a": "\u{07}",
      "b": "\u{08}", "f": "\u{0C}", "v": "\u{0B}",
    ]
    if let plain = simple[scalar] { return text.append(plain) }
    switch scalar {
    case "\n": return
    case "x": try text.append(code(digits: 2, start))
    case "u": try text.append(code(digits: 4, start))
    case "U": try text.append(code(digits: 8, start))
    case "N":
      throw failure("expected no \\N{...} escape: names of characters are unknown", at: start)
    case "0"..."7":
      var value = scalar.value - 0x30
      for _ in 0..<2 where position < source.count && ("0"..."7").contains(source[position]) {
        value = value * 8 + source[position].value - 0x30
        position += 1
      }
      if let scalar = Unicode.Scalar(value) { text.append(scalar) }
    default:
      text.append("\\")
      text.append(scalar)
    }
  }

  private mutating func code(digits count: Int, _ start: Int) throws -> Unicode.Scalar {
    var value: UInt32 = 0
    for _ in 0..<count {
      guard position < source.count, source[position].isASCII,
        let digit = Character(source[position]).hexDigitValue
      else { throw failure("expected \(count) hexadecimal digits in the escape", at: start) }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    guard let scalar = Unicode.Scalar(value) else {
      throw failure("expected an escape that is a Unicode scalar", at: start)
    }
    return scalar
  }

  private static let pairs: [StaticString] = ["//", "**", "==", "!=", ">=", "<="]

  private mutating func symbol() throws {
    let start = position
    for pair in Self.pairs where has(pair, at: position) {
      position += 2
      return add(.symbol("\(pair)"), at: start)
    }
    let scalar = source[position]
    switch scalar {
    case "(": brackets.append(")")
    case "[": brackets.append("]")
    case "{": brackets.append("}")
    case ")", "]", "}":
      guard let expected = brackets.popLast() else {
        throw failure("expected no '\(scalar)', nothing was opened")
      }
      guard expected == scalar else {
        throw failure("expected '\(expected)', found '\(scalar)'")
      }
    case "+", "-", "/", "*", "%", "~", ">", "<", "=", ".", ":", "|", ",", ";": break
    default: throw failure("expected an expression, found '\(scalar)'")
    }
    guard brackets.count <= JinjaLimits.syntaxDepth else {
      throw failure("expected at most \(JinjaLimits.syntaxDepth) brackets inside each other")
    }
    position += 1
    add(.symbol(String(Character(scalar))), at: start)
  }
}
