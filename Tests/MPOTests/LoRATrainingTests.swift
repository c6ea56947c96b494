import Foundation
import MPO
import MPOBackend
import MPOModel
import TestSupport
import Testing

/// Training with adapters: what is trained, what is shared, what is saved.
@Suite struct LoRATrainingTests {
  private static let settings = """
    use_peft: true
    lora_r: 3
    lora_target_modules: [q_proj, v_proj, down_proj]
    base_dtype: bfloat16
    """

  @Test func selfPlayContinuesBitForBit() throws {
    guard let model = SharedData.path("models/stories260K") else { return }
    let folder = try TemporaryFolder()
    let whole = try ResumeTests.selfPlay(model, folder, "whole", steps: 6, more: Self.settings)
    #expect(try ResumeTests.run(whole) == .finished(steps: 6))
    var part = try ResumeTests.selfPlay(model, folder, "part", steps: 6, more: Self.settings)
    #expect(try ResumeTests.run(part, stopAfter: 4) == .stopped(step: 4))
    part.run.resume = "latest"
    #expect(try ResumeTests.run(part) == .finished(steps: 6))
    #expect(
      try ResumeTests.metrics(folder.file("part")) == ResumeTests.metrics(folder.file("whole")))
    for file in [
      "adapter_model.safetensors", "checkpoint-6/magnet.safetensors",
      "checkpoint-6/optimizer.safetensors",
    ] {
      #expect(
        try ResumeTests.data(folder.file("part/" + file))
          == ResumeTests.data(folder.file("whole/" + file)), "\(file)")
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.file("whole"))
    #expect(names.contains("adapter_config.json") && !names.contains("model.safetensors"))
    #expect(try AdapterConfiguration(folder: folder.file("whole")).lora.rank == 3)
  }

  @Test func onlyAdaptersMove() throws {
    guard let model = SharedData.path("models/stories260K") else { return }
    let folder = try TemporaryFolder()
    let c = try ResumeTests.selfPlay(model, folder, "run", steps: 2, more: Self.settings)
    try TestBackends.cpus()[1].run { backend in
      let trainer = try AlignmentTrainer(c, on: backend)
      let learner = trainer.learner
      let base = try #require(learner.policy.adapted?.base)
      #expect(learner.magnet.adapted?.base.half?.storage === base.half?.storage)
      #expect(base.isFrozen)
      func bits() throws -> [Float] {
        let wide = try backend.empty([base.layout.matrixCount])
        try backend.convert(try #require(base.half), into: wide)
        return try backend.floats(wide) + backend.floats(base.flat)
      }
      let (before, adapters) = (try bits(), try backend.floats(learner.policy.flat))
      _ = try trainer.step()
      #expect(try bits() == before)
      #expect(try backend.floats(learner.policy.flat) != adapters)
      #expect(try backend.floats(learner.magnet.flat) == adapters)
    }
  }

  /// The loss of adapters is that of the merged model: same generator, magnet and advantages.
  @Test(arguments: TestBackends.all())
  func losesWhatTheMergedModelLoses(_ named: NamedBackend) throws {
    try named.run { backend in
      let model = try RandomModel(on: backend)
      var lora = LoRAConfiguration()
      lora.rank = 2
      lora.targets = .allLinear
      let policy = try ParameterSet.adapters(
        lora, over: model.parameters, shape: model.decoder.shape, seed: 3, on: backend)
      let settings = LearnerSettings(
        loss: MagneticLossSettings(alpha: 0.3, eta: 1), innerSteps: 3)
      func learner(_ policy: ParameterSet, rate: Double) throws -> Learner {
        var optimizer = OptimizerSettings()
        optimizer.learningRate = rate
        return try Learner(
          model.decoder, policy: policy,
          optimizer: Optimizer(policy.layout, settings: optimizer, totalSteps: 9, on: backend),
          settings: settings)
      }
      let rows = (0..<4).map { (i: Int) -> RolloutRow in
        let advantage: Float = i % 2 == 0 ? 0.3 : -0.3
        return RolloutRow(
          prompt: RandomModel.tokens(5, seed: UInt64(i)),
          response: RandomModel.tokens(7, seed: UInt64(9 + i)), advantage: advantage)
      }
      let adapted = try learner(policy, rate: 1e-2)
      _ = try adapted.learn(from: rows)
      // The policy has moved from its magnet; the first inner step of another rollout measures both.
      let merged = try learner(policy.merged(shape: model.decoder.shape, on: backend), rate: 0)
      try backend.copy(model.parameters.flat, to: merged.magnet.flat)
      let (a, b) = (try adapted.learn(from: rows)[0], try merged.learn(from: rows)[0])
      #expect(b.klMagnet > 1e-4)
      #expect(abs(a.loss - b.loss) < 1e-5 && abs(a.klMagnet - b.klMagnet) < 1e-5)
      #expect(abs(a.entropy - b.entropy) < 1e-4)
    }
  }

  @Test func saysWhatDoesNotGoTogether() throws {
    let error = #expect(throws: ConfigurationError.self) {
      try SFTConfiguration.resolve(arguments: [
        "--model-config", "x.json", "--tokenizer", "t", "--dataset", "d", "--output-dir", "o",
        "--use-peft",
      ])
    }
    #expect(error?.description.contains("use_peft adapts a trained model") == true)
  }
}
