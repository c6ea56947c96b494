// What a command prints of its settings: the list before step 0, and the help.

extension ConfigurableSettings {
  /// Every setting and its value as text, in the table's order; stored in a checkpoint.
  public func resolvedSettings() -> [(name: String, value: String)] {
    Self.options.map { ($0.name, $0.get(self)) }
  }

  /// `name  value`, aligned, one line for each setting that has an effect; a `*` marks what is not the
  /// default.
  public func resolvedLines() -> [String] {
    let defaults = Self().resolvedSettings()
    let width = defaults.map(\.name.count).max() ?? 0
    let idle = idleSettings
    return zip(resolvedSettings(), defaults).flatMap { setting, standard -> [String] in
      if idle.contains(setting.name) { return [] }
      let padding = String(repeating: " ", count: width - setting.name.count)
      let mark = setting.value == standard.value ? " " : "*"
      let lines = setting.value.split(separator: "\n", omittingEmptySubsequences: false)
      return lines.enumerated().map { row, line in
        row == 0
          ? "\(mark) \(setting.name)\(padding)  \(line)"
          : String(repeating: " ", count: width + 4) + line
      }
    }
  }

  /// The settings that differ from those of a checkpoint: `learning_rate: 1e-05 before, 0.0003 now`.
  public func differences(from stored: [String: String]) -> [String] {
    resolvedSettings().compactMap { name, value in
      guard let before = stored[name], before != value else { return nil }
      return "\(name): \(before) before, \(value) now"
    }
  }

  /// One paragraph for each flag, with its default.
  public static func helpText(width: Int = 74) -> String {
    var text = "  --config FILE\n      YAML or JSON file of these settings; flags win over it.\n"
    let defaults = Self().resolvedSettings()
    for (option, standard) in zip(options, defaults) {
      let flag = option.name.replacing("_", with: "-")
      let placeholder = option.placeholder.isEmpty ? "" : " \(option.placeholder)"
      text += "  --\(flag)\(placeholder)\n"
      var help = option.help
      if !option.aliases.isEmpty {
        help +=
          " Also: \(option.aliases.map { "--" + $0.replacing("_", with: "-") }.joined(separator: ", "))."
      }
      if standard.value != "-" { help += " Default: \(standard.value)." }
      for line in wrap(help, width: width - 6) { text += "      \(line)\n" }
    }
    return text
  }

  private static func wrap(_ text: String, width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, line.count + 1 + word.count > width {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return line.isEmpty ? lines : lines + [line]
  }
}
