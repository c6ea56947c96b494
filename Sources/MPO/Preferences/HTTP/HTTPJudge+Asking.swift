import Foundation

// One loop on the caller's thread: start what may start, wait for news, look at clocks and signals.

extension HTTPJudge {
  private struct Attempt {
    /// Index into the questions.
    var question: Int
    /// 0 for the first try.
    var number: Int
    /// When it may start; when it has started, when it is given up.
    var time: ContinuousClock.Instant
  }

  private struct Course {
    var later: [Attempt] = []
    var running: [Int: Attempt] = [:]
    /// Until when nothing is sent, because a server said so.
    var pause = ContinuousClock.now
    var verdicts: [Double?]
    var open: Int
  }

  /// Seconds between looks for signals.
  private static let tick = 0.05

  /// The verdict of each question, 1 for its first response, from the cache or the endpoint.
  /// - Throws: `PreferenceError.http` of the first question that failed for good, `.interrupted`,
  ///   `.cache`. What is still running is then cancelled.
  func ask(_ questions: [QuestionList.Question]) throws -> [Double] {
    let bodies = questions.map {
      settings.body(template.filled(prompt: $0.text, first: $0.first, second: $0.second))
    }
    let keys = cache == nil ? [] : bodies.map { JudgeCache.key(["chat", $0]) }
    var course = Course(verdicts: keys.map(kept), open: 0)
    if cache == nil { course.verdicts = Array(repeating: nil, count: questions.count) }
    let fresh = course.verdicts.indices.filter { course.verdicts[$0] == nil }
    statistics.cached += questions.count - fresh.count
    course.open = fresh.count
    var next = 0
    defer {
      for id in course.running.keys { client.cancel(id) }
      questionsBefore += questions.count
    }
    while course.open > 0 {
      guard !stopRequested() else { throw PreferenceError.interrupted(source: name) }
      let now = ContinuousClock.now
      while now >= course.pause, course.running.count < settings.concurrency {
        let attempt: Attempt
        if let due = course.later.firstIndex(where: { $0.time <= now }) {
          attempt = course.later.remove(at: due)
        } else if next < fresh.count {
          attempt = Attempt(question: fresh[next], number: 0, time: now)
          next += 1
        } else {
          break
        }
        start(attempt, [UInt8](bodies[attempt.question].utf8), &course)
      }
      for ended in client.wait(seconds: patience(course)) {
        guard let attempt = course.running.removeValue(forKey: ended.id) else { continue }
        do {
          let (reply, verdict) = try self.verdict(ended.result)
          try cache?.keep([UInt8](reply.utf8), for: keys[attempt.question])
          course.verdicts[attempt.question] = verdict
          course.open -= 1
        } catch let failure as HTTPFailure {
          try again(attempt, failure, ended.result, questions[attempt.question].prompt, &course)
        }
      }
      let late = course.running.filter { $0.value.time <= .now }
      for (id, attempt) in late {
        course.running[id] = nil
        client.cancel(id)
        try again(
          attempt, .timeout(seconds: settings.timeout), nil, questions[attempt.question].prompt,
          &course)
      }
    }
    return course.verdicts.map { $0 ?? 0.5 }
  }

  private func kept(_ key: String) -> Double? {
    cache?.answer(key).flatMap {
      settings.answers.verdict(in: String(decoding: $0, as: UTF8.self))
    }
  }

  private func start(_ attempt: Attempt, _ body: [UInt8], _ course: inout Course) {
    var attempt = attempt
    attempt.time = .now + .seconds(settings.timeout)
    statistics.asked += 1
    if attempt.number > 0 { statistics.retried += 1 }
    course.running[client.start(body)] = attempt
  }

  /// Seconds until a deadline, a retry or the next look for signals.
  private func patience(_ course: Course) -> Double {
    let now = ContinuousClock.now
    let times = course.running.values.map(\.time) + course.later.map { max($0.time, course.pause) }
    let first = times.min().map { now.duration(to: $0) / .seconds(1) } ?? Self.tick
    return min(Self.tick, max(first, 0.001))
  }

  /// Plans the next try of a question, or ends with its failure.
  private func again(
    _ attempt: Attempt, _ failure: HTTPFailure, _ result: Result<HTTPClient.Reply, HTTPFailure>?,
    _ prompt: Int, _ course: inout Course
  ) throws {
    func give(_ failure: HTTPFailure) -> PreferenceError {
      .http(url: settings.url, prompt: prompt, tries: attempt.number + 1, failure)
    }
    guard failure.isPassing, attempt.number < settings.retry.retries else {
      guard failure.isUnparsable, settings.unparsableIsTie else { throw give(failure) }
      course.verdicts[attempt.question] = 0.5
      course.open -= 1
      statistics.unparsable += 1
      return
    }
    var wait = settings.retry.delay(
      question: questionsBefore + attempt.question, attempt: attempt.number)
    if case .success(let reply) = result,
      let asked = RetryPolicy.seconds(retryAfter: reply.retryAfter)
    {
      guard asked <= settings.retry.maxWait else {
        throw give(.wait(seconds: asked, limit: settings.retry.maxWait))
      }
      wait = max(wait, asked)
      course.pause = max(course.pause, .now + .seconds(asked))
    }
    course.later.append(
      Attempt(
        question: attempt.question, number: attempt.number + 1, time: .now + .seconds(wait)))
  }

  /// The completion and its verdict.
  /// - Throws: `HTTPFailure`.
  private func verdict(
    _ result: Result<HTTPClient.Reply, HTTPFailure>
  ) throws -> (reply: String, verdict: Double) {
    let reply = try result.get()
    let text = redacted(String(decoding: reply.body.prefix(2000), as: UTF8.self))
    switch reply.status {
    case 200..<300: break
    case 300..<400:
      throw HTTPFailure.redirect(reply.status, to: redacted(reply.location ?? "nowhere"))
    default: throw HTTPFailure.status(reply.status, body: text, advice: advice(reply.status))
    }
    let completion: String
    do {
      completion = try ChatAnswer.completion(reply.body)
    } catch HTTPFailure.answer(let expected, _) {
      throw HTTPFailure.answer(expected, body: text)
    } catch HTTPFailure.cut(let reply) {
      throw HTTPFailure.cut(reply: redacted(reply))
    }
    guard let verdict = settings.answers.verdict(in: completion) else {
      throw HTTPFailure.verdict(expected: settings.answers.text, reply: redacted(completion))
    }
    return (completion, verdict)
  }

  /// What a user can do about a status.
  private func advice(_ status: Int) -> String {
    switch status {
    case 401, 403:
      guard let variable = settings.keyVariable else {
        return "the endpoint wants a key: name the environment variable that holds it, "
          + "'api_key_env'"
      }
      return "the endpoint does not accept the key in the environment variable '\(variable)'"
    case 404:
      return "see that 'url' ends where the server's API does (/v1), and that it has 'model'"
    case 400, 413, 422:
      return "the endpoint does not accept the question: see 'model', 'max_tokens' and 'extra'"
    case 429: return "lower 'concurrency', or raise 'retries' and 'max_wait'"
    default: return ""
    }
  }
}
