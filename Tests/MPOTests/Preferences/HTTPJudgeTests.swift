import Foundation
import MPO
import Synchronization
import TestSupport
import Testing

/// A well-behaved endpoint; the other kinds are in HTTPJudgeFaultTests.
@Suite struct HTTPJudgeTests {
  static func settings(_ url: String) throws -> HTTPJudgeSettings {
    var settings = try HTTPJudgeSettings(url: url, model: "m")
    settings.template = "{prompt}|{response_a}|{response_b}"
    settings.retry.wait = 0.01
    settings.retry.retries = 2
    settings.timeout = 20
    return settings
  }

  static func judge(
    _ server: ChatServer, _ change: (inout HTTPJudgeSettings) -> Void = { _ in },
    stop: @escaping () -> Bool = { false }
  ) throws -> HTTPJudge {
    var settings = try settings(server.url)
    change(&settings)
    return try HTTPJudge(settings, environment: ["KEY": "sk-secret"], stopRequested: stop)
  }

  /// Prefers the longer response.
  static let longer: @Sendable (ChatServer.Request) -> ChatServer.Answer = { request in
    let (a, b) = (request.parts[1].count, request.parts[2].count)
    return .says(a > b ? "A" : (b > a ? "B" : "tie"))
  }

  @Test func asksBothOrdersOfEveryPair() throws {
    let server = try ChatServer(Self.longer)
    defer { server.stop() }
    let judge = try Self.judge(server)
    let table = try judge.preferences(
      prompts: ["p", "q"], responses: [["a", "bb", "c"], ["xx", "y", "zzz"]])
    #expect(table.values[..<9] == [0.5, 0, 0.5, 1, 0.5, 1, 0.5, 0, 0.5])
    #expect(table.values[9...] == [0.5, 1, 0, 0, 0.5, 0, 1, 1, 0.5])
    let asked = Set(server.requests.map { $0.parts })
    #expect(server.requests.count == 12)
    #expect(asked.contains(["p", "a", "bb"]) && asked.contains(["p", "bb", "a"]))
    #expect(server.requests.allSatisfy { $0.path == "/v1/chat/completions" })
    #expect(judge.statistics.pairs == 6)
    #expect(judge.statistics.consistent == 6)
    #expect(judge.statistics.asked == 12)
    #expect(judge.overlapsGeneration)
  }

  @Test func aJudgeThatAlwaysSaysFirstIsTorn() throws {
    let server = try ChatServer { _ in .says("A") }
    defer { server.stop() }
    let judge = try Self.judge(server)
    let table = try judge.preferences(prompts: ["p"], responses: [["a", "b", "c"]])
    #expect(table.values.allSatisfy { $0 == 0.5 })
    #expect(judge.statistics.consistent == 0)
  }

  @Test func equalTextsTieAndEqualQuestionsAreAskedOnce() throws {
    let server = try ChatServer(Self.longer)
    defer { server.stop() }
    let judge = try Self.judge(server)
    let table = try judge.preferences(
      prompts: ["p", "p"], responses: [["a", "bb", "a"], ["bb", "a", "bb"]])
    #expect(server.requests.count == 2)
    #expect(table[0, 0, 2] == 0.5)
    #expect(table[0, 1, 2] == 1)
    #expect(table[1, 0, 1] == 1)
    #expect(table[1, 1, 2] == 0)
  }

  @Test func comparesTwoPlayersWithoutAskingWithinThem() throws {
    let server = try ChatServer(Self.longer)
    defer { server.stop() }
    let table = try Self.judge(server).compare(
      prompts: ["p"], first: [["a", "bbb"]], second: [["cc", "a", "dddd"]])
    #expect(table.values == [0, 0.5, 0, 1, 1, 0])
    #expect(server.requests.count == 10)
  }

  @Test func sendsWhatIsDocumented() throws {
    let server = try ChatServer { _ in .says("thinking ...\n\n  b \n") }
    defer { server.stop() }
    let judge = try Self.judge(server) {
      $0.keyVariable = "KEY"
      $0.system = "You \"judge\"."
      $0.temperature = 0.5
      $0.maxTokens = 7
      $0.extra = ["top_p": "0.9", "stop": "[\"x\"]"]
      $0.url += "/chat/completions"
    }
    _ = try judge.preferences(prompts: ["p\n{response_b}"], responses: [["\u{E9}\"", "{prompt}"]])
    let request = try #require(server.requests.first { $0.parts[1] == "\u{E9}\"" })
    #expect(request.parts == ["p\n{response_b}", "\u{E9}\"", "{prompt}"])
    #expect(request.path == "/v1/chat/completions")
    #expect(request.headers["authorization"] == "Bearer sk-secret")
    #expect(request.headers["content-type"] == "application/json")
    #expect(request.json["model"] as? String == "m")
    #expect(request.json["temperature"] as? Double == 0.5)
    #expect(request.json["max_tokens"] as? Int == 7)
    #expect(request.json["top_p"] as? Double == 0.9)
    #expect(request.json["stop"] as? [String] == ["x"])
    let messages = request.json["messages"] as? [[String: String]]
    #expect(messages?.map { $0["role"] } == ["system", "user"])
    #expect(messages?.first?["content"] == "You \"judge\".")
  }

