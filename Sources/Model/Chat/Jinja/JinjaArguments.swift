/// The values of a call.
struct JinjaArguments {
  var positional: [JinjaValue] = []
  var named: [(name: String, value: JinjaValue)] = []

  /// The arguments in the order of `names`, nil where not given.
  /// - Throws: an evaluation error for too many, unknown or missing ones (the first `required`).
  func bound(
    _ what: String, _ names: [String], required: Int = 0, _ interpreter: JinjaInterpreter
  ) throws -> [JinjaValue?] {
    guard positional.count <= names.count else {
      throw interpreter.failure(
        "\(what) takes at most \(names.count) arguments, found \(positional.count)")
    }
    var values: [JinjaValue?] = positional
    values += [JinjaValue?](repeating: nil, count: names.count - positional.count)
    for (name, value) in named {
      guard let place = names.firstIndex(of: name) else {
        throw interpreter.failure("\(what) has no argument '\(name)'")
      }
      guard values[place] == nil else {
        throw interpreter.failure("\(what): the argument '\(name)' is given twice")
      }
      values[place] = value
    }
    if let missing = names.indices.first(where: { $0 < required && values[$0] == nil }) {
      throw interpreter.failure("\(what) needs the argument '\(names[missing])'")
    }
    return values
  }
}

/// An argument's value as a Swift type.
extension JinjaInterpreter {
  func integer(_ value: JinjaValue?, _ what: String, default standard: Int) throws -> Int {
    guard let value else { return standard }
    guard let number = value.wholeNumber else {
      throw failure("\(what): expected a whole number, found \(value.kind)")
    }
    return number
  }

  func string(_ value: JinjaValue?, _ what: String, default standard: String = "") throws -> String
  {
    guard let value else { return standard }
    guard let text = value.text else {
      throw failure("\(what): expected a string, found \(value.kind)")
    }
    return text
  }
}
