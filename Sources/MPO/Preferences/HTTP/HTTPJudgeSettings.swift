import Foundation

/// Settings of an `http` judge; the names in a configuration are those in quotes.
public struct HTTPJudgeSettings: Sendable, Equatable {
  /// "url", http or https, up to `/v1` or with `/chat/completions`.
  public var url: String
  /// "model", as the server knows it.
  public var model: String
  /// "api_key_env": the environment variable that holds the key, sent as `Authorization: Bearer`.
  public var keyVariable: String?
  /// "template" of the user's message.
  public var template = JudgeTemplate.standard
  /// "system": a message before it; nil = none.
  public var system: String?
  /// "answers": what a verdict looks like.
  public var answers: VerdictFormat
  /// "on_unparsable: tie": an answer that is still no verdict after all tries is a tie; else an error.
  public var unparsableIsTie = false
  /// "temperature" of the judge, >= 0.
  public var temperature = 0.0
  /// "max_tokens" of an answer; 0 leaves it to the server.
  public var maxTokens = 256
  /// "extra": further keys of the request, JSON by name.
  public var extra: [String: String] = [:]
  /// "timeout": seconds for one try, above 0.
  public var timeout = 60.0
  /// "concurrency": questions that are asked at a time, >= 1.
  public var concurrency = 8
  /// "retries", "retry_wait", "max_wait", "seed" (of the jitter).
  public var retry = RetryPolicy()
  /// "max_questions" about one prompt, K(K - 1); 1,000 allows K = 32.
  public var maxQuestions = 1000
  /// "cache": the folder of answers; nil = none.
  public var cache: String?

  /// - Throws: never in practice; the standard answers are well-formed.
  public init(url: String, model: String) throws {
    self.url = url
    self.model = model
    answers = try VerdictFormat()
  }

  /// - Throws: `PreferenceError.rules` naming the setting.
  public func validate() throws {
    _ = try endpoint()
    func require(_ holds: Bool, _ text: String) throws {
      guard holds else { throw PreferenceError.rules("http judge: expected \(text)") }
    }
    try require(!model.isEmpty, "'model', found an empty name")
    try require(keyVariable?.isEmpty != true, "'api_key_env' to name a variable")
    try require(
      timeout > 0 && timeout <= CommandJudge.longestTimeout,
      "'timeout' above 0 and at most \(Int(CommandJudge.longestTimeout)) seconds, found \(timeout)")
    try require(
      concurrency >= 1 && concurrency <= 1024,
      "'concurrency' of 1 to 1024, found \(concurrency)")
    try require(retry.retries >= 0, "'retries' of at least 0, found \(retry.retries)")
    try require(
      retry.wait > 0 && retry.wait.isFinite, "'retry_wait' above 0, found \(retry.wait)")
    try require(
      retry.maxWait > 0 && retry.maxWait <= CommandJudge.longestTimeout,
      "'max_wait' above 0 and at most \(Int(CommandJudge.longestTimeout)) seconds, found "
        + "\(retry.maxWait)")
    try require(maxQuestions >= 1, "'max_questions' of at least 1, found \(maxQuestions)")
    try require(maxTokens >= 0, "'max_tokens' of at least 0, found \(maxTokens)")
    try require(
      temperature >= 0 && temperature.isFinite, "'temperature' of at least 0, found \(temperature)")
    for name in ["model", "messages", "stream"] {
      try require(extra[name] == nil, "'extra' without '\(name)', which is set already")
    }
    _ = try JudgeTemplate(template)
  }

  /// The whole URL.
  /// - Throws: `PreferenceError.rules`.
  func endpoint() throws -> URL {
    let expected = "http judge: expected 'url' like http://localhost:8000/v1"
    guard var parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased(),
      ["http", "https"].contains(scheme), parts.host?.isEmpty == false
    else { throw PreferenceError.rules("\(expected), found \(quoted(url))") }
    guard parts.user == nil, parts.password == nil else {
      throw PreferenceError.rules("\(expected), without a user; a key belongs in 'api_key_env'")
    }
    if !parts.path.hasSuffix("/chat/completions") {
      while parts.path.hasSuffix("/") { parts.path.removeLast() }
      parts.path += "/chat/completions"
    }
    guard let whole = parts.url else {
      throw PreferenceError.rules("\(expected), found \(quoted(url))")
    }
    return whole
  }

  /// The key, empty where none is asked for.
  /// - Throws: `PreferenceError.apiKey`.
  func key(in environment: [String: String]) throws -> String {
    guard let keyVariable else { return "" }
    let key = environment[keyVariable]?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
    guard !key.isEmpty else {
      throw PreferenceError.apiKey(
        variable: keyVariable, "expected the key of the judge's endpoint, found nothing; set it")
    }
    guard key.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
      throw PreferenceError.apiKey(
        variable: keyVariable, "a key is one word of printable ASCII; this text is not")
    }
    return key
  }

  /// The request's body for one question, keys in order: the same question is the same text.
  func body(_ question: String) -> String {
    var messages = "[{\"role\": \"user\", \"content\": \(jsonString(question))}]"
    if let system {
      messages =
        "[{\"role\": \"system\", \"content\": \(jsonString(system))}, " + messages.dropFirst()
    }
    var entries = extra
    entries["model"] = jsonString(model)
    entries["messages"] = messages
    if entries["temperature"] == nil { entries["temperature"] = shortNumber(temperature) }
    if maxTokens > 0, entries["max_tokens"] == nil { entries["max_tokens"] = String(maxTokens) }
    return "{"
      + entries.sorted { $0.key < $1.key }.map { "\(jsonString($0.key)): \($0.value)" }
      .joined(separator: ", ") + "}"
  }

  /// For the list of resolved settings. The key itself is not known here.
  public var summary: String {
    var text = "http \(model) at \(url), \(concurrency) at a time"
    text += ", timeout \(shortNumber(timeout)) s, \(retry.retries) retries"
    text += unparsableIsTie ? ", unparsable is a tie" : ""
    text += keyVariable.map { ", key in \($0)" } ?? ""
    text += cache.map { ", cache \($0)" } ?? ""
    text += template == JudgeTemplate.standard ? "" : "\n  template \(quoted(template))"
    text += system.map { "\n  system \(quoted($0))" } ?? ""
    return text
  }
}
