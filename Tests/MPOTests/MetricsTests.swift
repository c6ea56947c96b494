import Foundation
import MPO
import MPOModel
import Testing

@Suite struct MetricsTests {
  static func path() -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("metrics-\(UUID()).jsonl").path
  }

  static func read(_ path: String) throws -> String {
    try String(contentsOfFile: path, encoding: .utf8)
  }

  @Test func appendsOneLineForAStep() throws {
    let path = Self.path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let log = try MetricsLog(path: path, resumedStep: nil)
    try log.append(step: 1, [("loss", -0.5), ("rewards/margins", 1e-7), ("num_tokens", 640)])
    try log.append(step: 2, [("loss", .number(.nan)), ("text", .text("a\"\n"))])
    #expect(
      try Self.read(path) == """
        {"step": 1, "loss": -0.5, "rewards/margins": 1e-07, "num_tokens": 640}
        {"step": 2, "loss": null, "text": "a\\"\\n"}

        """)
  }

  @Test func resumesWithoutDuplicatesOrHalfLines() throws {
    let path = Self.path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("{\"step\": 1}\n{\"step\": 2}\n{\"step\": 3}\n{\"step\": 2, \"lo".utf8)
      .write(to: URL(fileURLWithPath: path))
    let log = try MetricsLog(path: path, resumedStep: 2)
    try log.append(step: 3, [("loss", 1.0)])
    #expect(try Self.read(path) == "{\"step\": 1}\n{\"step\": 2}\n{\"step\": 3, \"loss\": 1}\n")
    _ = try MetricsLog(path: path, resumedStep: 0)
    #expect(try Self.read(path) == "")
  }

  @Test func startingAfreshEmptiesIt() throws {
    let path = Self.path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("{\"step\": 1}\n".utf8).write(to: URL(fileURLWithPath: path))
    _ = try MetricsLog(path: path, resumedStep: nil)
    #expect(try Self.read(path) == "")
    #expect(throws: ModelError.self) {
      try MetricsLog(path: "/nonexistent/m.jsonl", resumedStep: nil)
    }
  }

  @Test func linesAreAlignedAndTimed() {
    var out: [String] = []
    var now = 0.0
    let progress = ProgressReporter(
      total: 160, first: 0, isTerminal: false, write: { out.append($0) }, clock: { now })
    now = 2
    progress.line(step: 1, [("loss", 0.5), ("kl", 1e-6)])
    progress.line(step: 12, [("loss", -12.25), ("kl", .nan)])
    progress.bar(step: 12)
    progress.finish()
    #expect(out[0] == "step   1/160  loss     0.5000  kl  1.000e-06  eta 5:18\n")
    #expect(out[1] == "step  12/160  loss   -12.2500  kl        nan  eta 0:25\n")
    #expect(out.count == 2)
    #expect(ProgressReporter.duration(3723) == "1:02:03")
    #expect(ProgressReporter.cell(12345) == "     12345")
  }

  @Test func aTerminalGetsABar() {
    var out = ""
    let progress = ProgressReporter(
      total: 4, isTerminal: true, write: { out += $0 }, clock: { 0 })
    progress.line(step: 2, [("loss", 1)])
    #expect(out.contains("2/4 50 %"))
    progress.message("saved")
    #expect(out.hasSuffix("\r\u{1B}[Ksaved\n"))
  }
}

/// One process-wide flag, so in order.
@Suite(.serialized) struct SignalTests {
  @Test func theFirstSignalAsks() {
    StopSignal.install()
    defer { StopSignal.uninstall() }
    #expect(!StopSignal.requested)
    kill(getpid(), SIGTERM)
    for _ in 0..<200 where !StopSignal.requested { Thread.sleep(forTimeInterval: 0.005) }
    #expect(StopSignal.requested)
    #expect(StopSignal.exitStatus == 143)
  }
}

@Suite struct StatisticsTests {
  @Test func wilson() {
    // Newcombe 1998: 81 of 263.
    let (low, high) = Statistics.wilson(share: 81.0 / 263, samples: 263)
    #expect(abs(low - 0.2553) < 1e-4)
    #expect(abs(high - 0.3662) < 1e-4)
    #expect(Statistics.wilson(share: 0.5, samples: 0) == (0, 1))
    #expect(Statistics.wilson(share: 0, samples: 10).low == 0)
  }

  @Test func bootstrapCoversTheNormalInterval() {
    let means = (0..<100).map { [Double($0 % 2)] }
    let rate = Statistics.winRate(rowMeans: means)
    #expect(rate.mean == 0.5)
    #expect(rate.interval == .bootstrap)
    #expect(abs(rate.low - 0.402) < 0.015)
    #expect(abs(rate.high - 0.598) < 0.015)
    #expect(rate == Statistics.winRate(rowMeans: means))
  }

  @Test func onePromptAndNone() {
    let rate = Statistics.winRate(rowMeans: [[1, 0, 0.5, 0.5]])
    #expect(rate.interval == .wilson)
    #expect(rate.mean == 0.5 && rate.samples == 4)
    #expect(rate.low > 0 && rate.high < 1)
    #expect(Statistics.winRate(rowMeans: []).mean == 0.5)
  }
}
