/// `${name}` in the texts of a recipe; `$${` stands for `${` itself.
enum RecipeText {
  /// - Parameter lookup: the values of a name; more than one is for items of a list only.
  /// - Throws: `ConfigurationError` for a reference without its end, and what `lookup` throws.
  static func substitute(
    _ value: ConfigurationValue,
    _ lookup: (String, ConfigurationValue) throws -> [String]
  ) throws -> ConfigurationValue {
    switch value.content {
    case .null: return value
    case .scalar(let text, let plain):
      let found = try expand(text, value, lookup)
      guard found.count == 1 else {
        throw value.mismatch("one value; \(text) stands for \(found.count)")
      }
      return with(.scalar(found[0], plain: plain), value)
    case .list(let items):
      let expanded = try items.flatMap { item -> [ConfigurationValue] in
        guard case .scalar(let text, let plain) = item.content else {
          return [try substitute(item, lookup)]
        }
        return try expand(text, item, lookup).map { with(.scalar($0, plain: plain), item) }
      }
      return with(.list(expanded), value)
    case .mapping(let pairs):
      return with(.mapping(try pairs.map { ($0.key, try substitute($0.value, lookup)) }), value)
    }
  }

  private static func with(
    _ content: ConfigurationValue.Content, _ value: ConfigurationValue
  ) -> ConfigurationValue {
    ConfigurationValue(content, key: value.key, location: value.location)
  }

  /// The text with its references replaced; several texts where a reference has several values,
  /// `${train/*}/metrics.jsonl` say.
  private static func expand(
    _ text: String, _ value: ConfigurationValue,
    _ lookup: (String, ConfigurationValue) throws -> [String]
  ) throws -> [String] {
    var out = [""]
    var rest = text[...]
    while let dollar = rest.firstIndex(of: "$") {
      out = out.map { $0 + rest[..<dollar] }
      rest = rest[dollar...]
      if rest.hasPrefix("$${") {
        out = out.map { $0 + "${" }
        rest = rest.dropFirst(3)
      } else if rest.hasPrefix("${") {
        guard let end = rest.firstIndex(of: "}") else {
          throw value.mismatch("'}' after '${' ('$${' stands for '${' itself)")
        }
        let name = rest[rest.index(rest.startIndex, offsetBy: 2)..<end]
        let values = try lookup(name.trimmingCharacters(in: .whitespaces), value)
        out = out.flatMap { start in values.map { start + $0 } }
        rest = rest[rest.index(after: end)...]
      } else {
        out = out.map { $0 + "$" }
        rest = rest.dropFirst()
      }
    }
    return out.map { $0 + rest }
  }
}
