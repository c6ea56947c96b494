/// Reads the fields of one JSON object; every error names the file, the field, what was expected
/// and what was found. A field that is null counts as absent.
struct FieldReader {
  /// Sizes above this are refused, so that no product of two overflows.
  static let largest = 1 << 30

  let path: String
  var object: JSONObject
  /// Put before a field's name in messages, "rope_parameters." say.
  var prefix = ""

  /// The value, nil when absent or null.
  func value(_ name: String) -> JSONValue? {
    guard let value = object[name], !value.isNull else { return nil }
    return value
  }

  func has(_ name: String) -> Bool { value(name) != nil }

  func wrong(_ name: String, expected: String, found: String? = nil) -> ModelError {
    let found = found ?? object[name]?.kind ?? "nothing"
    return .format(path: path, "field '\(prefix)\(name)': expected \(expected), found \(found)")
  }

  private func required<Value>(_ name: String, _ found: Value?, _ expected: String) throws -> Value
  {
    guard let found else {
      throw ModelError.missing(path: path, "no field '\(prefix)\(name)': expected \(expected)")
    }
    return found
  }

  /// A whole number in `range`, nil when absent.
  func optionalInteger(_ name: String, in range: ClosedRange<Int> = 1...largest) throws -> Int? {
    guard let value = value(name) else { return nil }
    guard let integer = value.integer, range.contains(integer) else {
      throw wrong(name, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return integer
  }

  func integer(_ name: String, in range: ClosedRange<Int> = 1...largest) throws -> Int {
    try required(name, optionalInteger(name, in: range), "a whole number")
  }

  /// A finite number for which `accepts` holds, nil when absent.
  func optionalNumber(
    _ name: String, _ expected: String, _ accepts: (Double) -> Bool
  ) throws -> Double? {
    guard let value = value(name) else { return nil }
    guard let number = value.double, number.isFinite, accepts(number) else {
      throw wrong(name, expected: expected)
    }
    return number
  }

  /// The same where the field must be there.
  func number(
    _ name: String, _ expected: String, _ accepts: (Double) -> Bool
  ) throws -> Double {
    try required(name, optionalNumber(name, expected, accepts), expected)
  }

  func optionalBool(_ name: String) throws -> Bool? {
    guard let value = value(name) else { return nil }
    guard let bool = value.bool else { throw wrong(name, expected: "true or false") }
    return bool
  }

  func optionalString(_ name: String) throws -> String? {
    guard let value = value(name) else { return nil }
    guard let string = value.string else { throw wrong(name, expected: "a text") }
    return string
  }

  func string(_ name: String) throws -> String {
    try required(name, optionalString(name), "a text")
  }

  func optionalObject(_ name: String) throws -> FieldReader? {
    guard let value = value(name) else { return nil }
    guard let object = value.object else { throw wrong(name, expected: "an object") }
    return FieldReader(path: path, object: object, prefix: "\(prefix)\(name).")
  }

  /// A token's id below `vocabulary`; -1, which old files write for "none", counts as absent.
  func optionalToken(_ name: String, vocabulary: Int) throws -> Int32? {
    guard value(name)?.integer != -1 else { return nil }
    return try optionalInteger(name, in: 0...(vocabulary - 1)).map { Int32($0) }
  }

  /// A token's id or a list of them, nil when absent.
  func optionalTokens(_ name: String, vocabulary: Int) throws -> [Int32]? {
    guard let items = value(name)?.array else {
      return try optionalToken(name, vocabulary: vocabulary).map { [$0] }
    }
    return try items.map { item in
      guard let id = item.integer, (0..<vocabulary).contains(id) else {
        throw wrong(name, expected: "token ids from 0 to \(vocabulary - 1)", found: item.kind)
      }
      return Int32(id)
    }
  }
}
