import Foundation
import MPOBackend
import MPOModel
import TestSupport
import Testing

/// Adapters that PEFT wrote, against float64 PyTorch (Fixtures/make_lora.py), over the checkpoints of
/// `shared/data/parity`.
@Suite struct LoRATests {
  private static let families = ["llama", "gpt2", "qwen3"]

  /// A parity model with its fixture's adapter, as `LanguageModel.load` does it but without tokenizer.
  private struct Adapted {
    let decoder: Decoder
    let parameters: ParameterSet
    let adapter: AdapterConfiguration
    let golden: SafetensorsFile
    /// Rows of the parity folder without padding.
    let rows: [[Int32]]

    init(_ family: String, storage: WeightStorage, on backend: any ComputeBackend) throws {
      let source = try SharedData.require("parity/\(family)")
      let folder = Fixtures.path("lora/\(family)")
      let shape = try ModelConfiguration(folder: source).shape
      decoder = Decoder(shape, on: backend)
      let base = try ParameterSet.load(
        ModelWeights(folder: source), layout: ParameterLayout(shape), storage: storage,
        on: backend)
      adapter = try AdapterConfiguration(folder: folder)
      parameters = try .adapters(adapter.lora, over: base, shape: shape, seed: 1, on: backend)
      try parameters.fill(folder: folder, on: backend)
      golden = try SafetensorsFile(path: folder + "/golden.safetensors")
      let parity = try SafetensorsFile(path: source + "/golden.safetensors")
      let width = try parity.entry("input_ids").shape[1]
      let (ids, mask) = (
        try parity.integers("input_ids"), try parity.integers("attention_mask")
      )
      rows = stride(from: 0, to: ids.count, by: width).map { first in
        (first..<first + width).filter { mask[$0] != 0 }.map { Int32(ids[$0]) }
      }
    }

    /// Mean NLL, and its gradients where `gradients` are given.
    func nll(_ gradients: ParameterSet?, checkpointing: Bool = false) throws -> Double {
      let backend = decoder.backend
      let targets = rows.flatMap { $0.dropFirst() }
      let batch = try PackedBatch(
        rows.map { Array($0.dropLast()) }, shape: decoder.shape, on: backend)
      let tape = Tape(backend, recording: gradients != nil)
      let hidden = try decoder.hidden(
        batch, TrainableParameters(values: parameters, gradients: gradients), tape: tape,
        checkpointing: checkpointing)
      let dHidden = try backend.empty(hidden.value.shape)
      let nll = try backend.crossEntropy(
        decoder.projected(hidden.value, parameters), targets: backend.indices(targets),
        weights: backend.tensor([Float](repeating: 1 / Float(targets.count), count: targets.count)),
        gradients: gradients == nil ? nil : ProjectionGradients(dHidden: dHidden, dWeight: nil))
      if gradients != nil { try tape.backward(from: hidden, gradient: dHidden) }
      return try backend.floats(nll).reduce(0.0) { $0 + Double($1) } / Double(targets.count)
    }
  }

  @Test(arguments: TestBackends.all(), families)
  func lossAndGradientsAreThoseOfPEFT(_ named: NamedBackend, _ family: String) throws {
    guard SharedData.path("parity/\(family)") != nil else { return }
    try named.run { backend in
      let model = try Adapted(family, storage: .trained, on: backend)
      for checkpointing in [false, true] {
        let gradients = try ParameterSet.zeros(model.parameters.layout, on: backend)
        let nll = try model.nll(gradients, checkpointing: checkpointing)
        let expected = try model.golden.doubles("nll")[0]
        #expect(abs(nll - expected) <= 1e-6 * expected, "\(nll), \(expected)")
        #expect(gradients.layout.entries.count == model.golden.tensors.count - 1)
        for entry in gradients.layout.entries {
          expectClose(
            try backend.floats(gradients.tensor(entry)),
            try model.golden.doubles("grad." + entry.name), 1e-4, entry.name)
        }
      }
    }
  }

  @Test(arguments: TestBackends.all(), families)
  func mergedModelIsTheAdapted(_ named: NamedBackend, _ family: String) throws {
    guard SharedData.path("parity/\(family)") != nil else { return }
    try named.run { backend in
      let model = try Adapted(family, storage: .trained, on: backend)
      let merged = try model.parameters.merged(shape: model.decoder.shape, on: backend)
      let batch = try PackedBatch(model.rows, shape: model.decoder.shape, on: backend)
      func logits(_ parameters: ParameterSet) throws -> [Float] {
        let hidden = try model.decoder.hidden(
          batch, TrainableParameters(values: parameters), tape: Tape(backend, recording: false))
        return try backend.floats(model.decoder.logits(hidden.value, parameters))
      }
      expectClose(try logits(model.parameters), try logits(merged).map(Double.init), 1e-5, family)
    }
  }

