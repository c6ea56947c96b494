import ArgumentParser
import MPOBackend

/// The fused magnetic loss from hidden states.
struct Loss: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The fused magnetic loss from hidden states of three policies, forward and backward.",
    discussion: """
      extra is the peak of resident memory beyond the inputs and the two gradients. The peer is \
      peers/torch_loss.py.
      """)

  @OptionGroup var place: DeviceArguments
  @OptionGroup var repeats: Repeats
  @Option(help: "Tokens N.") var rows = 1024
  @Option(help: "Hidden width C.") var width = 576
  @Option(help: "Vocabulary V.") var vocabulary = 49152
  @Option(help: "Rows of logits in flight. Default: what the backend takes.") var chunkRows: Int?

  func run() throws {
    let backend = try place.open()
    // Code, threads and kernels are loaded before memory is counted.
    try LossInputs(16, 32, 64, place.precision, on: backend).loss(on: backend)
    let inputs = try LossInputs(rows, width, vocabulary, place.precision, on: backend)
    try backend.synchronize()
    try backend.trim()
    let live = backend.memory.live
    let baseline = Resident.restartPeak()
    var report = Report()
    report.times = try repeats.run { _ in
      ["loss": try measured(on: backend) { try inputs.loss(on: backend, chunkRows: chunkRows) }]
    }
    let cost = LossInputs.cost(rows, width, vocabulary, place.precision)
    report.work = ["loss": cost.flops]
    report.cost = ["loss": cost]
    report.memory = [
      "peak": Resident.peak, "baseline": baseline, "extra": Resident.peak - baseline,
      "extra_tensors": Double(backend.memory.peak - live) / 1_048_576,
    ]
    report.device = backend.description.name
    try repeats.print(report, unit: "FLOP/s")
  }
}
