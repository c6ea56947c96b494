import Foundation

/// Python's printf-style formatting: `"%s: %05.2f" % (a, b)` and the filter `format`.
enum JinjaFormatting {
  /// `format % values`: a tuple is the arguments, a mapping serves `%(name)s`, anything else is one.
  static func percent(
    _ format: String, _ value: JinjaValue, _ interpreter: JinjaInterpreter
  ) throws -> JinjaValue {
    var arguments = [value]
    var named: JinjaMapping?
    if case .sequence(let sequence) = value, sequence.kind == .tuple { arguments = sequence.items }
    if case .mapping(let mapping) = value { named = mapping }
    var formatter = Formatter(
      scalars: Array(format.unicodeScalars), arguments: arguments, named: named,
      interpreter: interpreter)
    let text = try formatter.text()
    if named == nil, formatter.taken < arguments.count {
      throw interpreter.failure("'%': expected \(formatter.taken) values, found \(arguments.count)")
    }
    return try interpreter.made(text)
  }

  /// One directive's flags and sizes.
  private struct Directive {
    var isLeft = false
    var isZeroPadded = false
    var showsPlus = false
    var showsSpace = false
    var width = 0
    var precision: Int?
  }

  private struct Formatter {
    let scalars: [Unicode.Scalar]
    let arguments: [JinjaValue]
    let named: JinjaMapping?
    let interpreter: JinjaInterpreter
    var taken = 0
    var position = 0

    mutating func text() throws -> String {
      var result = String.UnicodeScalarView()
      while position < scalars.count {
        let scalar = scalars[position]
        position += 1
        if scalar != "%" {
          result.append(scalar)
        } else {
          let part = try directive()
          try interpreter.charge(text: part.utf8.count, of: part.utf8.count)
          result.append(contentsOf: part.unicodeScalars)
        }
      }
      return String(result)
    }

    private func peek() throws -> Unicode.Scalar {
      guard position < scalars.count else { throw interpreter.failure("'%': incomplete format") }
      return scalars[position]
    }

    private mutating func number() throws -> Int {
      var value = 0
      while let digit = try? peek(), ("0"..."9").contains(digit) {
        value = min(value * 10 + Int(digit.value - 0x30), 1 << 30)
        position += 1
      }
      guard value <= interpreter.limits.text else {
        throw interpreter.limit("expected no text of more than \(interpreter.limits.text) bytes")
      }
      return value
    }

    private mutating func directive() throws -> String {
      var d = Directive()
      var name: String?
      if try peek() == "(" {
        let start = position + 1
        guard let end = scalars[start...].firstIndex(of: ")") else {
          throw interpreter.failure("'%': expected ')'")
        }
        name = JinjaText.string(scalars[start..<end])
        position = end + 1
      }
      while true {
        switch try peek() {
        case "-": d.isLeft = true
        case "0": d.isZeroPadded = true
        case "+": d.showsPlus = true
        case " ": d.showsSpace = true
        case "#", "*": throw interpreter.unsupported("'%' with '#' or '*'")
        default:
          d.width = try number()
          if try peek() == "." {
            position += 1
            d.precision = try number()
          }
          let kind = try peek()
          position += 1
          if kind == "%" { return "%" }
          return padded(try converted(kind, try argument(name), d), d, kind)
        }
        position += 1
      }
    }

    private mutating func argument(_ name: String?) throws -> JinjaValue {
      if let name {
        guard let value = named?[name] else {
          throw interpreter.failure("'%': no value named '\(name)'")
        }
        return value
      }
      guard taken < arguments.count else {
        throw interpreter.failure("'%': not enough values for the format")
      }
      defer { taken += 1 }
      return arguments[taken]
    }

    private func converted(
      _ kind: Unicode.Scalar, _ value: JinjaValue, _ d: Directive
    ) throws -> String {
      switch kind {
      case "s", "r":
        var printer = JinjaPrinter(interpreter)
        if kind == "s" { try printer.printed(value) } else { try printer.represented(value) }
        return d.precision.map { JinjaText.string(printer.text.unicodeScalars.prefix($0)) }
          ?? printer.text
      case "d", "i", "u", "x", "X", "o":
        let number = kind == "d" || kind == "i" || kind == "u" ? value.double : nil
        guard
          let whole = value.wholeNumber ?? number.flatMap({ Int(exactly: $0.rounded(.towardZero)) })
        else { throw interpreter.failure("'%\(kind)' needs a number, found \(value.kind)") }
        let radix = kind == "o" ? 8 : (kind == "x" || kind == "X" ? 16 : 10)
        let digits = String(whole.magnitude, radix: radix, uppercase: kind == "X")
        let zeros = max(0, (d.precision ?? 0) - digits.count)
        return signed(whole < 0, String(repeating: "0", count: zeros) + digits, d)
      case "f", "F", "e", "E", "g", "G":
        guard let number = value.double else {
          throw interpreter.failure("'%\(kind)' needs a number, found \(value.kind)")
        }
        guard (d.precision ?? 0) <= 1000 else {
          throw interpreter.failure("'%': precision too large")
        }
        let text = String(format: "%.\(d.precision ?? 6)\(kind)", number.magnitude)
        return signed(number.sign == .minus, text, d)
      case "c":
        if let text = value.text, text.unicodeScalars.count == 1 { return text }
        guard let code = value.wholeNumber,
          let scalar = UInt32(exactly: code).flatMap(Unicode.Scalar.init)
        else { throw interpreter.failure("'%c' needs one character, found \(value.kind)") }
        return String(scalar)
      default: throw interpreter.unsupported("'%\(kind)'")
      }
    }

    private func signed(_ isNegative: Bool, _ digits: String, _ d: Directive) -> String {
      (isNegative ? "-" : (d.showsPlus ? "+" : (d.showsSpace ? " " : ""))) + digits
    }

    private func padded(_ text: String, _ d: Directive, _ kind: Unicode.Scalar) -> String {
      let missing = d.width - text.unicodeScalars.count
      guard missing > 0 else { return text }
      if d.isLeft { return text + String(repeating: " ", count: missing) }
      let isText = kind == "s" || kind == "r" || kind == "c"
      guard d.isZeroPadded, !isText else { return String(repeating: " ", count: missing) + text }
      let hasSign = text.first.map { "+- ".contains($0) } ?? false
      return text.prefix(hasSign ? 1 : 0) + String(repeating: "0", count: missing)
        + text.dropFirst(hasSign ? 1 : 0)
    }
  }
}
