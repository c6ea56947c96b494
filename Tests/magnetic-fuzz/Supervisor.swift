import Foundation
import FuzzWatch
import Fuzzing

/// Starts children, watches them, and writes down what they end of.
final class Supervisor {
  struct Chunk: Codable, Hashable {
    var reader: String
    var first: Int
    var last: Int
  }

  /// What is kept between runs.
  struct State: Codable {
    struct Totals: Codable {
      var inputs = 0
      var accepted = 0
      var findings = 0
      var memory = 0
      var time = 0.0
    }
    var key: String
    var done: Set<Chunk> = []
    var totals: [String: Totals] = [:]
  }

  /// One running child.
  private final class Worker {
    let process: Process
    let chunk: Chunk
    let folder: String
    let progress: UnsafeMutablePointer<Progress>
    /// Processor time and clock when the input that is now read began.
    var index = -1
    var processor = 0.0
    var clock = Date()
    var hung = false

    init(
      process: Process, chunk: Chunk, folder: String, progress: UnsafeMutablePointer<Progress>
    ) {
      self.process = process
      self.chunk = chunk
      self.folder = folder
      self.progress = progress
    }
  }

  /// Findings of one reader after which the rest of its inputs is left out.
  static let enough = 40

  let options: Options
  private var state: State
  private var waiting: [Chunk] = []
  private var free: [String] = []
  private var running: [Worker] = []
  private let started = Date()
  private var resumed = 0

  init(_ options: Options) throws {
    self.options = options
    let key = "\(options.counts.map { "\($0.reader.name)=\($0.count)" }) seed \(options.seed)"
    let path = "\(options.out)/state.json"
    let old = try? JSONDecoder().decode(
      State.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    let inputs = old?.totals.values.reduce(0) { $0 + $1.inputs } ?? 0
    // A run that came to its end begins anew.
    if let old, old.key == key, inputs < options.count {
      state = old
      resumed = inputs
    } else {
      state = State(key: key)
      try? FileManager.default.removeItem(atPath: options.out)
    }
    try FileManager.default.createDirectory(
      atPath: "\(options.out)/findings", withIntermediateDirectories: true)
    for (reader, count) in options.counts {
      for first in stride(from: 0, to: count, by: options.chunk) {
        waiting.append(
          Chunk(reader: reader.name, first: first, last: min(count, first + options.chunk)))
      }
    }
    waiting = waiting.compactMap { chunk in
      // Parts up to a finding are done by themselves.
      var rest = chunk
      while rest.first < rest.last,
        let done = state.done.first(where: {
          $0.reader == rest.reader && $0.first == rest.first && $0.last <= rest.last
        })
      { rest.first = done.last }
      return rest.first < rest.last ? rest : nil
    }
    // Readers take turns, so that a run that is stopped has seen something of each.
    waiting.sort { ($0.first, $0.reader) > ($1.first, $1.reader) }
  }

  /// Runs to the end; the number of findings.
  func run() throws -> Int {
    let memory = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : "/tmp"
    let folders = (0..<options.workers).map { "\(memory)/magnetic-fuzz-\(getpid())-\($0)" }
    defer { for folder in folders { try? FileManager.default.removeItem(atPath: folder) } }
    free = folders
    var said = Date()
    while !waiting.isEmpty || !running.isEmpty {
      while !free.isEmpty, let chunk = waiting.popLast() { try start(chunk) }
      usleep(20_000)
      for worker in running {
        if worker.process.isRunning { watch(worker) } else { try finish(worker) }
      }
      if Date().timeIntervalSince(said) > 5 {
        said = Date()
        report()
      }
    }
    report()
    summarize()
    return state.totals.values.reduce(0) { $0 + $1.findings }
  }

  private func start(_ chunk: Chunk) throws {
    guard (state.totals[chunk.reader]?.findings ?? 0) < Self.enough else { return }
    guard let folder = free.popLast() else { return }
    try? FileManager.default.removeItem(atPath: folder)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = [
      "--child", chunk.reader, String(options.seed), String(chunk.first), String(chunk.last),
      folder,
    ]
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["SWIFT_BACKTRACE": "enable=no"], uniquingKeysWith: { $1 })
    try Data().write(to: URL(fileURLWithPath: "\(folder)/stderr"))
    process.standardError = FileHandle(forWritingAtPath: "\(folder)/stderr")
    process.standardInput = FileHandle.nullDevice
    let progress = try Progress.map("\(folder)/progress")
    progress.pointee = Progress(index: chunk.first)
    try process.run()
    running.append(Worker(process: process, chunk: chunk, folder: folder, progress: progress))
  }

