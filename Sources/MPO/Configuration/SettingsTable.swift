/// Settings of one command: a struct whose properties are the defaults, and a table that names them.
/// `resolve(arguments:)` is all that a command needs; flags win over the file, whatever their order.
public protocol ConfigurableSettings: Sendable {
  init()
  /// Every setting, in the order they are printed and listed.
  static var options: [SettingOption<Self>] { get }
  /// Keys of other tools that have no meaning here, and what to do instead.
  static var unsupported: [String: String] { get }
  /// Defaults that depend on other settings, after everything was read; `given` names what the user
  /// set.
  mutating func complete(given: Set<String>)
  /// Settings that have no effect as the others stand: not printed.
  var idleSettings: Set<String> { get }
  /// Checks that need more than one setting, after everything was completed.
  func validate() throws
}

extension ConfigurableSettings {
  public static var unsupported: [String: String] { [:] }
  public mutating func complete(given: Set<String>) {}
  public var idleSettings: Set<String> { [] }
  public func validate() throws {}

  /// Settings from `--config FILE` (YAML or JSON), if there is one, and the other flags; validated.
  /// - Throws: `ConfigurationError`, `PreferenceError` (a judge's own rules).
  public static func resolve(arguments: [String]) throws -> Self {
    var settings = Self()
    var flags: [String] = []
    var file: String?
    var index = 0
    while index < arguments.count {
      let argument = arguments[index]
      index += 1
      var path: String?
      if argument == "--config" {
        guard index < arguments.count else {
          throw ConfigurationError.argument("--config: expected a file name after it")
        }
        path = arguments[index]
        index += 1
      } else if argument.hasPrefix("--config=") {
        path = String(argument.dropFirst("--config=".count))
      } else {
        flags.append(argument)
      }
      guard let path else { continue }
      guard file == nil else { throw ConfigurationError.conflict("--config is given twice") }
      file = path
    }
    var given: Set<String> = []
    if let file { given.formUnion(try settings.apply(file: file)) }
    given.formUnion(try settings.apply(flags: flags))
    settings.complete(given: given)
    try settings.validate()
    return settings
  }

  /// Reads a YAML or JSON file. Relative paths in it mean the current directory. A null value leaves
  /// the default.
  /// - Returns: the names of the settings that it sets.
  @discardableResult
  public mutating func apply(file: String) throws -> Set<String> {
    try apply(YAMLReader.read(file))
  }

  /// Reads YAML text; `file` is its name in messages.
  @discardableResult
  public mutating func apply(yaml: String, file: String = "config") throws -> Set<String> {
    try apply(YAMLReader.parse(yaml, file: file))
  }

  /// Reads settings that were parsed already.
  @discardableResult
  package mutating func apply(_ root: ConfigurationValue) throws -> Set<String> {
    if root.isNull { return [] }
    guard case .mapping(let pairs) = root.content else {
      throw ConfigurationError.file(
        "\(root.location): expected settings, one 'name: value' a line")
    }
    var given: [String: String] = [:]
    for (key, value) in pairs {
      let option = try Self.option(key, location: value.location)
      if let before = given[option.name] {
        throw ConfigurationError.conflict(
          "\(value.location): '\(key)' and '\(before)' are the same setting; keep one")
      }
      given[option.name] = key
      if !value.isNull { try option.set(&self, value) }
    }
    return Set(given.keys)
  }

  /// Consumes `--name value`, `--name=value` and `--boolean`; names in kebab or snake case. A later
  /// flag wins over an earlier one.
  /// - Returns: the names of the settings that they set.
  @discardableResult
  public mutating func apply(flags: [String]) throws -> Set<String> {
    var given: Set<String> = []
    var index = 0
    while index < flags.count {
      let flag = flags[index]
      index += 1
      guard flag.hasPrefix("--"), flag.count > 2 else {
        throw ConfigurationError.argument(
          "unexpected argument '\(flag)'; expected --name value (see --help)")
      }
      var name = String(flag.dropFirst(2))
      var value: String?
      if let equals = name.firstIndex(of: "=") {
        value = String(name[name.index(after: equals)...])
        name = String(name[..<equals])
      }
      if value == nil, canonicalKey(name).hasPrefix("no_"),
        let negated = Self.find(String(canonicalKey(name).dropFirst(3))),
        case .boolean = negated.arity, Self.find(name) == nil
      {
        try negated.set(&self, ConfigurationValue(flag: "false", key: negated.name))
        given.insert(negated.name)
        continue
      }
      let option = try Self.option(name, location: "--\(name)")
      if value == nil { value = Self.following(flags, &index, option.arity) }
      guard let value else {
        throw ConfigurationError.argument(
          "--\(name): expected a value after it, \(option.placeholder)")
      }
      try option.set(&self, ConfigurationValue(flag: value, key: name))
      given.insert(option.name)
    }
    return given
  }

  /// The value that belongs to a flag without '='; nil where one must follow and none does.
  private static func following(
    _ flags: [String], _ index: inout Int, _ arity: FlagArity
  ) -> String? {
    let next = index < flags.count ? flags[index] : nil
    switch arity {
    case .value:
      guard let next, !next.hasPrefix("--") else { return nil }
      index += 1
      return next
    case .boolean:
      guard let next, ["true", "false", "yes", "no", "on", "off", "0", "1"].contains(next) else {
        return "true"
      }
      index += 1
      return next
    case .optionalValue:
      guard let next, !next.hasPrefix("--") else { return "true" }
      index += 1
      return next
    }
  }

  private static func find(_ key: String) -> SettingOption<Self>? {
    let name = canonicalKey(key)
    return options.first { $0.name == name || $0.aliases.contains(name) }
  }

  private static func option(_ key: String, location: String) throws -> SettingOption<Self> {
    if let option = find(key) { return option }
    if let text = unsupported[canonicalKey(key)] {
      throw ConfigurationError.unsupported(key: key, location: location, text)
    }
    let known = options.map(\.name)
    let names = known + options.flatMap(\.aliases)
    throw ConfigurationError.unknown(
      key: key, location: location, suggestion: closestName(to: key, among: names), known: known)
  }
}