  /// A base in bf16 rounds its matrices and nothing else: the same as an f32 base of rounded weights.
  @Test(arguments: TestBackends.all(), families)
  func frozenBaseIsItsRoundedWeights(_ named: NamedBackend, _ family: String) throws {
    guard SharedData.path("parity/\(family)") != nil else { return }
    try named.run { backend in
      let frozen = try Adapted(family, storage: .frozenBFloat16, on: backend)
      let exact = try Adapted(family, storage: .trained, on: backend)
      let base = try #require(exact.parameters.adapted?.base)
      let rounded = try backend.bfloat16(base.flat.elements(0..<base.layout.matrixCount))
      try backend.convert(rounded, into: base.flat.elements(0..<base.layout.matrixCount))
      let a = try ParameterSet.zeros(frozen.parameters.layout, on: backend)
      let b = try ParameterSet.zeros(exact.parameters.layout, on: backend)
      let (x, y) = (try frozen.nll(a), try exact.nll(b))
      #expect(abs(x - y) <= 1e-6 * y)
      expectClose(
        try backend.floats(a.flat), try backend.floats(b.flat).map(Double.init), 1e-5, "gradients")
      #expect(frozen.parameters.bytes < exact.parameters.bytes * 2 / 3)
    }
  }

  @Test func freshAdaptersChangeNothing() throws {
    let backend = try CPUBackend(threads: 2)
    let model = try RandomModel(on: backend)
    var lora = LoRAConfiguration()
    lora.targets = .allLinear
    let fresh = try ParameterSet.adapters(
      lora, over: model.parameters, shape: model.decoder.shape, seed: 3, on: backend)
    let tokens = [RandomModel.tokens(20, seed: 5)]
    let same = try Scorer(model.decoder, fresh).logProbs(tokens)
    #expect(try same == Scorer(model.decoder, model.parameters).logProbs(tokens))
    // A is not zero, so that the first gradient of B is not.
    let a = try backend.floats(fresh.flat)
    let bound = 1 / Float(RandomModel.shape.width).squareRoot()
    #expect(a.contains { $0 > bound / 2 } && a.contains { $0 < -bound / 2 })
    #expect(a.allSatisfy { abs($0) <= bound })
  }

  @Test func dropoutDrawsTheSameAgainInTheBackwardPass() throws {
    let backend = try CPUBackend(threads: 2)
    let model = try RandomModel(on: backend)
    var lora = LoRAConfiguration()
    lora.targets = .allLinear
    let policy = try ParameterSet.adapters(
      lora, over: model.parameters, shape: model.decoder.shape, seed: 3, on: backend)
    for (i, entry) in policy.layout.entries.enumerated() {
      var generator = PhiloxGenerator(seed: 9, domain: .test, stream: UInt32(i))
      let values = (0..<entry.count).map { _ in 0.3 * generator.normal() }
      try values.withUnsafeBytes { try backend.upload($0, to: policy.tensor(entry)) }
    }
    let batch = try PackedBatch(
      [RandomModel.tokens(9, seed: 5)], shape: model.decoder.shape, on: backend)
    func gradient(_ dropout: AdapterDropout?, checkpointing: Bool) throws -> [Float] {
      let gradients = try ParameterSet.zeros(policy.layout, on: backend)
      let tape = Tape(backend, recording: true)
      let hidden = try model.decoder.hidden(
        batch, TrainableParameters(values: policy, gradients: gradients, dropout: dropout),
        tape: tape, checkpointing: checkpointing)
      let d = try backend.empty(hidden.value.shape)
      try backend.fill(d, with: 0.1)
      try tape.backward(from: hidden, gradient: d)
      return try backend.floats(gradients.flat)
    }
    let one = AdapterDropout(rate: 0.4, seed: 1, step: 7)
    let kept = try gradient(one, checkpointing: false)
    #expect(try gradient(one, checkpointing: true) == kept)
    #expect(try gradient(nil, checkpointing: false) != kept)
    #expect(try gradient(.init(rate: 0.4, seed: 1, step: 8), checkpointing: false) != kept)
  }

