import ArgumentParser
import Foundation

/// Gathers what the stages of the portable bundle (tools/bundle/run.sh) left in a folder.
struct BundleReport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bundle-report",
    abstract: "Writes results.json and results.md from the files of a bundle's run.",
    discussion: """
      Reads stages.tsv (name, seconds, status), about.tsv (name, text), probe.jsonl, \
      kernels.jsonl, conformance.txt, iteration-S.json, iteration-M.json and torch.jsonl; what is \
      missing is left out and named as such.
      """)

  @Argument(help: "Folder of the run.") var folder: String

  func run() throws {
    let results = BundleResults(folder: folder)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    try encoder.encode(results).write(to: URL(fileURLWithPath: folder + "/results.json"))
    try BundleMarkdown(results).text.write(
      toFile: folder + "/results.md", atomically: true, encoding: .utf8)
  }
}

/// Everything that a run of the bundle measured; also the JSON that it leaves.
struct BundleResults: Codable {
  struct Stage: Codable {
    var name: String
    var seconds: Double
    /// done, failed, or out of time.
    var status: String
  }
  /// One line of torch_figures.py.
  struct Torch: Codable {
    var name: String
    var value: Double
    var unit: String
  }
  struct Conformance: Codable {
    var passed: Int
    var failed: Int
    var failures: [String]
  }

  var about: [String: String]
  var stages: [Stage]
  var probes: [ProbeFigure]
  var kernels: [KernelFigure]
  var conformance: Conformance
  /// What `magnetic-bench iteration --json` printed, by shape and precision: "M bf16".
  var iterations: [String: Report]
  var torch: [Torch]

  init(folder: String) {
    func text(_ name: String) -> String {
      (try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)) ?? ""
    }
    func rows(_ name: String) -> [[String]] {
      text(name).split(separator: "\n").map {
        $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      }
    }
    about = Dictionary(
      rows("about.tsv").filter { $0.count == 2 }.map { ($0[0], $0[1]) }, uniquingKeysWith: { $1 })
    stages = rows("stages.tsv").filter { $0.count == 3 }.map {
      Stage(name: $0[0], seconds: Double($0[1]) ?? 0, status: $0[2])
    }
    probes = JSONLines.read("\(folder)/probe.jsonl", as: ProbeFigure.self)
    kernels = JSONLines.read("\(folder)/kernels.jsonl", as: KernelFigure.self)
    conformance = Conformance(log: text("conformance.txt"))
    iterations = [:]
    for name in ["S f32", "S bf16", "M f32", "M bf16"] {
      let file = "iteration-\(name.replacingOccurrences(of: " ", with: "-")).json"
      iterations[name] = try? JSONDecoder().decode(Report.self, from: Data(text(file).utf8))
    }
    torch = JSONLines.read("\(folder)/torch.jsonl", as: Torch.self)
  }

  func probe(_ name: String) -> Double? { probes.first { $0.name == name }?.value }
  func torch(_ name: String) -> Double? { torch.first { $0.name == name }?.value }
}

extension BundleResults.Conformance {
  /// Counts the finished tests in what Swift Testing prints, also when it was cut off.
  init(log: String) {
    var (passed, failures) = (0, [String]())
    for line in log.split(separator: "\n") where line.contains("Test ") {
      // "✔ Test a(_:) with 4 test cases passed after ..." or "✘ Test a(_:) ... failed after ...".
      guard !line.contains("Test run "), !line.contains("Test case "),
        let start = line.range(of: "Test ")
      else { continue }
      let name = line[start.upperBound...].prefix { $0 != " " }
      if line.contains(" passed after ") { passed += 1 }
      if line.contains(" failed after ") { failures.append(String(name)) }
    }
    self.init(passed: passed, failed: failures.count, failures: failures)
  }
}
