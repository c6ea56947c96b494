import Foundation
import Synchronization
import TestSupport
import Testing

@testable import MPO

@Suite struct JudgePipelineTests {
  /// Prefers the longer text; keeps who asked what on which thread. Fails at a prompt named "bad".
  final class Recorder: PreferenceSource {
    let overlapsGeneration: Bool
    let calls = Mutex([(prompts: [String], main: Bool)]())
    let gate: DispatchSemaphore?
    let caller = Thread.current
    init(overlaps: Bool, gate: DispatchSemaphore? = nil) {
      overlapsGeneration = overlaps
      self.gate = gate
    }
    var name: String { "recorder" }

    func preferences(prompts: [String], responses: [[String]]) throws -> PreferenceTable {
      calls.withLock { $0.append((prompts, Thread.current == caller)) }
      if overlapsGeneration { gate?.wait() }
      if let n = prompts.firstIndex(of: "bad") {
        throw PreferenceError.commandAnswer(command: "c", prompt: n, "no", line: "")
      }
      let k = responses[0].count
      return try PreferenceTable(
        prompts: prompts.count, responses: k,
        values: responses.flatMap { list in
          list.flatMap { a in
            list.map { b in a.count > b.count ? 1 : (a.count == b.count ? 0.5 : 0) }
          }
        })
    }
  }

  static func rollout(_ n: Int) -> (prompts: [String], responses: [[String]]) {
    func text(_ count: Int) -> String { String(repeating: "x", count: count) }
    return ((0..<n).map { "p\($0)" }, (0..<n).map { [text(1 + $0 % 3), "yy", text(3 - $0 % 3)] })
  }

  @Test(arguments: [false, true])
  func verdictsAreThoseOfOneCallInOrder(_ overlaps: Bool) throws {
    let (prompts, responses) = Self.rollout(40)
    let whole = try Recorder(overlaps: false).preferences(prompts: prompts, responses: responses)
    let source = Recorder(overlaps: overlaps)
    let pipeline = JudgePipeline(source)
    for round in 1...3 {
      for start in stride(from: 0, to: 40, by: round) {
        let part = start..<min(40, start + round)
        try pipeline.submit(prompts: Array(prompts[part]), responses: Array(responses[part]))
      }
      let judged = try pipeline.finish()
      #expect(judged.preferences == whole)
      #expect(judged.rewards == nil)
    }
    let calls = source.calls.withLock { $0 }
    #expect(calls.flatMap(\.prompts) == prompts + prompts + prompts)
    #expect(calls.allSatisfy { $0.main == !overlaps })
    if !overlaps { #expect(calls.count == 3) }
  }

  @Test func judgesWhileTheCallerGoesOn() throws {
    let gate = DispatchSemaphore(value: 0)
    let source = Recorder(overlaps: true, gate: gate)
    let pipeline = JudgePipeline(source)
    let (prompts, responses) = Self.rollout(6)
    try pipeline.submit(prompts: [prompts[0]], responses: [responses[0]])
    let deadline = ContinuousClock.now + .seconds(10)
    while source.calls.withLock({ $0.isEmpty }), .now < deadline { usleep(1000) }
    // The first is being judged, and the caller is here: the rest gathers into one group.
    for n in 1..<6 { try pipeline.submit(prompts: [prompts[n]], responses: [responses[n]]) }
    gate.signal()
    gate.signal()
    #expect(try pipeline.finish().preferences.prompts == 6)
    let calls = source.calls.withLock { $0.map(\.prompts) }
    #expect(calls == [["p0"], ["p1", "p2", "p3", "p4", "p5"]])
  }

  @Test(arguments: [false, true])
  func theFirstErrorCountsPromptsFromTheStart(_ overlaps: Bool) throws {
    let pipeline = JudgePipeline(Recorder(overlaps: overlaps))
    for (prompt, pause) in [("a", 20_000), ("b", 20_000), ("bad", 20_000), ("bad", 0), ("c", 0)] {
      try pipeline.submit(prompts: [prompt], responses: [["x", "yy"]])
      usleep(UInt32(pause))
    }
    let error = #expect(throws: PreferenceError.self) { try pipeline.finish() }
    #expect(error == .commandAnswer(command: "c", prompt: 2, "no", line: ""))
    // It is empty then, and of use.
    try pipeline.submit(prompts: ["a"], responses: [["x", "yy"]])
    #expect(try pipeline.finish().preferences.values == [0.5, 0, 1, 0.5])
  }

  @Test func rewardsAreAskedForOnce() throws {
    let folder = try TemporaryFolder()
    var settings = CommandJudge.Settings(
      shell: "while read -r l; do echo x >>'\(folder.file("log"))'; echo '[1, 3]'; done")
    settings.returns = .rewards
    let pipeline = JudgePipeline(try CommandReward(settings))
    try pipeline.submit(prompts: ["p"], responses: [["a", "b"]])
    try pipeline.submit(prompts: ["q", "r"], responses: [["a", "b"], ["c", "d"]])
    let judged = try pipeline.finish()
    #expect(judged.rewards == [[1, 3], [1, 3], [1, 3]])
    #expect(abs(Double(judged.preferences[2, 1, 0]) - 1 / (1 + exp(-2.0))) < 1e-6)
    #expect(try String(contentsOfFile: folder.file("log"), encoding: .utf8) == "x\nx\nx\n")
  }

  @Test func nothingSubmittedIsAnEmptyTable() throws {
    for overlaps in [false, true] {
      let pipeline = JudgePipeline(Recorder(overlaps: overlaps))
      #expect(try pipeline.finish().preferences.prompts == 0)
      try pipeline.submit(prompts: [], responses: [])
      #expect(try pipeline.finish().preferences.prompts == 0)
    }
  }

  @Test func anotherNumberOfResponsesIsRefused() throws {
    let pipeline = JudgePipeline(Recorder(overlaps: true))
    try pipeline.submit(prompts: ["p"], responses: [["a", "b"]])
    #expect(throws: PreferenceError.self) {
      try pipeline.submit(prompts: ["q"], responses: [["a", "b", "c"]])
    }
    #expect(throws: PreferenceError.self) { try pipeline.submit(prompts: ["q"], responses: []) }
    #expect(try pipeline.finish().preferences.prompts == 1)
    try pipeline.submit(prompts: ["q"], responses: [["a", "b", "c"]])
    #expect(try pipeline.finish().preferences.responses == 3)
  }

