import ArgumentParser
import Foundation
import MPOBackend

/// Every workload of ours and of each peer, one after the other.
struct Suite: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Our workloads and the peers' side by side: one table, and a file of all repeats.",
    discussion: """
      Ours and each peer run one after the other, each in a process of its own. ratio: how many \
      times better we are (rates ours / theirs, times and memory theirs / ours). share: of the \
      limit that arithmetic and memory allow, measured in the same run. A peer that is not \
      installed is named so; slow peers run with --slow, else their last stored figure of this \
      device is told with its date. Not written to bench/results unless everything was run: give \
      --out.
      """)

  @Flag(help: "Tiny shapes and one repeat: tries the plumbing, times mean nothing.")
  var quick = false
  @Option(help: "Only workloads whose name contains one of these, with commas between.")
  var only: String?
  @Flag(help: "Ours alone.") var noPeers = false
  @Option(help: "Take the peers' figures from this result file instead of running them.")
  var peersFrom: String?
  @Flag(help: "Run the slow peers too (minutes each).") var slow = false
  @Flag(
    inversion: .prefixedNo,
    help: "Ours in bf16 too. Default: where the processor has bf16 instructions.")
  var bf16: Bool?
  @Option(help: "Start no more peers after this many minutes.") var minutes = 9.0
  @Option(help: "OpenCL device of the OpenCL workloads; none leaves them out.")
  var opencl = "opencl"
  @Option(help: "Python that has the peers' libraries. Default: $PEERS_PYTHON, else python3.")
  var python: String?
  @Option(help: "Folder of peers/ and results/.") var folder = "bench"
  @Option(help: "Result file. Default: <folder>/results/<date>-<device>.json.") var out: String?
  @Flag(help: "Print the names of the workloads and end.") var list = false

  func run() throws {
    let selected = try workloads()
    if list {
      for workload in selected { print(padded(workload.name, 20) + workload.title) }
      return
    }
    guard FileManager.default.fileExists(atPath: "\(folder)/peers/peer.py") || noPeers else {
      throw ValidationError(
        "no peers in '\(folder)/peers': run from the repository's root, or give --folder")
    }
    let device = try CPUBackend().description.name
    var run = try SuiteRun(
      result: SuiteResult(
        date: timestamp(), commit: SuiteHost.commit(), device: device,
        command: "magnetic-bench " + CommandLine.arguments.dropFirst().joined(separator: " "),
        host: SuiteHost.facts()),
      child: ChildRun(
        peers: "\(folder)/peers",
        python: python ?? ProcessInfo.processInfo.environment["PEERS_PYTHON"] ?? "python3"),
      stored: peersFrom.map { try StoredFigures(file: $0) }
        ?? StoredFigures(folder: "\(folder)/results", device: device),
      plan: noPeers ? .none : peersFrom != nil ? .stored : slow ? .all : .quickOnes,
      deadline: Date().addingTimeInterval(minutes * 60), openCLDevice: opencl)
    for workload in selected { run.measure(workload) }
    try finish(run, isWhole: only == nil && !quick && !noPeers)
  }

  private func workloads() throws -> [Workload] {
    let bf16 = bf16 ?? MachineLimits.hasBF16
    let all = WorkloadList(quick: quick, openCLDevice: opencl, bf16: bf16).all
      .filter { opencl != "none" || !$0.isOpenCL }
    guard let only else { return all }
    let parts = only.split(separator: ",").map(String.init)
    let some = all.filter { workload in parts.contains { workload.name.contains($0) } }
    guard !some.isEmpty else {
      throw ValidationError(
        "--only \(only): expected a part of \(all.map(\.name).joined(separator: ", "))")
    }
    return some
  }

  private func finish(_ run: SuiteRun, isWhole: Bool) throws {
    var result = run.result
    result.host["load_after"] = SuiteHost.load()
    let table = run.table(of: try workloads())
    result.rows = table.rows
    print(table.text)
    let name = "\(result.date.prefix(10))-\(slug(result.device)).json"
    guard let path = out ?? (isWhole ? "\(folder)/results/\(name)" : nil) else {
      return progress("not written: this was a part of the suite; give --out")
    }
    try result.write(to: path)
    let markdown = path.hasSuffix(".json") ? path.dropLast(5) + ".md" : path + ".md"
    try Data((run.heading + table.markdown).utf8)
      .write(to: URL(fileURLWithPath: String(markdown)), options: .atomic)
    progress("wrote \(path) and \(markdown)")
  }

  /// Letters and digits of a device's name, lower case, with one hyphen between.
  private func slug(_ name: String) -> String {
    name.replacingOccurrences(of: "(R)", with: "").replacingOccurrences(of: "(TM)", with: "")
      .lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }.joined(separator: "-")
  }
}

/// Now, in ISO 8601.
func timestamp() -> String { ISO8601DateFormatter().string(from: Date()) }
