import ArgumentParser
import MPO
import MPOBackend

struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Makes a base model, aligns it with and without the magnet, and compares (minutes).",
    discussion: """
      Nothing is downloaded: text, tokenizer and base model are made on the spot. The table is also \
      written to RESULTS.md in the output folder, beside the configuration of every run.
      """)

  @Option(help: "Folder to write to; only one of an earlier demo is written over.")
  var outputDir = "demo"
  @Option(help: "Seed of every random number.") var seed = 0
  @Flag(help: "Stop after the base model.") var pretrainOnly = false
  @OptionGroup var deviceOptions: DeviceOptions

  func validate() throws {
    guard seed >= 0 else {
      throw ValidationError("--seed: expected 0 or more, found \(seed)")
    }
    guard !outputDir.isEmpty else {
      throw ValidationError("--output-dir: expected a folder")
    }
  }

  func run() throws {
    var settings = DemoSettings()
    settings.outputDirectory = outputDir
    settings.seed = seed
    settings.device = deviceOptions.device ?? settings.device
    settings.threads = deviceOptions.threads ?? settings.threads
    settings.pretrainOnly = pretrainOnly
    StopSignal.install()
    let demo = Demo(settings, on: try deviceOptions.open(), print: { note($0) })
    switch try demo.run() {
    case .finished(let report):
      print("\n\(report.table)\n\(report.explanation)")
      print("aligned model: \(report.alignedModel)")
    case .pretrained(let folder):
      print("base model: \(folder)")
    case .stopped(let folder):
      note("stopped; \(folder) holds what was trained so far, run the command again to start anew")
      throw ExitCode(StopSignal.exitStatus)
    }
  }
}