  /// The adjoint applies the mask: with dropout on, gradients are those of finite differences, also of
  /// adapters below others, which only dX reaches.
  @Test func gradientsUnderDropoutAreFiniteDifferences() throws {
    let backend = try CPUBackend(threads: 1)
    let model = try RandomModel(on: backend)
    var lora = LoRAConfiguration()
    lora.rank = 2
    lora.targets = .allLinear
    let policy = try ParameterSet.adapters(
      lora, over: model.parameters, shape: model.decoder.shape, seed: 3, on: backend)
    let sign = try backend.floats(policy.flat).indices.map { Float($0 % 3) - 1 }
    try sign.map { 0.1 * $0 }.withUnsafeBytes { try backend.upload($0, to: policy.flat) }
    let batch = try PackedBatch(
      [RandomModel.tokens(9, seed: 5)], shape: model.decoder.shape, on: backend)
    let dropout = AdapterDropout(rate: 0.4, seed: 1, step: 7)
    let weights = (0..<9 * 24).map { Float($0 % 7) / 7 - 0.4 }
    let d = try backend.tensor(weights, [9, 24])
    /// `sum_i weights[i] * hidden[i]`, and its gradient.
    func loss(_ gradients: ParameterSet?) throws -> Double {
      let tape = Tape(backend, recording: gradients != nil)
      let hidden = try model.decoder.hidden(
        batch, TrainableParameters(values: policy, gradients: gradients, dropout: dropout),
        tape: tape)
      let values = try backend.floats(hidden.value)
      if gradients != nil { try tape.backward(from: hidden, gradient: d) }
      return zip(values, weights).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    }
    let gradients = try ParameterSet.zeros(policy.layout, on: backend)
    _ = try loss(gradients)
    let found = try backend.floats(gradients.flat)
    // The first layer's q, k, v and the last layer's down projection.
    for name in [
      "0.self_attn.q_proj.lora_A", "0.self_attn.v_proj.lora_B", "1.mlp.down_proj.lora_A",
    ] {
      let entry = try #require(policy.layout.entries.first { $0.name.contains(name) })
      let start = try backend.floats(policy.flat)
      var direction = 0.0
      var moved = start
      for i in entry.offset..<(entry.offset + entry.count) {
        let step = Float(i % 5) - 2
        direction += Double(found[i]) * Double(step)
        moved[i] += 1e-3 * step
      }
      try moved.withUnsafeBytes { try backend.upload($0, to: policy.flat) }
      let above = try loss(nil)
      for i in entry.offset..<(entry.offset + entry.count) { moved[i] = 2 * start[i] - moved[i] }
      try moved.withUnsafeBytes { try backend.upload($0, to: policy.flat) }
      let below = try loss(nil)
      try start.withUnsafeBytes { try backend.upload($0, to: policy.flat) }
      let expected = (above - below) / 2e-3
      #expect(abs(direction) > 1e-3, "\(name)")
      #expect(
        abs(direction - expected) <= 0.02 * abs(expected) + 1e-3,
        "\(name): \(direction), \(expected)")
    }
  }

  @Test func targetsFollowTheNamingRuleOfPEFT() throws {
    func names(_ change: (inout LoRAConfiguration) -> Void) throws -> [String] {
      var lora = LoRAConfiguration()
      change(&lora)
      return try ParameterLayout(adapters: lora, of: RandomModel.shape).entries.map(\.name).filter {
        $0.hasSuffix("lora_A.weight")
      }.map {
        $0.replacing("base_model.model.model.layers.", with: "").replacing(
          ".lora_A.weight", with: "")
      }
    }
    #expect(
      try names { _ in } == [
        "0.self_attn.q_proj", "0.self_attn.v_proj", "1.self_attn.q_proj", "1.self_attn.v_proj",
      ])
    #expect(
      try names {
        $0.targets = .names(["layers.1.mlp.up_proj", "o_proj"])
        $0.excluded = ["layers.0.self_attn.o_proj"]
      } == ["1.self_attn.o_proj", "1.mlp.up_proj"])
    #expect(
      try names {
        $0.targets = .allLinear
        $0.layers = [1]
      }.count == 7)
    let error = #expect(throws: ModelError.self) { try names { $0.targets = .names(["c_attn"]) } }
    #expect(
      error?.description.contains("no layer is named 'c_attn'; this model has down_proj") == true)
  }

  @Test(arguments: [
    (#""peft_type":"IA3""#, "peft_type 'IA3' is not supported"),
    (#""use_dora":true"#, "use_dora = true is not supported"),
    (
      #""modules_to_save":["lm_head"]"#,
      "modules_to_save 'lm_head' is not supported; supported is score"
    ),
    (#""some_future_field":{"a":1}"#, "some_future_field"),
    (#""bias":"all""#, "bias 'all' is not supported"),
    (#""init_lora_weights":"pissa""#, "init_lora_weights 'pissa'"),
    (#""target_modules":".*_proj""#, "the regular expression '.*_proj' is not supported"),
    (#""r":0"#, "field 'r'"), (#""lora_alpha":"x""#, "field 'lora_alpha'"),
    (#""rank_pattern":{"q_proj":0}"#, "numbers above 0 by module name"),
  ])
  func refusesWithReason(_ field: String, _ reason: String) throws {
    let folder = try TemporaryFolder()
    let type = field.contains("peft_type") ? "" : #""peft_type":"LORA","#
    try folder.write("{\(type)\(field)}", "adapter_config.json")
    let error = #expect(throws: ModelError.self) { try AdapterConfiguration(folder: folder.path) }
    #expect(error?.description.contains(reason) == true, "\(error.map(\.description) ?? "")")
  }
}
