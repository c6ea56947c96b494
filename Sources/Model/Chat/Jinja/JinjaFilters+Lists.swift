/// Filters of lists and mappings.
extension JinjaFilters {
  static let listNames: Set<String> = [
    "first", "last", "list", "join", "reverse", "sort", "unique", "sum", "min", "max", "map",
    "select", "reject", "selectattr", "rejectattr", "items", "dictsort", "batch",
  ]

  static func list(
    _ name: String, _ value: JinjaValue, _ arguments: JinjaArguments,
    _ interpreter: JinjaInterpreter
  ) throws -> JinjaValue {
    let lists = JinjaListFilter(
      name: name, value: value, arguments: arguments, interpreter: interpreter)
    switch name {
    case "first", "last": return try lists.end()
    case "list":
      _ = try lists.bound([])
      return try interpreter.made(.list, interpreter.items(value))
    case "join": return try lists.joined()
    case "reverse": return try lists.reversed()
    case "sort", "dictsort": return try lists.sorted()
    case "unique": return try lists.unique()
    case "sum": return try lists.sum()
    case "min", "max": return try lists.extreme()
    case "map": return try lists.mapped()
    case "items": return try lists.members()
    case "batch": return try lists.batches()
    default: return try lists.selected()
    }
  }
}

/// One application of a filter of lists.
struct JinjaListFilter {
  let name: String
  let value: JinjaValue
  let arguments: JinjaArguments
  let interpreter: JinjaInterpreter

  private var comparing: JinjaComparing { JinjaComparing(interpreter) }

  func bound(_ names: [String], required: Int = 0) throws -> [JinjaValue?] {
    try arguments.bound("the filter '\(name)'", names, required: required, interpreter)
  }

  private func failure(_ text: String) -> JinjaError {
    interpreter.failure("the filter '\(name)' \(text)")
  }

  // MARK: Attributes

  /// What `attribute='a.b.0'` names in an item.
  private func attribute(
    _ path: JinjaValue?, of item: JinjaValue, default standard: JinjaValue? = nil
  ) throws -> JinjaValue {
    guard let path, !path.isNone else { return item }
    if path.text == nil { return try interpreter.item(item, path) }
    var item = item
    for part in try interpreter.string(path, name).split(
      separator: ".", omittingEmptySubsequences: false)
    {
      let isIndex = !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
      let key: JinjaValue = isIndex ? .integer(Int(part) ?? 0) : .string(String(part))
      item = try interpreter.item(item, key)
      if item.isUndefined, let standard, !standard.isNone { item = standard }
    }
    return item
  }

  private func withoutCase(_ value: JinjaValue) -> JinjaValue {
    if case .string(let text) = value { return .string(JinjaText.lower(text)) }
    return value
  }

  /// What items are compared by.
  private func keys(
    _ items: [JinjaValue], _ path: JinjaValue?, isCased: Bool
  ) throws -> [JinjaValue] {
    try items.map { item in
      let key = try attribute(path, of: item)
      return isCased ? key : withoutCase(key)
    }
  }

  /// The order of the items by their keys; items of equal keys keep theirs.
  private func order(_ keys: [JinjaValue], isReversed: Bool) throws -> [Int] {
    let places = try Array(keys.indices).sorted { a, b in
      let order = try comparing.compared(keys[a], keys[b])
      if order == -1 { return !isReversed }
      if order == 1 { return isReversed }
      return a < b
    }
    return places
  }

  // MARK: Filters

  func end() throws -> JinjaValue {
    _ = try bound([])
    if name == "first" {
      if case .iterator(let iterator) = value {
        return iterator.takeFirst() ?? .undefined("no first item, the sequence was empty")
      }
      return try interpreter.items(value).first
        ?? .undefined("no first item, the sequence was empty")
    }
    if case .iterator = value { throw failure("needs a list, found \(value.kind)") }
    return try interpreter.items(value).last ?? .undefined("no last item, the sequence was empty")
  }

  func joined() throws -> JinjaValue {
    let values = try bound(["d", "attribute"])
    let separator = try interpreter.printed(values[0] ?? .string(""))
    var size = 0
    let parts = try interpreter.items(value).map { item in
      let part = try interpreter.printed(attribute(values[1], of: item))
      size += part.utf8.count + separator.utf8.count
      try interpreter.charge(text: 0, of: size)
      return part
    }
    return try interpreter.made(parts.joined(separator: separator))
  }

  func reversed() throws -> JinjaValue {
    _ = try bound([])
    if let text = value.text {
      return try interpreter.made(JinjaText.string(text.unicodeScalars.reversed()))
    }
    let items = try interpreter.items(value).reversed()
    if case .iterator = value { return try interpreter.made(.list, Array(items)) }
    return try interpreter.made(iterator: Array(items))
  }

