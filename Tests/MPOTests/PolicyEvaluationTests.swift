import Foundation
import MPO
import MPOBackend
import MPOModel
import TestSupport
import Testing

/// With models: sampling, its streams and memory, and evaluation inside training.
@Suite struct PolicyEvaluationTests {
  private static func evaluator(_ samples: Int = 3) throws -> Evaluator {
    Evaluator(
      judge: try CategoryJudgeTests.g2(), prompts: ["Once upon a time", "The dog", "A"],
      samples: samples, maxNewTokens: 6, seed: 4)
  }

  /// Samples of a policy are the same whoever else takes part and in whatever order; two names of one
  /// model draw apart.
  @Test func samplesDependOnTheNameAlone() throws {
    guard let model = SharedData.path("models/stories260K") else { return }
    let backend = try CPUBackend(threads: 1)
    let evaluator = try Self.evaluator()
    func draw(_ names: [String]) throws -> [PolicySamples] {
      try evaluator.samples(
        of: names.map { PolicyReference(name: $0, path: model) }, on: backend,
        load: { try LanguageModel.load($0.path, use: .reading, on: backend) })
    }
    let three = try draw(["x", "y", "z"])
    let two = try draw(["z", "x"])
    #expect(three[2] == two[0] && three[0] == two[1])
    #expect(three[0].responses != three[1].responses)
    #expect(three[0].responses.map(\.count) == [3, 3, 3])
    #expect(three[0].path == model)
  }

  /// The memory of three policies is that of one, and none of it stays.
  @Test func oneModelAtATime() throws {
    guard let model = SharedData.path("models/stories260K") else { return }
    let evaluator = try Self.evaluator()
    func peak(_ names: [String]) throws -> Int {
      let backend = try CPUBackend(threads: 1)
      var most = 0
      _ = try evaluator.samples(
        of: names.map { PolicyReference(name: $0, path: model) }, on: backend,
        load: { try LanguageModel.load($0.path, use: .reading, on: backend) },
        progress: { _ in most = max(most, backend.memory.peak) })
      #expect(backend.memory.live == 0 && backend.memory.pooled == 0)
      return most
    }
    #expect(try peak(["x", "y", "z"]) == peak(["x"]))
  }

  @Test func stopsWhileDrawing() throws {
    guard let model = SharedData.path("models/stories260K") else { return }
    let backend = try CPUBackend(threads: 1)
    var drawn: [Int] = []
    let error = #expect(throws: EvaluationError.self) {
      try Self.evaluator(600).samples(
        of: [PolicyReference(name: "x", path: model), PolicyReference(name: "y", path: model)],
        on: backend, load: { try LanguageModel.load($0.path, use: .reading, on: backend) },
        progress: { drawn.append($0) }, stopRequested: { drawn.count == 4 })
    }
    #expect(error?.description.contains("'x', policy 1 of 2") == true)
    #expect(drawn == [512, 600, 1112, 1200])
  }

  /// `eval_steps` on held-out prompts: its names, and that the training is what it is without them.
  @Test func heldOutPrompts() throws {
    guard let model = SharedData.path("models/stories260K") else { return }
    let folder = try TemporaryFolder()
    let held = try folder.write(
      #"{"prompt": "The cat"}"# + "\n" + #"{"prompt": "One day"}"# + "\n", "held.jsonl")
    let plain = try ResumeTests.selfPlay(model, folder, "plain", steps: 2, more: "eval_steps: 1")
    let apart = try ResumeTests.selfPlay(
      model, folder, "apart", steps: 2, more: "eval_steps: 1\neval_dataset_name: \(held)")
    #expect(try ResumeTests.run(plain) == .finished(steps: 2))
    #expect(try ResumeTests.run(apart) == .finished(steps: 2))
    let weights = ["plain", "apart"].map { folder.file("\($0)/model.safetensors") }
    #expect(try ResumeTests.data(weights[0]) == ResumeTests.data(weights[1]))
    let lines = try ResumeTests.metrics(folder.file("apart"))
    for line in lines {
      for name in [
        "eval_win_rate", "eval_avg_win_prob", "eval_avg_win_prob_low", "eval_avg_win_prob_high",
      ] { #expect(line.contains("\(name) "), "\(name) in \(line)") }
    }
    let bad = try folder.write(#"{"prompt": 5}"#, "bad.jsonl")
    let wrong = try ResumeTests.selfPlay(
      model, folder, "wrong", steps: 2, more: "eval_steps: 1\neval_dataset_name: \(bad)")
    let error = #expect(throws: DataError.self) { try ResumeTests.run(wrong) }
    #expect(error?.description.contains("bad.jsonl:1") == true)
  }
}
