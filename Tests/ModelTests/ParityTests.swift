import Foundation
import MPOBackend
import MPOModel
import TestSupport
import Testing

/// Decoder against float64 references of transformers: `shared/data/parity/llama` and every folder
/// of that layout below `MPO_PARITY_DIR` (or that folder itself).
@Suite struct ParityTests {
  static func folders() -> [String] {
    var found: [String] = []
    if let llama = SharedData.path("parity/llama") { found.append(llama) }
    if let extra = ProcessInfo.processInfo.environment["MPO_PARITY_DIR"] {
      let inside = (try? FileManager.default.contentsOfDirectory(atPath: extra)) ?? []
      let candidates = [extra] + inside.sorted().map { "\(extra)/\($0)" }
      found += candidates.filter {
        FileManager.default.fileExists(atPath: "\($0)/golden.safetensors")
      }
    }
    return found
  }

  @Test(arguments: TestBackends.all(), folders())
  func logitsLossGradientsAndGreedyTokens(_ named: NamedBackend, _ folder: String) throws {
    try named.run { backend in try Parity(folder: folder, on: backend).check() }
  }

  @Test func sharedFolderIsThereWhenRequired() throws {
    if ProcessInfo.processInfo.environment["MPO_REQUIRE_SHARED"] == "1" {
      _ = try SharedData.require("parity/llama/golden.safetensors")
    }
  }
}

/// One checkpoint and its references.
private struct Parity {
  let backend: any ComputeBackend
  let decoder: Decoder
  let parameters: ParameterSet
  let golden: SafetensorsFile
  /// Unmasked ids of every row.
  let rows: [[Int32]]
  let width: Int

  init(folder: String, on backend: any ComputeBackend) throws {
    self.backend = backend
    let configuration = try ModelConfiguration(folder: folder)
    decoder = Decoder(configuration.decoderShape, on: backend)
    parameters = try .load(
      ModelWeights(folder: folder), layout: ParameterLayout(configuration.decoderShape),
      on: backend)
    golden = try SafetensorsFile(path: folder + "/golden.safetensors")
    let shape = try golden.entry("input_ids").shape
    let ids = try golden.integers("input_ids")
    let mask = try golden.integers("attention_mask")
    width = shape[1]
    rows = (0..<shape[0]).map { n in
      (n * shape[1]..<(n + 1) * shape[1]).filter { mask[$0] != 0 }.map { Int32(ids[$0]) }
    }
  }

  func check() throws {
    try checkLogits(checkpointing: false)
    try checkGradients(checkpointing: false)
    try checkGradients(checkpointing: true)
    try checkGreedy()
  }

  private func checkLogits(checkpointing: Bool) throws {
    let batch = try PackedBatch(rows, shape: decoder.shape, on: backend)
    let hidden = try decoder.hidden(
      batch, TrainableParameters(values: parameters), tape: Tape(backend, recording: false))
    let found = try backend.floats(decoder.logits(hidden.value, parameters))
    let v = decoder.shape.vocabulary
    let all = try golden.doubles("logits")
    let expected = rows.indices.flatMap { n in
      all[(n * width * v)..<(n * width + rows[n].count) * v]
    }
    expectClose(found, expected, 2e-5, "logits")
  }

  private func checkGradients(checkpointing: Bool) throws {
    let gradients = try ParameterSet.zeros(parameters.layout, on: backend)
    let inputs = rows.map { Array($0.dropLast()) }
    let targets = rows.flatMap { $0.dropFirst() }
    let batch = try PackedBatch(inputs, shape: decoder.shape, on: backend)
    let tape = Tape(backend, recording: true)
    let hidden = try decoder.hidden(
      batch, TrainableParameters(values: parameters, gradients: gradients), tape: tape,
      checkpointing: checkpointing)
    let dHidden = try backend.empty(hidden.value.shape)
    let weight = try backend.tensor(
      [Float](repeating: 1 / Float(targets.count), count: targets.count))
    let nll = try backend.crossEntropy(
      ProjectedPolicy(hidden: hidden.value, weight: parameters.outputProjection()),
      targets: backend.indices(targets), weights: weight,
      gradients: ProjectionGradients(
        dHidden: dHidden, dWeight: gradients.outputProjection()), chunkRows: 17)
    try tape.backward(from: hidden, gradient: dHidden)
    let mean = try backend.floats(nll).reduce(0.0) { $0 + Double($1) } / Double(targets.count)
    let expected = try golden.doubles("nll")[0]
    #expect(abs(mean - expected) <= 1e-6 * max(1, abs(expected)), "nll \(mean), \(expected)")
    for entry in parameters.layout.entries {
      expectClose(
        try backend.floats(gradients.tensor(entry)), try golden.doubles("grad." + entry.name), 1e-4,
        entry.name)
    }
  }

  private func checkGreedy() throws {
    let expected = try golden.integers("greedy").map { Int32($0) }
    let completions = try Generator(decoder, parameters).generate(
      [Array(rows[0].prefix(7))],
      settings: GenerationSettings(
        maxNewTokens: expected.count, sampling: SamplingSettings(temperature: 0)))
    #expect(completions[0][0].tokens == expected)
  }

  /// ‖a − b‖ / ‖b‖ over the tensor.
  private func expectClose(
    _ a: [Float], _ b: [Double], _ tolerance: Double, _ what: String,
    _ location: SourceLocation = #_sourceLocation
  ) {
    #expect(a.count == b.count, "\(what)", sourceLocation: location)
    var difference = 0.0
    var norm = 0.0
    for (x, y) in zip(a, b) {
      difference += (Double(x) - y) * (Double(x) - y)
      norm += y * y
    }
    let error = difference.squareRoot() / max(norm.squareRoot(), 1e-30)
    #expect(error <= tolerance, "\(what): \(error)", sourceLocation: location)
  }
}
