import Foundation

/// Python's arithmetic. Whole numbers are of 64 bits; what does not fit is an error.
enum JinjaArithmetic {
  static func negated(_ value: JinjaValue, _ interpreter: JinjaInterpreter) throws -> JinjaValue {
    if let whole = value.wholeNumber {
      let (result, overflow) = (0).subtractingReportingOverflow(whole)
      if overflow { throw tooLarge(interpreter) }
      return .integer(result)
    }
    guard let number = value.double else {
      if case .undefined(let text) = value { throw interpreter.failure(text) }
      throw interpreter.failure("'-' needs a number, found \(value.kind)")
    }
    return .number(-number)
  }

  static func apply(
    _ sign: JinjaOperator, _ a: JinjaValue, _ b: JinjaValue, _ interpreter: JinjaInterpreter
  ) throws -> JinjaValue {
    if let x = a.wholeNumber, let y = b.wholeNumber { return try whole(sign, x, y, interpreter) }
    if let x = a.double, let y = b.double { return try number(sign, x, y, interpreter) }
    for value in [a, b] {
      if case .undefined(let text) = value, sign != .remainder || a.text == nil {
        throw interpreter.failure(text)
      }
      if case .markup = value { throw interpreter.unsupported("'\(sign.rawValue)' of safe text") }
    }
    switch (sign, a, b) {
    case (.add, .string(let x), .string(let y)):
      guard x.utf8.count + y.utf8.count <= interpreter.limits.text else {
        throw interpreter.limit("expected no text of more than \(interpreter.limits.text) bytes")
      }
      return try interpreter.made(x + y)
    case (.add, .sequence(let x), .sequence(let y))
    where x.kind == y.kind && (x.kind == .list || x.kind == .tuple):
      try interpreter.charge(x.items.count + y.items.count, items: "items")
      return try interpreter.made(x.kind, x.items + y.items)
    case (.multiply, .string, _), (.multiply, _, .string), (.multiply, .sequence, _),
      (.multiply, _, .sequence):
      return try repeated(a, b, interpreter)
    case (.remainder, .string(let format), _):
      return try JinjaFormatting.percent(format, b, interpreter)
    default:
      throw interpreter.failure(
        "'\(sign.rawValue)' does not take \(a.kind) and \(b.kind)")
    }
  }

  private static func repeated(
    _ a: JinjaValue, _ b: JinjaValue, _ interpreter: JinjaInterpreter
  ) throws -> JinjaValue {
    guard let count = a.wholeNumber ?? b.wholeNumber else {
      throw interpreter.failure("'*' does not take \(a.kind) and \(b.kind)")
    }
    let times = max(0, count)
    let value = a.wholeNumber == nil ? a : b
    if let text = value.text {
      let (size, overflow) = text.utf8.count.multipliedReportingOverflow(by: times)
      guard !overflow, size <= interpreter.limits.text else {
        throw interpreter.limit("expected no text of more than \(interpreter.limits.text) bytes")
      }
      return try interpreter.made(String(repeating: text, count: times))
    }
    guard case .sequence(let sequence) = value, sequence.kind == .list || sequence.kind == .tuple
    else { throw interpreter.failure("'*' does not take \(a.kind) and \(b.kind)") }
    let (size, overflow) = sequence.items.count.multipliedReportingOverflow(by: times)
    guard !overflow, size <= interpreter.limits.steps else {
      throw interpreter.limit("expected no list of more than \(interpreter.limits.steps) items")
    }
    try interpreter.charge(size, items: "items")
    return try interpreter.made(
      sequence.kind, (0..<(size == 0 ? 0 : times)).flatMap { _ in sequence.items })
  }

  private static func tooLarge(_ interpreter: JinjaInterpreter) -> JinjaError {
    interpreter.unsupported("a whole number of more than 64 bits")
  }

  private static func whole(
    _ sign: JinjaOperator, _ a: Int, _ b: Int, _ interpreter: JinjaInterpreter
  ) throws -> JinjaValue {
    func checked(_ result: (partialValue: Int, overflow: Bool)) throws -> JinjaValue {
      if result.overflow { throw tooLarge(interpreter) }
      return .integer(result.partialValue)
    }
    switch sign {
    case .add: return try checked(a.addingReportingOverflow(b))
    case .subtract: return try checked(a.subtractingReportingOverflow(b))
    case .multiply: return try checked(a.multipliedReportingOverflow(by: b))
    case .power: return try power(a, b, interpreter)
    case .divide:
      guard b != 0 else { throw interpreter.failure("division by zero") }
      return .number(Double(a) / Double(b))
    case .floorDivide, .remainder:
      guard b != 0 else { throw interpreter.failure("division by zero") }
      let (quotient, overflow) = a.dividedReportingOverflow(by: b)
      if overflow { throw tooLarge(interpreter) }
      // Towards minus infinity, so that the remainder has the divisor's sign.
      let remainder = a - quotient * b
      let isBelow = remainder != 0 && (remainder < 0) != (b < 0)
      if sign == .floorDivide { return .integer(isBelow ? quotient - 1 : quotient) }
      return .integer(isBelow ? remainder + b : remainder)
    }
  }

  private static func power(_ a: Int, _ b: Int, _ interpreter: JinjaInterpreter) throws
    -> JinjaValue
  {
    guard b >= 0 else {
      guard a != 0 else { throw interpreter.failure("0 to a negative power") }
      return .number(pow(Double(a), Double(b)))
    }
    if a == 0 || a == 1 { return .integer(b == 0 ? 1 : a) }
    if a == -1 { return .integer(b % 2 == 0 ? 1 : -1) }
    guard b < 64 else { throw tooLarge(interpreter) }
    var result = 1
    for _ in 0..<b {
      let (next, overflow) = result.multipliedReportingOverflow(by: a)
      if overflow { throw tooLarge(interpreter) }
      result = next
    }
    return .integer(result)
  }

  private static func number(
    _ sign: JinjaOperator, _ a: Double, _ b: Double, _ interpreter: JinjaInterpreter
  ) throws -> JinjaValue {
    switch sign {
    case .add: return .number(a + b)
    case .subtract: return .number(a - b)
    case .multiply: return .number(a * b)
    case .power:
      if a == 0, b < 0 { throw interpreter.failure("0 to a negative power") }
      guard a >= 0 || b == b.rounded() else { throw interpreter.unsupported("a complex number") }
      let result = pow(a, b)
      if result.isInfinite, a.isFinite, b.isFinite {
        throw interpreter.failure("a power too large for a float")
      }
      return .number(result)
    case .divide:
      guard b != 0 else { throw interpreter.failure("division by zero") }
      return .number(a / b)
    case .floorDivide, .remainder:
      guard b != 0 else { throw interpreter.failure("division by zero") }
      // As CPython computes both: the exact remainder first, the quotient from it.
      var remainder = fmod(a, b)
      var quotient = (a - remainder) / b
      if remainder != 0 {
        if (b < 0) != (remainder < 0) {
          remainder += b
          quotient -= 1
        }
      } else {
        remainder = Double(signOf: b, magnitudeOf: 0)
      }
      if sign == .remainder { return .number(remainder) }
      guard quotient != 0 else { return .number(Double(signOf: a / b, magnitudeOf: 0)) }
      var floor = quotient.rounded(.down)
      if quotient - floor > 0.5 { floor += 1 }
      return .number(floor)
    }
  }
}
