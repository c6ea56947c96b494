import ArgumentParser
import Foundation
import MPO
import MPOBackend

/// Our half of `tools/check_losses.py`.
struct Losses: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Loss and gradient of every algorithm for the cases of tools/check_losses.py.",
    discussion: """
      Reads {"cases": [...]} and prints {"results": [...]}. A case holds log-probabilities (then the \
      gradient is by log-probability, per token) or names model folders (then it is by parameter, in \
      safetensors files of the output folder).
      """)

  @OptionGroup var place: DeviceArguments
  @Option(help: "JSON file of the cases.") var cases: String
  @Option(help: "Folder for gradients.") var outputDir: String

  func run() throws {
    let backend = try place.open()
    struct File: Decodable { var cases: [LossCase] }
    let data = try Data(contentsOf: URL(fileURLWithPath: cases))
    let results = try JSONDecoder().decode(File.self, from: data).cases.map { source in
      guard source.model != nil else { return try TableLoss(source).result() }
      return try ModelLoss(source: source, folder: outputDir, backend: backend).result()
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(LossResults(results: results)), as: UTF8.self))
  }
}
