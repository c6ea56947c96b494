import ArgumentParser
import MPO
import MPOBackend
import MPOModel

struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge", abstract: "Makes a model of an adapter and its base.",
    discussion: """
      Adds scale * B A to every adapted weight and writes a model folder that needs no PEFT. The base \
      is the one that adapter_config.json names.
      """)

  @Option(help: "Adapter folder (PEFT).") var adapter: String
  @Option(help: "Folder to write the model to.") var outputDir: String
  @Option(help: "float32 | float16 | bfloat16 | auto: as the base is stored (default: auto).")
  var saveDtype: String = "auto"
  @OptionGroup var deviceOptions: DeviceOptions

  func run() throws {
    guard let dtype = SavedWeightType(rawValue: saveDtype) else {
      let known = SavedWeightType.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--save-dtype: expected one of \(known), found '\(saveDtype)'")
    }
    let model = try readModel(adapter, on: deviceOptions.open())
    try model.saveMerged(to: outputDir, dtype: dtype.fileType)
    note("model: \(outputDir)")
  }
}