  func sorted() throws -> JinjaValue {
    if name == "dictsort" {
      let values = try bound(["case_sensitive", "by", "reverse"])
      guard case .mapping(let mapping) = value else {
        throw failure("needs a mapping, found \(value.kind)")
      }
      let by = try interpreter.string(values[1], name, default: "key")
      guard by == "key" || by == "value" else { throw failure("sorts by 'key' or 'value'") }
      let keys = try keys(
        by == "key" ? mapping.keys : mapping.values, nil, isCased: values[0]?.isTrue ?? false)
      let places = try order(keys, isReversed: values[2]?.isTrue ?? false)
      return try interpreter.made(
        .list,
        places.map { try interpreter.made(.tuple, [mapping.keys[$0], mapping.values[$0]]) })
    }
    let values = try bound(["reverse", "case_sensitive", "attribute"])
    if values[2]?.text?.contains(",") == true {
      throw interpreter.unsupported("sorting by several attributes")
    }
    let items = try interpreter.items(value)
    let keys = try keys(items, values[2], isCased: values[1]?.isTrue ?? false)
    let places = try order(keys, isReversed: values[0]?.isTrue ?? false)
    return try interpreter.made(.list, places.map { items[$0] })
  }

  func unique() throws -> JinjaValue {
    let values = try bound(["case_sensitive", "attribute"])
    let items = try interpreter.items(value)
    var seen: Set<JinjaKey> = []
    var result: [JinjaValue] = []
    for (item, key) in zip(items, try keys(items, values[1], isCased: values[0]?.isTrue ?? false)) {
      guard let key = JinjaKey(key) else { throw failure("needs items that can be hashed") }
      if seen.insert(key).inserted { result.append(item) }
    }
    return try interpreter.made(iterator: result)
  }

  func sum() throws -> JinjaValue {
    let values = try bound(["attribute", "start"])
    let start = values[1] ?? .integer(0)
    if start.text != nil { throw failure("cannot sum strings; use 'join'") }
    return try interpreter.items(value).reduce(start) { sum, item in
      try JinjaArithmetic.apply(.add, sum, attribute(values[0], of: item), interpreter)
    }
  }

  func extreme() throws -> JinjaValue {
    let values = try bound(["case_sensitive", "attribute"])
    let items = try interpreter.items(value)
    let keys = try keys(items, values[1], isCased: values[0]?.isTrue ?? false)
    guard var best = items.indices.first else {
      return .undefined("no item, the sequence was empty")
    }
    for i in items.indices.dropFirst()
    where try comparing.compared(keys[i], keys[best]) == (name == "min" ? -1 : 1) {
      best = i
    }
    return items[best]
  }

  func mapped() throws -> JinjaValue {
    guard value.isTrue else { return try interpreter.made(iterator: []) }
    let items = try interpreter.items(value)
    if arguments.positional.isEmpty, arguments.named.contains(where: { $0.name == "attribute" }) {
      let values = try bound(["attribute", "default"])
      return try interpreter.made(
        iterator: items.map { try attribute(values[0], of: $0, default: values[1]) })
    }
    let filter = try interpreter.string(arguments.positional.first, name)
    guard JinjaFilters.names.contains(filter) else {
      throw interpreter.unsupported("the filter '\(filter)'")
    }
    let rest = JinjaArguments(
      positional: Array(arguments.positional.dropFirst()), named: arguments.named)
    return try interpreter.made(
      iterator: items.map { item in
        try interpreter.nested {
          try JinjaFilters.apply(filter, to: item, rest, interpreter)
        }
      })
  }

  /// `select`, `reject`, `selectattr`, `rejectattr`.
  func selected() throws -> JinjaValue {
    guard value.isTrue else { return try interpreter.made(iterator: []) }
    var rest = arguments.positional[...]
    let path = name.hasSuffix("attr") ? rest.popFirst() : nil
    if name.hasSuffix("attr"), path == nil { throw failure("needs an attribute") }
    let test = try rest.popFirst().map { try interpreter.string($0, name) }
    if let test, !JinjaTests.isKnown(test) { throw interpreter.unsupported("the test '\(test)'") }
    let left = JinjaArguments(positional: Array(rest), named: arguments.named)
    let keeps = name.hasPrefix("select")
    return try interpreter.made(
      iterator: interpreter.items(value).filter { item in
        let item = try attribute(path, of: item)
        guard let test else { return item.isTrue == keeps }
        return try JinjaTests.holds(test, item, left, interpreter) == keeps
      })
  }

  func members() throws -> JinjaValue {
    _ = try bound([])
    switch value {
    case .undefined: return try interpreter.made(iterator: [])
    case .mapping(let mapping):
      return try interpreter.made(
        iterator: zip(mapping.keys, mapping.values).map {
          try interpreter.made(.tuple, [$0, $1])
        })
    default: throw failure("needs a mapping, found \(value.kind)")
    }
  }

  func batches() throws -> JinjaValue {
    let values = try bound(["linecount", "fill_with"], required: 1)
    let count = try interpreter.integer(values[0], name, default: 1)
    guard count > 0 else { throw failure("needs a count of at least 1") }
    let items = try interpreter.items(value)
    let rows = try stride(from: 0, to: items.count, by: count).map { start in
      var row = Array(items[start..<(items.count - start < count ? items.count : start + count)])
      if let fill = values[1], !fill.isNone, row.count < count {
        try interpreter.charge(count, items: "items")
        row += [JinjaValue](repeating: fill, count: count - row.count)
      }
      return try interpreter.made(.list, row)
    }
    return try interpreter.made(iterator: rows)
  }
}
