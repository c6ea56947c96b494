import MPOModel

/// `settings.json` in a run's folder: the resolved settings, written before the first step, so that a
/// run without a checkpoint can be told apart from others. `{"settings": {"seed": "0", ...}}`
enum RunDescription {
  static let fileName = "settings.json"

  /// - Throws: `ModelError.file`.
  static func write(_ settings: [(name: String, value: String)], to folder: String) throws {
    let members = settings.map { JSONObject.Member(name: $0.name, value: .string($0.value)) }
    let object = JSONObject([.init(name: "settings", value: .object(JSONObject(members)))])
    try AtomicFile.write(
      JSONValue.object(object).serialized() + "\n", to: "\(folder)/\(fileName)")
  }
}
