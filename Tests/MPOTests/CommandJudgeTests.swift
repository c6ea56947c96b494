import Foundation
import MPO
import Testing

/// Programs are shell and awk, which every system that runs the tests has.
@Suite struct CommandJudgeTests {
  static func judge(_ shell: String, timeout: Double = 20, both: Bool = false) throws
    -> CommandJudge
  {
    try CommandJudge(.init(shell: shell, timeout: timeout, bothOrders: both))
  }

  static func failure(_ shell: String, timeout: Double = 20) throws -> String {
    let judge = try judge(shell, timeout: timeout)
    let error = #expect(throws: PreferenceError.self) {
      try judge.preferences(prompts: ["p"], responses: [["a", "b"]])
    }
    return error?.description ?? ""
  }

  @Test func answersOneLineForEachPromptFromOneProcess() throws {
    let judge = try Self.judge(
      #"n=0; while read -r line; do n=$((n+1)); echo "{\"preferences\": [[0.5, 0.$n], [0.$((10-n)), 0.5]]}"; done"#
    )
    let table = try judge.preferences(
      prompts: ["p", "q"], responses: [["a", "b"], ["line\nbreak", "\u{E9}\"\u{1F600}"]])
    #expect(table[0, 0, 1] == 0.1)
    #expect(table[1, 0, 1] == 0.2)
    let again = try judge.preferences(prompts: ["p"], responses: [["a", "b"]])
    #expect(again[0, 0, 1] == 0.3)
  }

  @Test func sendsWhatIsDocumented() throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("cj-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: file) }
    let judge = try Self.judge(
      "read -r line; printf '%s\\n' \"$line\" > '\(file)'; echo '[[0.5,1],[0,0.5]]'")
    let table = try judge.preferences(prompts: ["a/b"], responses: [["x\ny", "\u{E9}"]])
    #expect(table[0, 0, 1] == 1)
    let line = try String(contentsOfFile: file, encoding: .utf8)
    #expect(line == "{\"prompt\":\"a/b\",\"responses\":[\"x\\ny\",\"\u{E9}\"]}\n")
  }

  @Test func bothOrdersAreAveraged() throws {
    // Always prefers what comes first.
    let judge = try Self.judge(
      "while read -r l; do echo '[[0.5,0.9],[0.1,0.5]]'; done", both: true)
    let table = try judge.preferences(prompts: ["p"], responses: [["a", "b"]])
    #expect(abs(table[0, 0, 1] - 0.5) < 1e-6)
  }

  @Test func largePayloadsDoNotDeadlock() throws {
    // The program writes 1 MiB of errors and its answer before it reads the question, half a MiB, byte by byte.
    let judge = try Self.judge(
      "head -c 1048576 /dev/zero | tr '\\0' x >&2; "
        + "while read -r l; do echo '[[0.5,1],[0,0.5]]'; done")
    let long = String(repeating: "y", count: 1 << 18)
    let table = try judge.preferences(prompts: ["p"], responses: [[long, long]])
    #expect(table[0, 0, 1] == 1)
  }

  @Test func programNotFound() throws {
    let judge = try CommandJudge(.init(command: ["/nonexistent/judge", "x"]))
    let error = #expect(throws: PreferenceError.self) {
      try judge.preferences(prompts: ["p"], responses: [["a", "b"]])
    }
    #expect(error?.description.contains("no program '/nonexistent/judge'") == true)
    #expect(try Self.failure("/nonexistent/judge").contains("not found"))
  }

  @Test func crashesAreReportedWithTheirLastWords() throws {
    let text = try Self.failure("echo 'no such model: foo' >&2; exit 3")
    #expect(text.contains("exited with status 3"))
    #expect(text.contains("| no such model: foo"))
    #expect(try Self.failure("read -r l; kill -9 $$").contains("SIGKILL"))
    // Ends while 8 MiB are still being written to it: EPIPE, not SIGPIPE.
    let judge = try Self.judge("sleep 0.05; exit 7")
    let long = String(repeating: "y", count: 8 << 20)
    let error = #expect(throws: PreferenceError.self) {
      try judge.preferences(prompts: ["p"], responses: [[long, "b"]])
    }
    #expect(error?.description.contains("exited with status 7") == true)
  }

  @Test func timesOut() throws {
    let start = ContinuousClock.now
    let text = try Self.failure("echo thinking >&2; sleep 30", timeout: 0.3)
    #expect(text.contains("within 0.3 s"))
    #expect(text.contains("thinking"))
    #expect(start.duration(to: .now) < .seconds(8))
  }

  @Test(arguments: [
    ("not json", "expected one line"), ("{}", "'preferences'"), ("[[0.5]]", "expected 2 rows"),
    ("[[0.5,1],[0]]", "values in row 1"), ("[[0.5,\"1\"],[0,0.5]]", "numbers only"),
    ("{\"preferences\": [[0.5,NaN],[0,0.5]]}", "numbers only"), ("", "expected one line"),
    ("[[0.5,2],[-1,0.5]]", "response 0 over response 1) is 2"),
    ("[[0.5,1],[1,0.5]]", "add up to 1"),
    ("{\"error\": \"model is down\"}", "model is down"), ("[[0.5,null],[0,0.5]]", "numbers only"),
    ("[[0.5,1],[0,0.5]", "expected one line"), ("[[0.5,true],[0,0.5]]", "numbers only"),
  ])
  func malformedAnswersAreQuoted(_ answer: String, _ text: String) throws {
    let found = try Self.failure("while read -r l; do echo '\(answer)'; done")
    #expect(found.contains(text), "\(found)")
  }

  @Test func linesNobodyAskedForAreRefused() throws {
    let judge = try Self.judge("while read -r l; do echo '[[0.5,1],[0,0.5]]'; echo done; done")
    let error = #expect(throws: PreferenceError.self) {
      for _ in 0..<3 {
        _ = try judge.preferences(prompts: ["p"], responses: [["a", "b"]])
        Thread.sleep(forTimeInterval: 0.1)
      }
    }
    #expect(error?.description.contains("\"done\"") == true)
  }

  @Test func startsAgainAfterAFailure() throws {
    let flag = FileManager.default.temporaryDirectory.appendingPathComponent("cj-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: flag) }
    let judge = try Self.judge(
      "if [ ! -e '\(flag)' ]; then touch '\(flag)'; exit 1; fi; "
        + "while read -r l; do echo '[[0.5,1],[0,0.5]]'; done")
    #expect(throws: PreferenceError.self) {
      try judge.preferences(prompts: ["p"], responses: [["a", "b"]])
    }
    #expect(try judge.preferences(prompts: ["p"], responses: [["a", "b"]])[0, 0, 1] == 1)
  }

  @Test func garbageNeverPassesAndNeverHangs() throws {
    // Bytes of every kind, cut anywhere: an error, never a table.
    for seed in 0..<6 {
      let text = try Self.failure(
        "read -r l; head -c 300 /dev/urandom | tail -c +\(seed + 1); echo; cat > /dev/null",
        timeout: 5)
      #expect(!text.isEmpty)
    }
  }

  @Test func theProgramEndsWithItsOwner() throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("cj-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: file) }
    var judge: CommandJudge? = try Self.judge(
      "echo $$ > '\(file)'; trap '' TERM; while :; do read -r l && echo '[[0.5,1],[0,0.5]]' || sleep 0.1; done"
    )
    _ = try judge?.preferences(prompts: ["p"], responses: [["a", "b"]])
    let text = try String(contentsOfFile: file, encoding: .utf8)
    let pid = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    #expect(kill(pid, 0) == 0)
    judge = nil
    #expect(kill(pid, 0) != 0)
  }
}
