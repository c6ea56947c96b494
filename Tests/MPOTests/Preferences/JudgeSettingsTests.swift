import MPO
import Testing

@Suite struct JudgeSettingsTests {
  @Test func readsAnHTTPJudge() throws {
    let judge = try JudgeConfiguration(
      yaml: """
        judge:
          type: http
          url: https://judge.example/v1
          model: big
          api_key_env: JUDGE_KEY
          system: Be fair.
          template: "{prompt} {response_a} {response_b}"
          answers: ['[[A]]', '[[B]]', '[[C]]']
          on_unparsable: tie
          temperature: 0.2
          max_tokens: 0
          extra: {top_p: 0.9, stop: [x], user: 'me', n: 1}
          timeout: 5
          concurrency: 3
          retries: 1
          retry_wait: 0.1
          max_wait: 9
          seed: 4
          max_questions: 12
          cache: kept
        """)
    guard case .http(let settings) = judge else {
      Issue.record("\(judge)")
      return
    }
    var expected = try HTTPJudgeSettings(url: "https://judge.example/v1", model: "big")
    expected.keyVariable = "JUDGE_KEY"
    expected.system = "Be fair."
    expected.template = "{prompt} {response_a} {response_b}"
    expected.answers = try VerdictFormat(first: "[[A]]", second: "[[B]]", tie: "[[C]]")
    expected.unparsableIsTie = true
    expected.temperature = 0.2
    expected.maxTokens = 0
    expected.extra = ["top_p": "0.9", "stop": "[\"x\"]", "user": "\"me\"", "n": "1"]
    expected.timeout = 5
    expected.concurrency = 3
    expected.retry.retries = 1
    expected.retry.wait = 0.1
    expected.retry.maxWait = 9
    expected.retry.seed = 4
    expected.maxQuestions = 12
    expected.cache = "kept"
    #expect(settings == expected)
    #expect(judge.summary.hasPrefix("http big at https://judge.example/v1, 3 at a time"))
  }

  @Test func summariesNameWhatMatters() throws {
    let reward = try JudgeConfiguration(
      yaml: """
        type: reward
        functions:
          - {rule: length, target: 3}
          - {type: command, name: mine, command: [prog, x], cache: kept}
        reward_weights: [1, -2]
        """)
    #expect(
      reward.summary == """
        reward, temperature 1
          length, weight 1: length, target 3 words
          mine, weight -2: command 'prog x', timeout 60 s, rewards, temperature 1, cache kept
        """)
  }

  private static let http = "type: http, url: 'http://h/v1', model: m"

  @Test(arguments: [
    ("{type: http}", "'judge.url' is missing"),
    ("{type: http, url: 'http://h/v1'}", "'judge.model' is missing"),
    ("{type: http, url: '', model: m}", "not empty"),
    ("{type: http, url: h, model: m}", "like http"),
    ("{\(http), api_key: sk-1}", "'api_key_env'"),
    ("{\(http), concurency: 2}", "did you mean 'concurrency'"),
    ("{\(http), concurrency: 0}", "at least 1"), ("{\(http), concurrency: 5000}", "at most 1024"),
    ("{\(http), timeout: 0}", "above 0"), ("{\(http), retries: -1}", "at least 0"),
    ("{\(http), on_unparsable: guess}", "error or tie"),
    ("{\(http), answers: [A]}", "two or three"), ("{\(http), answers: [A, a]}", "same"),
    ("{\(http), template: 'which?'}", "{response_a}"), ("{\(http), extra: [1]}", "a mapping"),
    ("{\(http), extra: {model: x}}", "'model'"), ("{\(http), temperature: hot}", "a number"),
    ("{type: reward}", "functions' is missing"),
    ("{type: reward, functions: []}", "at least one reward function"),
    (
      "{type: reward, functions: [{type: panel, annotators: [{rule: length, target: 3}]}]}",
      "gives rewards"
    ),
    (
      "{type: reward, functions: [{type: command, command: a, returns: preferences}]}",
      "gives rewards"
    ),
    ("{type: reward, functions: [length]}", "'rule'"),
    ("{type: reward, functions: [{rule: length, target: 3, weight: 2}]}", "'reward_weights'"),
    ("{type: reward, functions: [{rule: length, target: 3}], reward_weights: [1, 2]}", "1 weights"),
    ("{type: reward, functions: [{rule: length, target: 3}], temperature: 0}", "above 0"),
    ("{type: reward, functions: [{rule: length, tarjet: 3}]}", "did you mean 'target'"),
    ("{type: reward, functions: [{type: command, comand: x}]}", "did you mean 'command'"),
    ("{type: command, command: a, returns: scores}", "preferences or rewards"),
    ("{type: command, command: a, returns: rewards, both_orders: true}", "both_orders"),
    ("{type: command, command: a, temperature: 2}", "returns: rewards"),
    ("{type: command, command: a, returns: rewards, temperature: -1}", "above 0"),
  ])
  func refuses(_ yaml: String, _ text: String) {
    let error = #expect(throws: ConfigurationError.self) {
      try JudgeConfiguration(yaml: yaml, file: "judge.yaml")
    }
    #expect(error?.description.contains(text) == true, "\(error?.description ?? "-")")
    #expect(error?.description.contains("judge.yaml:1") == true, "\(error?.description ?? "-")")
    #expect(error?.description.contains("sk-1") == false)
  }
}
