import Foundation
import MPOBackend

/// An adapter folder as PEFT has it: `adapter_config.json` and `adapter_model.safetensors`.
enum AdapterFiles {
  /// The adapters of a folder over a base.
  /// - Throws: `ModelError` naming a tensor that is missing, misshapen or belongs to no layer.
  static func load(
    _ folder: String, _ lora: LoRAConfiguration, over base: ParameterSet, shape: DecoderShape,
    on backend: any ComputeBackend
  ) throws -> ParameterSet {
    let file = try SafetensorsFile(path: path(folder))
    let layout = try ParameterLayout(adapters: lora, of: shape)
    for name in file.tensors.keys.sorted() where layout.index[name] == nil {
      throw ModelError.unsupported(
        path: file.path,
        "tensor '\(name)' is no adapter that \(AdapterConfiguration.fileName) names for this base")
    }
    let set = ParameterSet(
      layout: layout, flat: try backend.zeros([layout.count]),
      adapted: AdaptedBase(base: base, lora: lora))
    try set.fill(from: { _ in file }, on: backend)
    return set
  }

  static func write(
    _ adapters: ParameterSet, _ configuration: AdapterConfiguration, naming: WeightNaming,
    dtype: SafetensorsType, to folder: String, on backend: any ComputeBackend
  ) throws {
    try SafetensorsWriter.write(
      tensors: adapters.namedTensors(dtype: dtype, on: backend),
      metadata: ["format": "pt"], to: path(folder))
    // Last, for it makes the folder an adapter.
    try configuration.write(
      folder: folder, naming: naming, modules: moduleNames(adapters.layout),
      scores: adapters.layout.index[AdapterNames.score] != nil)
  }

  /// Removes both files, the one that makes the folder an adapter first.
  static func remove(from folder: String) {
    unlink("\(folder)/\(AdapterConfiguration.fileName)")
    unlink(path(folder))
  }

  /// The last parts of the adapted modules' paths, each once, sorted.
  private static func moduleNames(_ layout: ParameterLayout) -> [String] {
    let ends = layout.entries.compactMap { entry -> String? in
      guard entry.name != AdapterNames.score else { return nil }
      let parts = entry.name.split(separator: ".")
      return parts.count > 2 ? String(parts[parts.count - 3]) : nil
    }
    return Set(ends).sorted()
  }

  /// Rows of the scoring head beside the adapters of a folder; nil where there is none.
  static func scoreOutputs(_ folder: String) throws -> Int? {
    try SafetensorsFile(path: path(folder)).tensors[AdapterNames.score]?.shape.first
  }

  private static func path(_ folder: String) -> String {
    "\(folder)/\(AdapterConfiguration.weightsName)"
  }
}
