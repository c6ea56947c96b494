import Foundation

/// `http`: a chat endpoint that speaks OpenAI's protocol (vLLM, llama.cpp, Ollama, hosted ones). Each
/// pair of responses is asked in both orders, against a judge's bias for a position:
/// `P(y > y') = (v(y, y') + 1 - v(y', y)) / 2`, where v is 1 for "the first", 0 for "the second" and
/// 1/2 for "tie". Equal texts tie without a question; an equal question is asked once a call.
///
/// Every pair is asked, K(K - 1) questions a prompt: preferences nobody gave are not made up, so a K
/// that is too large is an error (`max_questions`) and not a sample.
///
/// ```yaml
/// judge:
///   type: http
///   url: http://localhost:8000/v1   # /chat/completions is added unless it is there
///   model: my-judge
///   api_key_env: JUDGE_KEY          # the environment variable that holds the key; never stored
///   concurrency: 8                  # questions at a time
///   timeout: 60                     # seconds for one answer
///   cache: judge-cache              # keep answers in this folder
/// ```
///
/// Time-outs, closed connections, answers that are no chat completion or no verdict, and the statuses
/// 408, 425, 429 and 5xx are tried again (`RetryPolicy`); other statuses and redirects end the call.
/// Calls block their thread and look for signals every 50 ms.
public final class HTTPJudge: PreferenceSource {
  /// What was asked so far.
  public struct Statistics: Sendable, Equatable {
    /// Questions sent, retries among them.
    public var asked = 0
    public var retried = 0
    /// Questions answered from the cache.
    public var cached = 0
    /// Answers without a verdict that count as ties.
    public var unparsable = 0
    /// Pairs judged, and those in which both orders gave the same winner or a tie.
    public var pairs = 0
    public var consistent = 0
    public init() {}
  }

  /// Bytes of an answer that are read at most, 4 MiB.
  public static let longestAnswer = 4 << 20

  public let settings: HTTPJudgeSettings
  public internal(set) var statistics = Statistics()
  let template: JudgeTemplate
  let cache: JudgeCache?
  let client: HTTPClient
  let stopRequested: () -> Bool
  /// For `redacted`; empty without a key.
  private let key: String
  /// Numbers the questions of all calls, for the jitter.
  var questionsBefore = 0

  /// - Parameters:
  ///   - environment: where `api_key_env` is looked up.
  ///   - stopRequested: when true, a call that waits throws `PreferenceError.interrupted`.
  /// - Throws: `PreferenceError.rules`, `.apiKey`, `.cache`.
  public init(
    _ settings: HTTPJudgeSettings,
    environment: [String: String] = ProcessInfo.processInfo.environment,
    stopRequested: @escaping () -> Bool = { StopSignal.requested }
  ) throws {
    try settings.validate()
    self.settings = settings
    self.stopRequested = stopRequested
    template = try JudgeTemplate(settings.template)
    key = try settings.key(in: environment)
    cache = try settings.cache.map { try JudgeCache($0) }
    var headers = [("Content-Type", "application/json"), ("Accept", "application/json")]
    if !key.isEmpty { headers.append(("Authorization", "Bearer \(key)")) }
    client = HTTPClient(
      url: try settings.endpoint(), headers: headers, concurrency: settings.concurrency,
      backstop: settings.timeout + 5, longestBody: Self.longestAnswer)
  }

  deinit { client.close() }

  public var name: String { "http \(settings.model) at \(settings.url)" }
  public var overlapsGeneration: Bool { true }
  /// Counts since the start, and the share of pairs in which both orders agreed.
  public var metrics: [(name: String, value: Double)] {
    let s = statistics
    let counts = [
      ("asked", s.asked), ("retried", s.retried), ("cached", s.cached),
      ("unparsable", s.unparsable),
    ]
    return counts.map { (name: "judge/\($0.0)", value: Double($0.1)) }
      + (s.pairs == 0
        ? [] : [(name: "judge/consistency", value: Double(s.consistent) / Double(s.pairs))])
  }

  public func preferences(prompts: [String], responses: [[String]]) throws -> PreferenceTable {
    let k = try responseCount(prompts: prompts, responses: responses, source: name)
    try checkQuestions(pairs: k * (k - 1) / 2)
    let table = try judge(prompts) { n, pair in
      for i in 0..<k { for j in 0..<i { pair(responses[n][j], responses[n][i]) } }
    }
    var values = [Float](repeating: 0.5, count: prompts.count * k * k)
    var pairs = table.makeIterator()
    for n in prompts.indices {
      for i in 0..<k {
        for j in 0..<i {
          let p = pairs.next() ?? 0.5
          values[(n * k + j) * k + i] = p
          values[(n * k + i) * k + j] = 1 - p
        }
      }
    }
    return try PreferenceTable(
      prompts: prompts.count, responses: k, values: values, source: name)
  }

  public func compare(
    prompts: [String], first: [[String]], second: [[String]]
  ) throws -> ComparisonTable {
    let k = try responseCount(prompts: prompts, responses: first, source: name)
    let l = try responseCount(prompts: prompts, responses: second, source: name)
    try checkQuestions(pairs: k * l)
    let values = try judge(prompts) { n, pair in
      for a in first[n] { for b in second[n] { pair(a, b) } }
    }
    return try ComparisonTable(
      prompts: prompts.count, first: k, second: l, values: values, source: name)
  }

  /// Both orders of the pairs that `list` names for each prompt: P(first > second) of each.
  private func judge(
    _ prompts: [String], _ list: (Int, (String, String) -> Void) -> Void
  ) throws -> [Float] {
    var questions = QuestionList()
    var pairs: [(forth: Int, back: Int)?] = []
    for (n, prompt) in prompts.enumerated() {
      list(n) { a, b in
        pairs.append(
          a == b
            ? nil
            : (
              questions.add(prompt: n, text: prompt, a, b),
              questions.add(prompt: n, text: prompt, b, a)
            ))
      }
    }
    let verdicts = try ask(questions.questions)
    return pairs.map { pair in
      guard let pair else { return 0.5 }
      let (forth, back) = (verdicts[pair.forth], verdicts[pair.back])
      statistics.pairs += 1
      if forth + back == 1 { statistics.consistent += 1 }
      return Float((forth + 1 - back) / 2)
    }
  }

  private func checkQuestions(pairs: Int) throws {
    guard pairs * 2 <= settings.maxQuestions else {
      throw PreferenceError.tooManyQuestions(
        source: name, pairs: pairs, questions: pairs * 2, limit: settings.maxQuestions)
    }
  }

  /// `text` without the key, should a server repeat it.
  func redacted(_ text: String) -> String {
    key.isEmpty ? text : text.replacing(key, with: "[key]")
  }
}

/// Questions without repetitions.
struct QuestionList {
  struct Question: Hashable {
    /// The first prompt that asks it, for messages.
    var prompt: Int
    var text: String
    var first: String
    var second: String

    static func == (a: Question, b: Question) -> Bool {
      a.text == b.text && a.first == b.first && a.second == b.second
    }
    func hash(into hasher: inout Hasher) {
      hasher.combine(text)
      hasher.combine(first)
      hasher.combine(second)
    }
  }

  private(set) var questions: [Question] = []
  private var places: [Question: Int] = [:]

  /// The question's place in the list; a new one is appended.
  mutating func add(prompt: Int, text: String, _ first: String, _ second: String) -> Int {
    let question = Question(prompt: prompt, text: text, first: first, second: second)
    if let place = places[question] { return place }
    places[question] = questions.count
    questions.append(question)
    return questions.count - 1
  }
}
