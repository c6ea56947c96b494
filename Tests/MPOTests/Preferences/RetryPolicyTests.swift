import Foundation
import Testing

@testable import MPO

@Suite struct RetryPolicyTests {
  @Test func waitsDoubleUpToALimitWithJitter() {
    var policy = RetryPolicy()
    policy.wait = 1
    policy.maxWait = 10
    var seen = Set<Double>()
    for question in 0..<50 {
      for (attempt, longest) in [1.0, 2, 4, 8, 10, 10].enumerated() {
        let delay = policy.delay(question: question, attempt: attempt)
        #expect(delay >= longest / 2 && delay < longest)
        #expect(delay == policy.delay(question: question, attempt: attempt))
        seen.insert(delay / longest)
      }
    }
    #expect(seen.count > 290)
    #expect(policy.delay(question: 0, attempt: 100_000) < 10)
    var other = policy
    other.seed = 1
    #expect(other.delay(question: 0, attempt: 0) != policy.delay(question: 0, attempt: 0))
  }

  @Test func readsRetryAfter() {
    let now = Date(timeIntervalSince1970: 784_111_777)  // Sun, 06 Nov 1994 08:49:37 GMT
    #expect(RetryPolicy.seconds(retryAfter: " 120 ") == 120)
    #expect(RetryPolicy.seconds(retryAfter: "Sun, 06 Nov 1994 08:50:07 GMT", now: now) == 30)
    #expect(RetryPolicy.seconds(retryAfter: "Sun, 06 Nov 1994 08:00:00 GMT", now: now) == 0)
    for text in ["-1", "soon", "", "nan", "inf", "Sun, 06 Nov"] {
      #expect(RetryPolicy.seconds(retryAfter: text) == nil)
    }
    #expect(RetryPolicy.seconds(retryAfter: nil) == nil)
  }
}

@Suite struct ChatQuestionTests {
  @Test func verdictsAreTheLastLine() throws {
    let format = try VerdictFormat()
    for (text, verdict) in [
      ("A", 1.0), ("b", 0), (" tie\n", 0.5), ("Tie", 0.5), ("A is\nB", 0),
      ("why\r\n\r\nA\r\n\r\n", 1),
    ] { #expect(format.verdict(in: text) == verdict, "\(text)") }
    for text in ["A B", "A.", "**A**", "", "\n", "Verdict: A", "A\nbecause"] {
      #expect(format.verdict(in: text) == nil, "\(text)")
    }
    let own = try VerdictFormat(first: "[[A]]", second: "[[B]]", tie: nil)
    #expect(own.verdict(in: "x\n[[B]]") == 0)
    #expect(own.verdict(in: "A") == nil)
    #expect(own.verdict(in: "tie") == nil)
    #expect(throws: PreferenceError.self) { try VerdictFormat(first: "a", second: "A") }
    #expect(throws: PreferenceError.self) { try VerdictFormat(first: "", second: "A") }
    #expect(throws: PreferenceError.self) { try VerdictFormat(first: "a\nb", second: "A") }
  }

  @Test func templatesFillInTextsAsTheyAre() throws {
    let template = try JudgeTemplate("{x} {response_b}{response_a} {prompt}{prompt} {")
    #expect(
      template.filled(prompt: "{response_a}", first: "{prompt}", second: "b")
        == "{x} b{prompt} {response_a}{response_a} {")
    #expect(throws: PreferenceError.self) { try JudgeTemplate("{prompt} {response_a}") }
    _ = try JudgeTemplate(JudgeTemplate.standard)
  }
}