  @Test func asksNoMoreAtATimeThanAllowed() throws {
    let server = try ChatServer { _ in
      Thread.sleep(forTimeInterval: 0.02)
      return .says("tie")
    }
    defer { server.stop() }
    let judge = try Self.judge(server) { $0.concurrency = 3 }
    _ = try judge.preferences(prompts: ["p"], responses: [["a", "b", "c", "d", "e"]])
    #expect(server.requests.count == 20)
    #expect(server.mostAtOnce <= 3)
    #expect(server.mostAtOnce >= 2)
  }

  @Test func tooManyQuestionsAreAnError() throws {
    let server = try ChatServer(Self.longer)
    defer { server.stop() }
    let judge = try Self.judge(server) { $0.maxQuestions = 5 }
    let error = #expect(throws: PreferenceError.self) {
      try judge.preferences(prompts: ["p"], responses: [["a", "b", "c"]])
    }
    guard case .tooManyQuestions(_, 3, 6, 5) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(server.requests.isEmpty)
    // The limit is one of a prompt, so it does not depend on how prompts are grouped.
    _ = try judge.preferences(
      prompts: ["p", "q", "r", "s"], responses: Array(repeating: ["a", "b"], count: 4))
    #expect(server.requests.count == 8)
  }

  @Test func keptAnswersAreNotAskedForAgain() throws {
    let folder = try TemporaryFolder()
    let server = try ChatServer(Self.longer)
    defer { server.stop() }
    let other = try ChatServer(Self.longer)
    defer { other.stop() }
    func ask(_ server: ChatServer, _ change: (inout HTTPJudgeSettings) -> Void = { _ in }) throws {
      let judge = try Self.judge(server) {
        $0.cache = folder.file("kept")
        change(&$0)
      }
      let table = try judge.preferences(prompts: ["p"], responses: [["a", "bb"]])
      #expect(table[0, 0, 1] == 0)
    }
    try ask(server)
    #expect(server.requests.count == 2)
    try ask(server)
    try ask(other)
    #expect(server.requests.count == 2)
    #expect(other.requests.isEmpty)
    // Another model, temperature or template is another question.
    try ask(server) { $0.model = "other" }
    try ask(server) { $0.temperature = 1 }
    try ask(server) { $0.template = "?" + $0.template }
    #expect(server.requests.count == 8)
    // A damaged entry is asked for again and repaired.
    let files = try #require(
      FileManager.default.enumerator(atPath: folder.file("kept"))?.compactMap { $0 as? String })
    let entries = files.filter { $0.count == 65 }
    #expect(entries.count == 8)
    for entry in entries { try folder.write("magnetic-judge 1 0\nA", "kept/\(entry)") }
    try ask(server)
    #expect(server.requests.count == 10)
    try ask(server)
    #expect(server.requests.count == 10)
  }

  @Test(arguments: [
    ("ftp://host/v1", "like http"), ("localhost", "like http"), ("http://", "like http"),
    ("http://me:pw@host/v1", "api_key_env"),
  ])
  func refusesUrls(_ url: String, _ text: String) throws {
    let settings = try HTTPJudgeSettings(url: url, model: "m")
    let error = #expect(throws: PreferenceError.self) { try HTTPJudge(settings) }
    #expect(error?.description.contains(text) == true)
  }

  @Test func theKeyMustBeThere() throws {
    var settings = try Self.settings("http://127.0.0.1:1/v1")
    settings.keyVariable = "KEY"
    for environment in [[:], ["KEY": " \n"], ["KEY": "a b"], ["KEY": "a\nX: y"]] {
      let error = #expect(throws: PreferenceError.self) {
        try HTTPJudge(settings, environment: environment)
      }
      guard case .apiKey("KEY", _) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
    #expect(!settings.summary.contains("sk-"))
    #expect(settings.summary.contains("key in KEY"))
  }
}
