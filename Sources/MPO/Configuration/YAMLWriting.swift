extension ConfigurableSettings {
  /// The settings that are not the defaults as a YAML file that `--config` reads back.
  /// - Parameter replacing: YAML to write for a setting instead of its value: a judge, say, is
  ///   given by the file that holds it.
  public func yamlText(replacing: [String: String] = [:]) -> String {
    let defaults = Self().resolvedSettings()
    let lines = zip(resolvedSettings(), defaults).compactMap { setting, standard -> String? in
      if let text = replacing[setting.name] { return "\(setting.name): \(text)\n" }
      guard setting.value != standard.value else { return nil }
      return "\(setting.name): \(yamlScalar(setting.value))\n"
    }
    return lines.joined()
  }
}

/// Numbers, truth values and a mapping in braces as they are, other text quoted (JSON's strings are
/// YAML's).
private func yamlScalar(_ text: String) -> String {
  let plain = Double(text) != nil || ["true", "false"].contains(text) || text.hasPrefix("{")
  return plain ? text : jsonString(text)
}
