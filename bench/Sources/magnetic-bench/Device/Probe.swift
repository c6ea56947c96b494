import ArgumentParser
import Foundation
import MPOBackend

/// Asks an OpenCL device what it can do.
struct Probe: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compiles and runs small kernels to find what an OpenCL device can do.",
    discussion: """
      Each probe runs in a process of its own, so that a fault in one spoils no other. What a \
      device refuses is an answer: the inline-PTX probes are for NVIDIA devices and are refused \
      elsewhere. Exits with an error only when a probe ran and its numbers were wrong.
      """)

  @Option(help: "opencl, opencl:<index or name>.") var device = "opencl"
  @Option(help: "Run one probe in this process.") var only: String?
  @Option(help: "Seconds that one probe may take.") var limit = 60.0
  @Flag(help: "Print one JSON object a line.") var json = false

  func run() throws {
    if let only { return try runOne(only) }
    _ = try openCL(device)  // an absent device is an error, said once
    var wrong: [String] = []
    for probe in OpenCLProbe.all {
      let figure = try inOwnProcess(probe.name)
      if figure.answer == "wrong" { wrong.append(probe.name) }
      try report(figure)
    }
    guard wrong.isEmpty else {
      throw ValidationError("wrong results: \(wrong.joined(separator: ", "))")
    }
  }

  private func runOne(_ name: String) throws {
    guard let probe = OpenCLProbe.all.first(where: { $0.name == name }) else {
      let names = OpenCLProbe.all.map(\.name).joined(separator: "; ")
      throw ValidationError("--only: no probe '\(name)'; there are: \(names)")
    }
    try report(figure(probe.name, probe.run(on: try openCL(device).device)))
  }

  private func report(_ figure: ProbeFigure) throws {
    guard !json else { return try JSONLines.write(figure) }
    let name = figure.name.padding(toLength: 28, withPad: " ", startingAt: 0)
    say("\(name) \(figure.answer): \(figure.detail)")
  }

  private func figure(_ name: String, _ answer: OpenCLProbe.Answer) -> ProbeFigure {
    switch answer {
    case .works(let detail): ProbeFigure(name: name, answer: "works", detail: detail)
    case .says(let detail): ProbeFigure(name: name, answer: "says", detail: detail)
    case .refused(let detail): ProbeFigure(name: name, answer: "refused", detail: detail)
    case .wrong(let detail): ProbeFigure(name: name, answer: "wrong", detail: detail)
    case .measured(let value, let unit):
      ProbeFigure(
        name: name, answer: "measured", detail: String(format: "%.4g %@", value, unit),
        value: value, unit: unit)
    }
  }

  /// This program again with `--only name`; a crash or silence is an answer too.
  private func inOwnProcess(_ name: String) throws -> ProbeFigure {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
    #if os(Linux)
      process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    #endif
    process.arguments = ["probe", "--device", device, "--only", name, "--json"]
    let output = Pipe()
    process.standardOutput = output
    // A driver's compiler may write its log there.
    process.standardError = FileHandle.nullDevice
    try process.run()
    let end = Date().addingTimeInterval(limit)
    while process.isRunning, Date() < end { usleep(10_000) }
    guard !process.isRunning else {
      kill(process.processIdentifier, SIGKILL)
      return ProbeFigure(name: name, answer: "died", detail: "no answer in \(limit) s")
    }
    let data = output.fileHandleForReading.readDataToEndOfFile()
    // The last line: drivers write to standard output at times.
    let line = String(decoding: data, as: UTF8.self).split(separator: "\n").last ?? ""
    return (try? JSONDecoder().decode(ProbeFigure.self, from: Data(line.utf8)))
      ?? ProbeFigure(
        name: name, answer: "died",
        detail: process.terminationReason == .uncaughtSignal
          ? "signal \(process.terminationStatus)" : "status \(process.terminationStatus)")
  }
}