  @Test func aRolloutCanBeDropped() throws {
    let gate = DispatchSemaphore(value: 0)
    let source = Recorder(overlaps: true, gate: gate)
    let pipeline = JudgePipeline(source)
    let (prompts, responses) = Self.rollout(3)
    try pipeline.submit(prompts: prompts, responses: responses)
    gate.signal()
    pipeline.cancel()
    gate.signal()
    try pipeline.submit(prompts: ["q"], responses: [["a", "bb"]])
    #expect(try pipeline.finish().preferences.values == [0.5, 0, 1, 0.5])
    // One that is forgotten does not keep its thread.
    weak var forgotten: Recorder?
    do {
      let source = Recorder(overlaps: true)
      forgotten = source
      let pipeline = JudgePipeline(source)
      try pipeline.submit(prompts: prompts, responses: responses)
    }
    let deadline = ContinuousClock.now + .seconds(10)
    while forgotten != nil, .now < deadline { usleep(1000) }
    #expect(forgotten == nil)
  }

  @Test func aChatEndpointBehindThePipeline() throws {
    let server = try ChatServer { request in
      Thread.sleep(forTimeInterval: 0.01)
      return HTTPJudgeTests.longer(request)
    }
    defer { server.stop() }
    let pipeline = JudgePipeline(try HTTPJudgeTests.judge(server))
    let (prompts, responses) = Self.rollout(6)
    for n in 0..<6 { try pipeline.submit(prompts: [prompts[n]], responses: [responses[n]]) }
    let whole = try Recorder(overlaps: false).preferences(prompts: prompts, responses: responses)
    #expect(try pipeline.finish().preferences == whole)
    // The whole rollout is prompts 0 to 3, of which the last fails.
    let broken = try ChatServer { request in
      request.parts[0] == "p3" ? .status(400) : HTTPJudgeTests.longer(request)
    }
    defer { broken.stop() }
    let other = JudgePipeline(try HTTPJudgeTests.judge(broken))
    for n in 0..<4 {
      try other.submit(prompts: [prompts[n]], responses: [responses[n]])
      usleep(10_000)
    }
    let error = #expect(throws: PreferenceError.self) { try other.finish() }
    guard case .http(_, 3, 1, .status(400, _, _)) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}
