import Foundation
import MPOBackend
import MPOModel

/// What of a run is tensors: the policy as a folder of its own (f32; a model, or adapters), the magnet,
/// and the optimizer's moments. Together with `TrainerState` a run continues bit for bit on the CPU.
struct TrainingTensors {
  var policy: ParameterSet
  /// Nil for cross-entropy training.
  var magnet: ParameterSet?
  var optimizer: Optimizer

  static let magnetFile = "magnet.safetensors"
  static let optimizerFile = "optimizer.safetensors"

  /// Writes all of it and `state` into the checkpoint's temporary folder.
  func write(_ state: TrainerState, model: LanguageModel, to folder: URL) throws {
    let backend = model.decoder.backend
    try model.save(policy, to: folder.path, dtype: .f32)
    if let magnet {
      try SafetensorsWriter.write(
        tensors: magnet.namedTensors(dtype: .f32, on: backend), metadata: ["format": "pt"],
        to: folder.appendingPathComponent(Self.magnetFile).path)
    }
    try SafetensorsWriter.write(
      tensors: [
        optimizer.firstMoment.flatTensor(name: "exp_avg", on: backend),
        optimizer.secondMoment.flatTensor(name: "exp_avg_sq", on: backend),
      ],
      metadata: ["format": "pt"], to: folder.appendingPathComponent(Self.optimizerFile).path)
    try state.write(to: folder)
  }

  /// Fills the tensors from a complete checkpoint, in place.
  func read(from folder: URL, on backend: any ComputeBackend) throws {
    try policy.fill(folder: folder.path, on: backend)
    if let magnet {
      let file = try SafetensorsFile(path: folder.appendingPathComponent(Self.magnetFile).path)
      try magnet.fill(from: { _ in file }, on: backend)
    }
    let moments = try SafetensorsFile(
      path: folder.appendingPathComponent(Self.optimizerFile).path)
    try optimizer.firstMoment.read(moments, name: "exp_avg", on: backend)
    try optimizer.secondMoment.read(moments, name: "exp_avg_sq", on: backend)
  }
}
