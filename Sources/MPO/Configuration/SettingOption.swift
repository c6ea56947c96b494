/// What follows a flag.
public enum FlagArity: Sendable {
  /// A value must follow.
  case value
  /// True or false may follow; alone it is true; `--no-name` is false.
  case boolean
  /// A value may follow; alone it is "true".
  case optionalValue
}

/// One setting: its names, its help, and how it is read into and printed from `Settings`. The same
/// table serves the YAML file, the flags, the help text and the list printed before step 0.
public struct SettingOption<Settings>: Sendable {
  /// TRL's name where it has one, in snake case.
  public let name: String
  public let aliases: [String]
  public let arity: FlagArity
  /// For help: `N`, `FILE`, `token|sequence`.
  public let placeholder: String
  public let help: String
  let set: @Sendable (inout Settings, ConfigurationValue) throws -> Void
  let get: @Sendable (Settings) -> String

  public init(
    _ name: String, aliases: [String] = [], arity: FlagArity = .value, placeholder: String,
    help: String, get: @escaping @Sendable (Settings) -> String,
    set: @escaping @Sendable (inout Settings, ConfigurationValue) throws -> Void
  ) {
    self.name = name
    self.aliases = aliases
    self.arity = arity
    self.placeholder = placeholder
    self.help = help
    self.get = get
    self.set = set
  }

  /// A whole number from `atLeast` to `atMost`; the default keeps products of two in range.
  public static func int(
    _ name: String, _ path: WritableKeyPath<Settings, Int> & Sendable, aliases: [String] = [],
    atLeast: Int, atMost: Int = 1_000_000_000, _ help: String
  ) -> SettingOption {
    SettingOption(
      name, aliases: aliases, placeholder: "N", help: help, get: { String($0[keyPath: path]) },
      set: {
        let expected = "a whole number of at least \(atLeast)"
        let value = try $1.int(expected)
        guard value >= atLeast else { throw $1.mismatch(expected) }
        guard value <= atMost else { throw $1.mismatch("a whole number of at most \(atMost)") }
        $0[keyPath: path] = value
      })
  }

  /// A finite number in the range that the bounds leave: `atLeast <= x`, `above < x`, `x <= atMost`,
  /// `x < below`.
  public static func double(
    _ name: String, _ path: WritableKeyPath<Settings, Double> & Sendable, aliases: [String] = [],
    atLeast: Double? = nil, above: Double? = nil, atMost: Double? = nil, below: Double? = nil,
    _ help: String
  ) -> SettingOption {
    let bounds = [
      atLeast.map { "at least \(shortNumber($0))" }, above.map { "above \(shortNumber($0))" },
      atMost.map { "at most \(shortNumber($0))" }, below.map { "below \(shortNumber($0))" },
    ].compactMap { $0 }.joined(separator: " and ")
    let expected = bounds.isEmpty ? "a number" : "a number \(bounds)"
    return SettingOption(
      name, aliases: aliases, placeholder: "X", help: help,
      get: { shortNumber($0[keyPath: path]) },
      set: {
        let value = try $1.double(expected)
        let inside =
          atLeast.map { value >= $0 } ?? true && above.map { value > $0 } ?? true
          && atMost.map { value <= $0 } ?? true && below.map { value < $0 } ?? true
        guard inside else { throw $1.mismatch(expected) }
        $0[keyPath: path] = value
      })
  }

  public static func bool(
    _ name: String, _ path: WritableKeyPath<Settings, Bool> & Sendable, aliases: [String] = [],
    _ help: String
  ) -> SettingOption {
    SettingOption(
      name, aliases: aliases, arity: .boolean, placeholder: "", help: help,
      get: { String($0[keyPath: path]) }, set: { $0[keyPath: path] = try $1.bool() })
  }

  public static func string(
    _ name: String, _ path: WritableKeyPath<Settings, String> & Sendable, aliases: [String] = [],
    placeholder: String = "TEXT", _ help: String
  ) -> SettingOption {
    SettingOption(
      name, aliases: aliases, placeholder: placeholder, help: help,
      get: { $0[keyPath: path].isEmpty ? "-" : $0[keyPath: path] },
      set: {
        let value = try $1.string()
        guard !value.isEmpty else { throw $1.mismatch("text that is not empty") }
        $0[keyPath: path] = value
      })
  }

  /// One of the raw values of an enumeration.
  public static func choice<Choice>(
    _ name: String, _ path: WritableKeyPath<Settings, Choice> & Sendable, aliases: [String] = [],
    _ help: String
  ) -> SettingOption
  where Choice: RawRepresentable<String> & CaseIterable & Sendable {
    let names = Choice.allCases.map(\.rawValue)
    return SettingOption(
      name, aliases: aliases, placeholder: names.joined(separator: "|"), help: help,
      get: { $0[keyPath: path].rawValue },
      set: {
        let expected = "one of \(names.joined(separator: ", "))"
        guard let value = Choice(rawValue: try $1.string(expected).lowercased()) else {
          throw $1.mismatch(expected)
        }
        $0[keyPath: path] = value
      })
  }

  /// The same option of a struct that holds `Settings` at `path`.
  public func lifted<Parent>(
    to path: WritableKeyPath<Parent, Settings> & Sendable
  ) -> SettingOption<Parent> {
    let read = self.get
    let write = self.set
    let lifted: SettingOption<Parent> = .init(
      name, aliases: aliases, arity: arity, placeholder: placeholder, help: help,
      get: { read($0[keyPath: path]) }, set: { try write(&$0[keyPath: path], $1) })
    return lifted
  }
}
