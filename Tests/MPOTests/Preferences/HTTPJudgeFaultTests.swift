import Foundation
import MPO
import Synchronization
import TestSupport
import Testing

/// An endpoint that misbehaves. `number` is the order in which requests arrive.
@Suite struct HTTPJudgeFaultTests {
  /// The failure of one pair, the tries it took and the requests the server saw.
  static func failure(
    changing change: (inout HTTPJudgeSettings) -> Void,
    _ answer: @escaping @Sendable (ChatServer.Request) -> ChatServer.Answer
  ) throws -> (failure: HTTPFailure, tries: Int, requests: Int, text: String) {
    let server = try ChatServer(answer)
    defer { server.stop() }
    let judge = try HTTPJudgeTests.judge(server) {
      $0.concurrency = 1
      change(&$0)
    }
    let error = #expect(throws: PreferenceError.self) {
      try judge.preferences(prompts: ["p"], responses: [["a", "bb"]])
    }
    let found = try #require(error)
    guard case .http(server.url, 0, let tries, let failure) = found else { throw found }
    return (failure, tries, server.requests.count, found.description)
  }

  static func failure(
    _ answer: @escaping @Sendable (ChatServer.Request) -> ChatServer.Answer
  ) throws -> (failure: HTTPFailure, tries: Int, requests: Int, text: String) {
    try failure(changing: { _ in }, answer)
  }

  /// The first answers are bad, the later ones good: the table is as if nothing had happened.
  static func recovers(
    _ answer: ChatServer.Answer, after bad: Int = 2,
    _ change: (inout HTTPJudgeSettings) -> Void = { _ in }
  ) throws -> ChatServer {
    let server = try ChatServer { request in
      request.number < bad ? answer : HTTPJudgeTests.longer(request)
    }
    let judge = try HTTPJudgeTests.judge(server) {
      $0.retry.retries = 3
      change(&$0)
    }
    let table = try judge.preferences(prompts: ["p"], responses: [["a", "bb"]])
    #expect(table[0, 0, 1] == 0)
    #expect(server.requests.count == 2 + bad)
    #expect(judge.statistics.retried == bad)
    server.stop()
    return server
  }

  @Test func silenceTimesOut() throws {
    let start = ContinuousClock.now
    let found = try Self.failure(changing: { $0.timeout = 0.1 }, { _ in .silence })
    #expect(found.failure == .timeout(seconds: 0.1))
    #expect(found.tries == 3)
    // The other order takes its turns in between.
    #expect(found.requests == 5)
    #expect(start.duration(to: .now) < .seconds(5))
    _ = try Self.recovers(.silence) { $0.timeout = 0.5 }
  }

  @Test func lateAnswersAreNotTakenForOthers() throws {
    // The first answer comes after its time, while the retry is open, and says the opposite.
    let server = try ChatServer { request in
      if request.number == 0 {
        Thread.sleep(forTimeInterval: 0.6)
        return .says("A")
      }
      Thread.sleep(forTimeInterval: request.number == 1 ? 0.3 : 0)
      return HTTPJudgeTests.longer(request)
    }
    defer { server.stop() }
    let judge = try HTTPJudgeTests.judge(server) {
      $0.concurrency = 1
      $0.timeout = 0.5
    }
    let table = try judge.preferences(prompts: ["p"], responses: [["a", "bb"]])
    #expect(table[0, 0, 1] == 0)
  }

  @Test func closedConnectionsAreTriedAgain() throws {
    let found = try Self.failure { _ in .close }
    guard case .connection = found.failure else {
      Issue.record("\(found.text)")
      return
    }
    #expect(found.tries == 3)
    _ = try Self.recovers(.close)
  }

  @Test func refusedConnections() throws {
    // Port 1: one that was free a moment ago may be another test's by now.
    var settings = try HTTPJudgeTests.settings("http://127.0.0.1:1/v1")
    settings.retry.retries = 1
    let judge = try HTTPJudge(settings)
    let error = #expect(throws: PreferenceError.self) {
      try judge.preferences(prompts: ["p"], responses: [["a", "bb"]])
    }
    #expect(error?.description.contains("refused") == true, "\(error?.description ?? "-")")
    #expect(error?.description.contains("2 tries") == true)
  }

  @Test func truncatedBodies() throws {
    let short = ChatServer.Answer.bytes(
      "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"choices\": [{\"message\"")
    let found = try Self.failure { _ in short }
    guard case .connection = found.failure else {
      Issue.record("\(found.text)")
      return
    }
    _ = try Self.recovers(short)
    // Without a length it is the JSON that has no end.
    let open = ChatServer.Answer.bytes(
      "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"choices\": [{\"message\"")
    guard case .answer = try Self.failure({ _ in open }).failure else {
      Issue.record("not .answer")
      return
    }
    _ = try Self.recovers(open)
    _ = try Self.recovers(.bytes("garbage\r\n\r\n"))
  }

  @Test(arguments: [500, 502, 503, 408, 429])
  func passingStatusesAreTriedAgain(_ code: Int) throws {
    _ = try Self.recovers(.status(code, body: "overloaded"))
    let found = try Self.failure { _ in .status(code, body: "overloaded") }
    guard case .status(code, "overloaded", _) = found.failure else {
      Issue.record("\(found.text)")
      return
    }
    #expect(found.tries == 3)
  }

  @Test func retryAfterIsHonoured() throws {
    let server = try Self.recovers(.status(429, headers: ["Retry-After: 0.4"]), after: 1)
    // Nothing at all is sent meanwhile, the other question included, unless it was under way.
    let times = server.requests.map(\.time)
    let waited = times[0].duration(to: times[2])
    #expect(waited > .seconds(0.39))
    let found = try Self.failure { _ in .status(503, headers: ["Retry-After: 3600"]) }
    #expect(found.failure == .wait(seconds: 3600, limit: 60))
    #expect(found.requests == 1)
  }

  @Test(arguments: [400, 401, 403, 404, 422])
  func refusalsAreNotTriedAgain(_ code: Int) throws {
    let found = try Self.failure { _ in .status(code, body: "no") }
    #expect(found.requests == 1)
    #expect(found.tries == 1)
    #expect(found.text.contains("status \(code)"))
  }

  @Test func aKeyThatIsRefusedIsNeverShown() throws {
    let without = try Self.failure { _ in .status(401, headers: ["WWW-Authenticate: Bearer"]) }
    #expect(without.text.contains("'api_key_env'"))
    let with = try Self.failure(
      changing: { $0.keyVariable = "KEY" },
      { .status(401, body: "bad key \($0.headers["authorization"] ?? "")") })
    #expect(with.text.contains("'KEY'"))
    #expect(with.text.contains("bad key Bearer [key]"))
    #expect(!with.text.contains("secret"))
    let verdict = try Self.failure(
      changing: { $0.keyVariable = "KEY" }, { .says($0.headers["authorization"] ?? "") })
    #expect(!verdict.text.contains("secret"))
  }

  @Test(arguments: [
    ("<html>Bad gateway</html>", "expected the JSON"), ("{}", "'choices'"),
    ("{\"choices\": []}", "with a choice"), ("{\"choices\": [{}]}", "'message'"),
    ("{\"choices\": [{\"message\": {\"content\": null}}]}", "'content'"),
    ("{\"choices\": \"A\"}", "expected the JSON"), ("", "expected the JSON"),
    ("{\"choices\": [{\"message\": {\"content\": [\"A\"]}}]}", "expected the JSON"),
  ])
  func answersThatAreNoCompletion(_ body: String, _ text: String) throws {
    let found = try Self.failure { _ in .status(200, body: body) }
    guard case .answer = found.failure else {
      Issue.record("\(found.text)")
      return
    }
    #expect(found.tries == 3)
    #expect(found.text.contains(text), "\(found.text)")
    _ = try Self.recovers(.status(200, body: body))
  }

  @Test(arguments: ["maybe", "", "A or B", "A.", "B\nI think", "AB", "\u{391}"])
  func completionsThatAreNoVerdict(_ text: String) throws {
    let found = try Self.failure { _ in .says(text) }
    #expect(found.failure == .verdict(expected: "A, B or tie", reply: text))
    #expect(found.tries == 3)
    _ = try Self.recovers(.says(text))
    let server = try ChatServer { _ in .says(text) }
    defer { server.stop() }
    let judge = try HTTPJudgeTests.judge(server) {
      $0.unparsableIsTie = true
      $0.retry.retries = 1
    }
    #expect(try judge.preferences(prompts: ["p"], responses: [["a", "b"]])[0, 0, 1] == 0.5)
    #expect(judge.statistics.unparsable == 2)
    #expect(server.requests.count == 4)
  }

  @Test func aCompletionThatWasCutIsNoVerdict() throws {
    let found = try Self.failure { _ in .says("Both are good.\nA", finish: "length") }
    #expect(found.failure == .cut(reply: "Both are good.\nA"))
    #expect(found.text.contains("max_tokens"))
  }

  @Test func aBodyWithoutAnEndIsNotRead() throws {
    let start = ContinuousClock.now
    let server = try ChatServer { _ in .flood }
    defer { server.stop() }
    let judge = try HTTPJudgeTests.judge(server) { $0.concurrency = 1 }
    let error = #expect(throws: PreferenceError.self) {
      try judge.preferences(prompts: ["p"], responses: [["a", "bb"]])
    }
    #expect(
      error == .http(url: server.url, prompt: 0, tries: 1, .tooLong(limit: HTTPJudge.longestAnswer))
    )
    #expect(start.duration(to: .now) < .seconds(30))
    let long = try Self.failure { _ in
      .bytes("HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n {")
    }
    #expect(long.failure == .tooLong(limit: HTTPJudge.longestAnswer))
  }

  @Test func redirectsAreNotFollowed() throws {
    let target = try ChatServer(HTTPJudgeTests.longer)
    defer { target.stop() }
    let place = target.url + "/elsewhere"
    for code in [301, 302, 307, 308] {
      let found = try Self.failure(
        changing: { $0.keyVariable = "KEY" },
        { _ in .status(code, headers: ["Location: \(place)"]) })
      #expect(found.failure == .redirect(code, to: place))
      #expect(found.requests == 1)
    }
    #expect(target.requests.isEmpty)
  }

  @Test func aSignalEndsTheWaiting() throws {
    let server = try ChatServer { _ in .silence }
    defer { server.stop() }
    let start = ContinuousClock.now
    let judge = try HTTPJudgeTests.judge(server, stop: { start.duration(to: .now) > .seconds(0.2) })
    let error = #expect(throws: PreferenceError.self) {
      try judge.preferences(prompts: ["p"], responses: [["a", "bb"]])
    }
    #expect(error == .interrupted(source: judge.name))
    #expect(start.duration(to: .now) < .seconds(2))
  }

  @Test func theJudgeCanBeAskedAgainAfterAFailure() throws {
    let server = try ChatServer { request in
      request.number == 0 ? .status(400) : HTTPJudgeTests.longer(request)
    }
    defer { server.stop() }
    let judge = try HTTPJudgeTests.judge(server) { $0.concurrency = 1 }
    #expect(throws: PreferenceError.self) {
      try judge.preferences(prompts: ["p"], responses: [["a", "bb"]])
    }
    #expect(try judge.preferences(prompts: ["p"], responses: [["a", "bb"]])[0, 0, 1] == 0)
  }
}
