import Foundation
import MPO
import MPOBackend
import MPOModel
import TestSupport
import Testing

/// A run that stopped and went on is the run that never stopped, bit for bit.
@Suite struct ResumeTests {
  static func data(_ path: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: path))
  }

  /// The metrics of each step but those that measure time and memory, and the completions.
  static func metrics(_ folder: String) throws -> [String] {
    try String(decoding: data(folder + "/metrics.jsonl"), as: UTF8.self)
      .split(separator: "\n").map { line in
        let fields = try JSONDecoder().decode([String: Double].self, from: Data(line.utf8))
        return fields.filter {
          !$0.key.hasPrefix("timing/")
            && !["step_time", "tokens_per_second", "peak_memory"].contains($0.key)
        }.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
      }
  }

  static func expectEqual(_ a: String, _ b: String, steps: Int) throws {
    let (found, expected) = (try metrics(a), try metrics(b))
    #expect(expected.count == steps && found == expected)
    for file in [
      "model.safetensors", "checkpoint-\(steps)/model.safetensors",
      "checkpoint-\(steps)/optimizer.safetensors",
    ] {
      #expect(try data("\(a)/\(file)") == data("\(b)/\(file)"), "\(file)")
    }
  }

  static let judge = """
    judge:
      type: categories
      categories:
        - {name: girl, pattern: '\\b(girl|she|her)\\b'}
        - {name: boy, pattern: '\\b(boy|he|his)\\b'}
        - {name: other, pattern: ''}
      matrix: [[0.5, 0, 1], [1, 0.5, 0.333333333], [0, 0.666666667, 0.5]]
    """

  /// Five prompts in batches of two, so that batches span epochs; the magnet moves at 3, 6, 9, 12.
  static func selfPlay(
    _ model: String, _ folder: TemporaryFolder, _ output: String, steps: Int = 12,
    more: String = ""
  ) throws -> AlignmentConfiguration {
    let starts = [
      "Once upon a time, there was a", "The", "One day, a big", "Tom and his", "She said: \\\"I",
    ]
    let prompts = try folder.write(
      starts.map { "{\"prompt\": \"\($0)\"}\n" }.joined(), "prompts.jsonl")
    var c = AlignmentConfiguration()
    try c.apply(
      yaml: """
        model_name_or_path: \(model)
        dataset_name: \(prompts)
        output_dir: \(folder.file(output))
        per_device_train_batch_size: 2
        num_generations: 4
        max_new_tokens: 6
        learning_rate: 1.0e-3
        warmup_steps: 7
        lr_scheduler_type: cosine
        magnet_sync_steps: 3
        inner_steps: 2
        max_steps: \(steps)
        seed: 7
        \(more)
        \(judge)
        """)
    return c
  }

  static func run(
    _ c: AlignmentConfiguration, stopAfter: Int? = nil
  ) throws -> TrainingOutcome {
    try TestBackends.cpus()[1].run { backend in
      let trainer = try AlignmentTrainer(c, on: backend)
      return try trainer.run(
        print: { _ in }, stopRequested: { trainer.stepsDone >= stopAfter ?? .max })
    }
  }

  @Test func selfPlayContinuesBitForBit() throws {
    guard let model = SharedData.path("models/stories260K") else { return }
    let folder = try TemporaryFolder()
    let whole = try Self.selfPlay(model, folder, "whole", more: "save_steps: 5")
    #expect(try Self.run(whole) == .finished(steps: 12))
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.file("whole"))
    #expect(names.filter { $0.hasPrefix("checkpoint-") }.count == 3)

    // Interrupted twice, before and after a refresh of the magnet.
    var part = try Self.selfPlay(model, folder, "part")
    #expect(try Self.run(part, stopAfter: 2) == .stopped(step: 2))
    #expect(throws: CheckpointError.self) { try Self.run(part) }
    part.run.resume = "latest"
    #expect(try Self.run(part, stopAfter: 7) == .stopped(step: 7))
    #expect(try Self.run(part) == .finished(steps: 12))
    try Self.expectEqual(folder.file("part"), folder.file("whole"), steps: 12)
    let magnet = "checkpoint-12/magnet.safetensors"
    #expect(
      try Self.data(folder.file("part/" + magnet)) == Self.data(folder.file("whole/" + magnet)))

    // From an earlier checkpoint of its own: what followed is replaced by the same.
    let before = try Self.data(folder.file("whole/model.safetensors"))
    var again = whole
    again.run.resume = folder.file("whole/checkpoint-5")
    #expect(try Self.run(again) == .finished(steps: 12))
    #expect(try Self.data(folder.file("whole/model.safetensors")) == before)
    try Self.expectEqual(folder.file("whole"), folder.file("part"), steps: 12)

    // Another folder's checkpoint does not replace the run that is here; another seed is refused.
    part.run.resume = folder.file("whole/checkpoint-5")
    #expect(throws: CheckpointError.self) { try Self.run(part) }
    part.run.resume = "latest"
    part.run.seed = 8
    #expect(throws: CheckpointError.self) { try Self.run(part) }
    #expect(try Self.metrics(folder.file("part")).count == 12)
  }

  /// Save, train 10 steps, reload, train the same 10.
  @Test func crossEntropyContinuesBitForBit() throws {
    guard let model = SharedData.path("models/stories260K") else { return }
    let folder = try TemporaryFolder()
    let text = (0..<30).map {
      "{\"text\": \"Once there was a cat number \($0). It had \($0 * 7) red balls and a dog.\"}\n"
    }.joined()
    let dataset = try folder.write(text, "texts.jsonl")
    func settings(_ output: String, _ more: String) throws -> SFTConfiguration {
      var c = SFTConfiguration()
      try c.apply(
        yaml: """
          model_name_or_path: \(model)
          dataset_name: \(dataset)
          eval_dataset_name: \(dataset)
          eval_steps: 6
          output_dir: \(folder.file(output))
          per_device_train_batch_size: 3
          max_length: 24
          packing: false
          learning_rate: 1.0e-3
          max_steps: 14
          \(more)
          """)
      return c
    }
    func run(_ c: SFTConfiguration, stopAfter: Int? = nil) throws -> TrainingOutcome {
      try TestBackends.cpus()[1].run { backend in
        let trainer = try SFTTrainer(c, on: backend)
        return try trainer.run(
          print: { _ in }, stopRequested: { trainer.stepsDone >= stopAfter ?? .max })
      }
    }
    let whole = try settings("whole", "save_steps: 4")
    #expect(try run(whole) == .finished(steps: 14))
    var part = try settings("part", "")
    #expect(try run(part, stopAfter: 4) == .stopped(step: 4))
    part.run.resume = "latest"
    #expect(try run(part) == .finished(steps: 14))
    try Self.expectEqual(folder.file("part"), folder.file("whole"), steps: 14)
    // The checkpoint at 4, and the ten steps after it once more.
    let losses = try Self.metrics(folder.file("whole"))
    var again = whole
    again.run.resume = folder.file("whole/checkpoint-4")
    #expect(try run(again) == .finished(steps: 14))
    #expect(try Self.metrics(folder.file("whole")) == losses)
    again.run.seed = 3
    #expect(throws: CheckpointError.self) { try run(again) }
  }

  /// `eval_steps` compares with the starting model, changes nothing of the training, and says the
  /// same after a restart.
  @Test func evaluationIsReproducibleAndApart() throws {
    guard let model = SharedData.path("models/stories260K") else { return }
    let folder = try TemporaryFolder()
    let plain = try Self.selfPlay(model, folder, "plain", steps: 7)
    #expect(try Self.run(plain) == .finished(steps: 7))
    let whole = try Self.selfPlay(model, folder, "whole", steps: 7, more: "eval_steps: 3")
    #expect(try Self.run(whole) == .finished(steps: 7))
    var part = try Self.selfPlay(model, folder, "part", steps: 7, more: "eval_steps: 3")
    #expect(try Self.run(part, stopAfter: 4) == .stopped(step: 4))
    part.run.resume = "latest"
    #expect(try Self.run(part) == .finished(steps: 7))
    try Self.expectEqual(folder.file("part"), folder.file("whole"), steps: 7)
    #expect(
      try Self.data(folder.file("plain/model.safetensors"))
        == Self.data(folder.file("whole/model.safetensors")))
    let lines = try Self.metrics(folder.file("whole"))
    let evaluated = lines.indices.filter { lines[$0].contains("eval_avg_win_prob") }.map { $0 + 1 }
    #expect(evaluated == [3, 6, 7])
    #expect(lines.allSatisfy { $0.contains("eval_win_rate") == $0.contains("eval_avg_win_prob") })
    #expect(try Self.metrics(folder.file("plain")).allSatisfy { !$0.contains("eval_") })
  }

  @Test func oneRunInAFolder() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("run")
    var lock: RunLock? = try RunLock(path)
    #expect {
      try RunLock(path)
    } throws: { error in
      guard case CheckpointError.locked(_, let pid) = error else { return false }
      return pid == Int(ProcessInfo.processInfo.processIdentifier)
        && "\(error)".contains("process \(ProcessInfo.processInfo.processIdentifier)")
    }
    withExtendedLifetime(lock) {}
    lock = nil
    _ = try RunLock(path)
    #expect(throws: FileError.self) { try RunLock("/proc/nowhere") }
  }

  /// An update that ruins the weights is found before they replace a good checkpoint.
  @Test func ruinedWeightsAreNotSaved() throws {
    guard let model = SharedData.path("models/stories260K") else { return }
    let folder = try TemporaryFolder()
    var c = try Self.selfPlay(model, folder, "run", steps: 6, more: "save_total_limit: 1")
    #expect(try Self.run(c, stopAfter: 2) == .stopped(step: 2))
    c.run.resume = "latest"
    c.run.saveSteps = 1
    c.innerSteps = 1
    c.optimizer.learningRate = 1e30
    #expect(throws: TrainingError.nonFiniteWeights(step: 3)) { try Self.run(c) }
    let store = CheckpointStore(folder.file("run"))
    #expect(store.complete().map(\.step) == [2])
    let weights = try SafetensorsFile(path: folder.file("run/checkpoint-2/model.safetensors"))
    #expect(try weights.floats("model.norm.weight").allSatisfy { abs($0) < 1e3 })
  }
}
