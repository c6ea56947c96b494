// An `http` judge from a configuration: every key is checked where it stands.

extension HTTPJudgeSettings {
  private static let keys = [
    "type", "url", "model", "api_key_env", "template", "system", "answers", "on_unparsable",
    "temperature", "max_tokens", "extra", "timeout", "concurrency", "retries", "retry_wait",
    "max_wait", "seed", "max_questions", "cache",
  ]

  /// - Throws: `ConfigurationError`, `PreferenceError.rules`.
  init(configuration value: ConfigurationValue) throws {
    if case .mapping(let pairs) = value.content,
      let key = pairs.first(where: { canonicalKey($0.key) == "api_key" })?.value
    {
      throw ConfigurationError.unsupported(
        key: key.key, location: key.location,
        "keys are not kept in configurations; put it into an environment variable and name that, "
          + "'api_key_env'")
    }
    let entries = try value.mapping(known: Self.keys)
    func text(_ key: String) throws -> String {
      guard let entry = entries[key] else {
        throw ConfigurationError.missing(
          key: "\(value.key).\(key)", "expected it in the mapping at \(value.location)")
      }
      let text = try entry.string()
      guard !text.isEmpty else { throw entry.mismatch("text that is not empty") }
      return text
    }
    func optional(_ key: String) throws -> String? {
      entries[key] == nil ? nil : try text(key)
    }
    func number(
      _ key: String, _ current: Double, _ expected: String, _ holds: (Double) -> Bool
    ) throws -> Double {
      guard let entry = entries[key] else { return current }
      let number = try entry.double(expected)
      guard holds(number) else { throw entry.mismatch(expected) }
      return number
    }
    func count(_ key: String, _ current: Int, atLeast least: Int, atMost most: Int = .max) throws
      -> Int
    {
      guard let entry = entries[key] else { return current }
      let expected =
        "a whole number of at least \(least)" + (most < .max ? " and at most \(most)" : "")
      let number = try entry.int(expected)
      guard number >= least, number <= most else { throw entry.mismatch(expected) }
      return number
    }
    try self.init(url: text("url"), model: text("model"))
    keyVariable = try optional("api_key_env")
    template = try optional("template") ?? template
    system = try optional("system")
    if let entry = entries["answers"] { answers = try Self.answers(entry) }
    if let entry = entries["on_unparsable"] {
      switch try entry.string() {
      case "error": unparsableIsTie = false
      case "tie": unparsableIsTie = true
      default: throw entry.mismatch("error or tie")
      }
    }
    let longest = CommandJudge.longestTimeout
    let seconds = "a number of seconds above 0 and at most \(Int(longest))"
    timeout = try number("timeout", timeout, seconds) { $0 > 0 && $0 <= longest }
    retry.wait = try number("retry_wait", retry.wait, seconds) { $0 > 0 && $0 <= longest }
    retry.maxWait = try number("max_wait", retry.maxWait, seconds) { $0 > 0 && $0 <= longest }
    temperature = try number("temperature", temperature, "a number of at least 0") { $0 >= 0 }
    maxTokens = try count("max_tokens", maxTokens, atLeast: 0)
    concurrency = try count("concurrency", concurrency, atLeast: 1, atMost: 1024)
    retry.retries = try count("retries", retry.retries, atLeast: 0)
    retry.seed = UInt64(try count("seed", 0, atLeast: 0))
    maxQuestions = try count("max_questions", maxQuestions, atLeast: 1)
    cache = try optional("cache")
    if let entry = entries["extra"] {
      guard case .mapping(let pairs) = entry.content else {
        throw entry.mismatch("a mapping of further keys of the request")
      }
      for (key, value) in pairs { extra[key] = value.jsonText() }
    }
    try validate()
  }

  private static func answers(_ value: ConfigurationValue) throws -> VerdictFormat {
    let expected = "a list of two or three answers: the first is better, the second is, a tie"
    let texts = try value.list(expected).map { try $0.string(expected) }
    guard texts.count == 2 || texts.count == 3 else { throw value.mismatch(expected) }
    return try VerdictFormat(
      first: texts[0], second: texts[1], tie: texts.count == 3 ? texts[2] : nil)
  }
}
