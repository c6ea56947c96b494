import ArgumentParser
import MPO
import MPOBackend
import MPOModel

/// A next-token training step.
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "A next-token training step: forward, cross-entropy, backward, clipping, AdamW.",
    discussion: "The peer on an OpenCL device is peers/tinygrad_step.py.")

  @OptionGroup var place: DeviceArguments
  @OptionGroup var repeats: Repeats
  @Option(help: "S (15 M), M (135 M) or tiny.") var shape = BenchShape.small
  @Option(help: "Rows in the batch.") var rows = 4
  @Option(help: "Input tokens a row; as many are predicted.") var length = 128

  func run() throws {
    let backend = try place.open()
    let baseline = Resident.restartPeak()
    let model = try BenchModel(
      shape.decoder(positions: length), place.precision, on: backend)
    let learner = try model.crossEntropyLearner(steps: repeats.repeats + 1)
    let batch = model.tokens(rows, length + 1)
    try backend.trim()
    var report = Report()
    report.times = try repeats.run { _ in
      ["train": try measured(on: backend) { _ = try learner.step([batch]) }]
    }
    report.work = ["train": Double(rows * length)]
    report.cost = ["train": model.cost.train(rows: rows, length: 1, new: length)]
    report.memory = [
      "peak": Resident.peak, "baseline": baseline, "states": 4 * model.weightsMiB,
      "tensors": Double(backend.memory.peak) / 1_048_576,
    ]
    report.device = backend.description.name
    try repeats.print(report, unit: "tokens/s")
  }
}
