import Foundation
import MPOBackend
import MPOModel
import TestSupport
import Testing

/// Decoders against float64 references of transformers: every family of `shared/data/parity`, and every
/// folder of that layout below `MPO_PARITY_DIR` (or that folder itself).
@Suite struct ParityTests {
  static func folders() -> [String] {
    var found: [String] = []
    for family in ModelFamily.allCases {
      if let folder = SharedData.path("parity/\(family.rawValue)") { found.append(folder) }
    }
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
      for family in ModelFamily.allCases {
        _ = try SharedData.require("parity/\(family.rawValue)/golden.safetensors")
      }
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
    decoder = Decoder(configuration.shape, on: backend)
    parameters = try .load(
      ModelWeights(folder: folder), layout: ParameterLayout(configuration.shape),
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
    try checkLogits(parameters, 2e-5)
    // bf16 products round their operands to 8 bits.
    try checkLogits(parameters.computing(in: .bf16, on: backend), 2e-2)
    try checkGradients(checkpointing: false)
    try checkGradients(checkpointing: true)
    try checkGreedy()
  }

  private func checkLogits(_ parameters: ParameterSet, _ tolerance: Double) throws {
    let batch = try PackedBatch(rows, shape: decoder.shape, on: backend)
    let hidden = try decoder.hidden(
      batch, TrainableParameters(values: parameters), tape: Tape(backend, recording: false))
    let found = try backend.floats(decoder.logits(hidden.value, parameters))
    let v = decoder.shape.vocabulary
    let all = try golden.doubles("logits")
    let expected = rows.indices.flatMap { n in
      all[(n * width * v)..<(n * width + rows[n].count) * v]
    }
    expectClose(found, expected, tolerance, "logits, \(parameters.precision)")
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
      decoder.projected(hidden.value, parameters), targets: backend.indices(targets),
      weights: weight, transform: LogitTransform(softcap: decoder.logitSoftcap),
      gradients: ProjectionGradients(
        dHidden: dHidden, dWeight: gradients.outputProjection()), chunkRows: 17)
    try tape.backward(from: hidden, gradient: dHidden)
    let mean = try backend.floats(nll).reduce(0.0) { $0 + Double($1) } / Double(targets.count)
    let expected = try golden.doubles("nll")[0]
    #expect(abs(mean - expected) <= 1e-6 * max(1, abs(expected)), "nll \(mean), \(expected)")
    for entry in parameters.layout.entries {
      var found = try backend.floats(gradients.tensor(entry))
      if entry.isTransposed { found = transposed(found, entry.shape) }
      expectClose(found, try golden.doubles("grad." + entry.name), 1e-4, entry.name)
    }
  }

  /// As the file has it, (in, out).
  private func transposed(_ values: [Float], _ shape: [Int]) -> [Float] {
    (0..<shape[1]).flatMap { j in (0..<shape[0]).map { values[$0 * shape[1] + j] } }
  }

  private func checkGreedy() throws {
    let expected = try golden.integers("greedy").map { Int32($0) }
    let completions = try Generator(decoder, parameters).generate(
      [Array(rows[0].prefix(7))],
      settings: GenerationSettings(
        maxNewTokens: expected.count, sampling: SamplingSettings(temperature: 0)))
    #expect(completions[0][0].tokens == expected)
  }
}
