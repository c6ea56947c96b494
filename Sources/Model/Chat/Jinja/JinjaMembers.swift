/// Members and subscripts.
extension JinjaInterpreter {
  /// `object.name`: Python's attribute, then the item of that name.
  func attribute(_ object: JinjaValue, _ name: String) throws -> JinjaValue {
    if case .undefined(let text) = object { throw failure("\(text), and has no '\(name)'") }
    if let value = try ownAttribute(object, name) { return value }
    if case .mapping(let mapping) = object, let value = mapping[name] { return value }
    return .undefined("\(object.kind) has no member '\(name)'")
  }

  /// `object[key]`: the item, then, for a text, Python's attribute of that name.
  func item(_ object: JinjaValue, _ key: JinjaValue) throws -> JinjaValue {
    switch object {
    case .undefined(let text): throw failure("\(text), and has no items")
    case .mapping(let mapping):
      guard let hash = JinjaKey(key) else {
        return .undefined("\(key.kind) is no key of a mapping")
      }
      if let value = mapping[hash] { return value }
    case .sequence(let sequence):
      if sequence.kind.isIndexed, let index = key.wholeNumber {
        let count = sequence.items.count
        let place = index < 0 ? index + count : index
        guard place >= 0, place < count else {
          return .undefined("\(sequence.kind.described) of \(count) has no item \(index)")
        }
        return sequence.items[place]
      }
    case .string(let text), .markup(let text):
      if let index = key.wholeNumber { return try scalar(of: text, at: index) }
    default: break
    }
    if let name = key.text, let value = try ownAttribute(object, name) { return value }
    return .undefined("\(object.kind) has no item \(key.text.map { "'\($0)'" } ?? key.kind)")
  }

  private func scalar(of text: String, at index: Int) throws -> JinjaValue {
    try step(1 + text.utf8.count / 32)
    let scalars = text.unicodeScalars
    let limits = index < 0 ? scalars.startIndex : scalars.endIndex
    let start = index < 0 ? scalars.endIndex : scalars.startIndex
    guard let place = scalars.index(start, offsetBy: index, limitedBy: limits),
      place < scalars.endIndex
    else { return .undefined("the text has no character \(index)") }
    return .string(String(scalars[place]))
  }

  /// What Python's `getattr` finds; nil for what it does not.
  private func ownAttribute(_ object: JinjaValue, _ name: String) throws -> JinjaValue? {
    guard !name.hasPrefix("__") else {
      throw failure("expected a member that the sandbox allows, found '\(name)'")
    }
    switch object {
    case .string, .markup:
      return JinjaMethods.textNames.contains(name) ? .method(object, name) : nil
    case .mapping: return JinjaMethods.mappingNames.contains(name) ? .method(object, name) : nil
    case .sequence(let sequence):
      return sequence.kind.isIndexed && JinjaMethods.sequenceNames.contains(name)
        ? .method(object, name) : nil
    case .namespace(let namespace):
      guard !name.hasPrefix("_") else {
        throw failure("expected a member that does not begin with '_', found '\(name)'")
      }
      return namespace.members[name]
    case .loop(let loop): return try member(name, of: loop)
    case .macro(let macro): return name == "name" ? .string(macro.syntax.name) : nil
    default: return nil
    }
  }

  private func member(_ name: String, of loop: JinjaLoopState) throws -> JinjaValue? {
    let count = loop.items.count
    let index = loop.index
    switch name {
    case "index": return .integer(index + 1)
    case "index0": return .integer(index)
    case "revindex": return .integer(count - index)
    case "revindex0": return .integer(count - index - 1)
    case "first": return .bool(index == 0)
    case "last": return .bool(index == count - 1)
    case "length": return .integer(count)
    case "depth": return .integer(loop.level + 1)
    case "depth0": return .integer(loop.level)
    case "previtem":
      return index > 0 ? loop.items[index - 1] : .undefined("there is no previous item")
    case "nextitem":
      return index + 1 < count ? loop.items[index + 1] : .undefined("there is no next item")
    case "cycle", "changed": return .method(.loop(loop), name)
    default: return nil
    }
  }

  /// `object[key]` as it is written, slices included.
  func subscripted(
    _ object: JinjaExpression, _ key: JinjaExpression, at place: JinjaLocation,
    in scope: JinjaScope
  ) throws -> JinjaValue {
    let object = try evaluate(object, in: scope)
    guard case .slice(let first, let last, let stride) = key.kind else {
      let key = try evaluate(key, in: scope)
      location = place
      return try item(object, key)
    }
    let bounds = try [first, last, stride].map { part -> Int? in
      guard let part else { return nil }
      let value = try evaluate(part, in: scope)
      if value.isNone { return nil }
      guard let number = value.wholeNumber else {
        throw failure("a slice: expected whole numbers, found \(value.kind)")
      }
      return number
    }
    location = place
    return try slice(object, bounds[0], bounds[1], bounds[2] ?? 1)
  }

  private func slice(
    _ object: JinjaValue, _ first: Int?, _ last: Int?, _ stride: Int
  ) throws -> JinjaValue {
    guard stride != 0 else { throw failure("a slice: expected a step that is not 0") }
    switch object {
    case .string(let text), .markup(let text):
      let scalars = Array(text.unicodeScalars)
      try step(scalars.count / 8)
      let places = Self.places(scalars.count, first, last, stride)
      return try made(JinjaText.string(places.map { scalars[$0] }))
    case .sequence(let sequence) where sequence.kind.isIndexed:
      let places = Self.places(sequence.items.count, first, last, stride)
      return try made(sequence.kind, places.map { sequence.items[$0] })
    case .undefined(let text): throw failure("\(text), and cannot be sliced")
    default: throw failure("\(object.kind) cannot be sliced")
    }
  }

  /// Python's `range(*slice(first, last, stride).indices(count))`.
  private static func places(_ count: Int, _ first: Int?, _ last: Int?, _ stride: Int) -> [Int] {
    func place(_ bound: Int, _ low: Int, _ high: Int) -> Int {
      min(max(bound < 0 ? bound.addingReportingOverflow(count).partialValue : bound, low), high)
    }
    if stride > 0 {
      let start = first.map { place($0, 0, count) } ?? 0
      let end = last.map { place($0, 0, count) } ?? count
      return start < end ? Array(Swift.stride(from: start, to: end, by: stride)) : []
    }
    let start = first.map { place($0, -1, count - 1) } ?? count - 1
    let end = last.map { place($0, -1, count - 1) } ?? -1
    return start > end ? Array(Swift.stride(from: start, to: end, by: stride)) : []
  }
}