  /// Kills a child whose input takes more processor time than it may, or a minute of the clock.
  private func watch(_ worker: Worker) {
    let index = worker.progress.pointee.index
    let processor = Self.processorTime(worker.process.processIdentifier) ?? worker.processor
    if index != worker.index {
      (worker.index, worker.processor, worker.clock) = (index, processor, Date())
    } else if processor - worker.processor > options.timeLimit
      || Date().timeIntervalSince(worker.clock) > max(60, 4 * options.timeLimit)
    {
      worker.hung = true
      kill(worker.process.processIdentifier, SIGKILL)
      worker.process.waitUntilExit()
    }
  }

  /// Seconds of user and system time of a process (proc(5), stat, fields 14 and 15).
  private static func processorTime(_ process: Int32) -> Double? {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
      let fields = text.split(separator: ")").last?.split(separator: " "), fields.count > 12,
      let user = Double(fields[11]), let system = Double(fields[12])
    else { return nil }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  private func finish(_ worker: Worker) throws {
    running.removeAll { $0 === worker }
    free.append(worker.folder)
    let progress = worker.progress.pointee
    munmap(worker.progress, MemoryLayout<Progress>.size)
    let status = worker.process.terminationStatus
    let bySignal = worker.process.terminationReason == .uncaughtSignal
    var totals = state.totals[worker.chunk.reader] ?? .init()
    totals.accepted += progress.accepted
    totals.memory = max(totals.memory, progress.memory)
    totals.time = max(totals.time, progress.time)
    if status == 0 && !bySignal {
      totals.inputs += worker.chunk.last - worker.chunk.first
      state.done.insert(worker.chunk)
    } else {
      let text =
        (try? String(contentsOfFile: "\(worker.folder)/stderr", encoding: .utf8)) ?? ""
      let kind = try kind(status, bySignal: bySignal, hung: worker.hung, text)
      totals.inputs += progress.index + 1 - worker.chunk.first
      totals.findings += 1
      try keep(worker.chunk.reader, progress.index, "\(kind)\n\(text.prefix(4000))")
      // What is before the finding is done, what is behind it is another chunk.
      var before = worker.chunk
      before.last = progress.index + 1
      state.done.insert(before)
      var behind = worker.chunk
      behind.first = before.last
      if behind.first < behind.last { waiting.append(behind) }
    }
    state.totals[worker.chunk.reader] = totals
    try save()
  }

  private func kind(
    _ status: Int32, bySignal: Bool, hung: Bool, _ text: String
  ) throws -> String {
    if hung { return "hang: more than \(options.timeLimit) s" }
    if bySignal { return "crash: signal \(status)" }
    switch status {
    case Child.violation: return "violation"
    case Int32(FUZZ_EXIT_MEMORY): return "over-allocation"
    case Int32(FUZZ_EXIT_PATH): return "path escape"
    case Child.broken: throw FuzzReader.Violation(description: "a child could not begin: \(text)")
    default: return "ended with code \(status)"
    }
  }

  private func keep(_ name: String, _ index: Int, _ text: String) throws {
    let base = "\(options.out)/findings/\(name)-\(index)"
    let line = text.split(separator: "\n").prefix(2).joined(separator: ": ").prefix(200)
    FileHandle.standardError.write(Data("FOUND \(name)-\(index): \(line)\n".utf8))
    guard let reader = FuzzReader.named(name) else { return }
    let corpus = try FuzzCorpus.files(of: name).map(\.bytes)
    let input = reader.input(index, seed: options.seed, corpus: corpus)
    try Data(input).write(to: URL(fileURLWithPath: "\(base).bin"))
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(base).txt"))
  }

  private func save() throws {
    let data = try JSONEncoder().encode(state)
    try data.write(to: URL(fileURLWithPath: "\(options.out)/state.json"), options: .atomic)
  }

  private func report() {
    let inputs =
      state.totals.values.reduce(0) { $0 + $1.inputs }
      + running.reduce(0) { $0 + $1.progress.pointee.index - $1.chunk.first }
    let findings = state.totals.values.reduce(0) { $0 + $1.findings }
    let seconds = Date().timeIntervalSince(started)
    let rate = Int(Double(inputs - resumed) / max(seconds, 0.1))
    FileHandle.standardError.write(
      Data("\(inputs) of \(options.count) inputs, \(findings) findings, \(rate)/s\n".utf8))
  }

  private func summarize() {
    print("reader               inputs  accepted  findings  memory KiB  slowest ms")
    for (reader, _) in options.counts {
      let t = state.totals[reader.name] ?? .init()
      let name = reader.name.padding(toLength: 18, withPad: " ", startingAt: 0)
      print(
        name
          + String(
            format: "%9d %9d %9d %11d %11.1f", t.inputs, t.accepted, t.findings, t.memory / 1024,
            t.time * 1000))
    }
  }
}
