import Foundation
import MPO
import MPOBackend
import MPOModel
import TestSupport
import Testing

/// Conversations as data of `train` and `sft`, and the loss on some tokens only.
@Suite struct ChatTrainingTests {
  static let template =
    "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}"
    + "{% if add_generation_prompt %}[assistant] {% endif %}"

  /// The loss is the mean over the masked-in tokens, with the gradient of a row cut to them.
  @Test func theMaskChoosesTheLoss() throws {
    for device in TestBackends.all() {
      try device.run { backend in
        let rows = [RandomModel.tokens(9, seed: 1), RandomModel.tokens(6, seed: 2)]
        let masks = rows.map { row in row.indices.map { $0 % 3 == 1 || $0 == row.count - 2 } }
        func step(_ batch: [SFTRow]) throws -> (CrossEntropyMetrics, [Float]) {
          let model = try RandomModel(on: backend)
          let learner = try CrossEntropyLearner(
            model.decoder, policy: model.parameters,
            optimizer: LearnerTests.optimizer(model.parameters.layout, on: backend))
          let metrics = try learner.step([batch])
          return (metrics, try backend.floats(model.parameters.flat))
        }
        let model = try RandomModel(on: backend)
        let logProbs = try Scorer(model.decoder, model.parameters).logProbs(rows)
        let chosen = zip(logProbs, masks).flatMap { values, mask in
          zip(values, mask.dropFirst()).filter { $1 }.map { Double($0.0) }
        }
        let masked = zip(rows, masks).map { SFTRow($0, isTarget: $1) }
        let (metrics, _) = try step(masked)
        #expect(metrics.tokens == chosen.count)
        #expect(abs(metrics.loss + chosen.reduce(0, +) / Double(chosen.count)) < 1e-4)

        let (whole, plain) = (try step(rows.map { SFTRow($0) }), try step(masked))
        #expect(whole.0.tokens == 13 && whole.1 != plain.1)
        // The last token of a row is no input: masked out, it may be any.
        var other = rows
        other[0][8] = (other[0][8] + 1) % 7
        let changed = try step(zip(other, masks).map { SFTRow($0, isTarget: $1) })
        #expect(changed.0.loss == metrics.loss && changed.1 == plain.1)
        #expect(throws: TrainingError.emptyRollout) {
          try step([SFTRow(rows[0], isTarget: rows[0].map { _ in false })])
        }
      }
    }
  }

  static func sft(
    _ data: String, _ folder: TemporaryFolder, more: String = ""
  ) throws -> (rows: [SFTRow], decoded: [String])? {
    guard let model = SharedData.path("models/stories260K") else { return nil }
    var c = SFTConfiguration()
    try c.apply(
      yaml: """
        model_name_or_path: \(model)
        dataset_name: \(try folder.write(data, "data.jsonl"))
        chat_template: \(try folder.write(template, "t.jinja"))
        output_dir: \(folder.path)/out
        packing: false
        max_length: 128
        \(more)
        """)
    return try TestBackends.cpus()[0].run { backend in
      let trainer = try SFTTrainer(c, on: backend)
      let rows = try (0..<trainer.rows.count).map { try trainer.rows[$0] }
      return (
        rows,
        rows.map { row in
          let ids = zip(row.tokens, row.isTarget).filter { $1 }.map { $0.0 }
          return trainer.model.tokenizer.decode(ids)
        }
      )
    }
  }

  static let conversation = """
    {"messages": [{"role": "user", "content": "A cat?"}, {"role": "assistant", "content": "The cat sat."}, {"role": "user", "content": "And then?"}, {"role": "assistant", "content": "It slept."}]}

    """

  @Test func sftLearnsTheAssistantsTokens() throws {
    let folder = try TemporaryFolder()
    guard let found = try Self.sft(Self.conversation, folder) else { return }
    let text = try #require(found.decoded.first)
    #expect(text.contains("The cat sat.") && text.contains("It slept."))
    #expect(!text.contains("A cat") && !text.contains("And then") && !text.contains("user"))
    let all = try Self.sft(Self.conversation, folder, more: "assistant_only_loss: false")
    #expect(all?.decoded.first?.contains("And then?") == true)
  }

  @Test func sftLearnsCompletions() throws {
    let folder = try TemporaryFolder()
    let data = """
      {"prompt": "Once upon a time", "completion": ", there was a dog."}
      {"prompt": [{"role": "user", "content": "A cat?"}], "completion": [{"role": "assistant", "content": "Yes."}]}
      """
    guard let found = try Self.sft(data, folder) else { return }
    #expect(found.rows.count == 2)
    #expect(found.decoded[0].hasSuffix(", there was a dog.") && !found.decoded[0].contains("Once"))
    #expect(found.decoded[1].contains("Yes.") && !found.decoded[1].contains("cat"))
    let all = try Self.sft(data, folder, more: "completion_only_loss: false")
    #expect(all?.decoded[0].contains("Once upon a time") == true)
  }

  @Test func aLineThatTheTemplateRefusesIsNamed() throws {
    let folder = try TemporaryFolder()
    guard SharedData.path("models/stories260K") != nil else { return }
    let user = "{\"messages\": [{\"role\": \"user\", \"content\": \"A cat?\"}]}\n"
    let error = #expect(throws: DataError.self) { try Self.sft(Self.conversation + user, folder) }
    #expect(error?.description.contains(":2: no token is the assistant's") == true)
  }

  static func selfPlay(_ more: String, _ prompts: String, _ folder: TemporaryFolder) throws
    -> AlignmentConfiguration?
  {
    guard let model = SharedData.path("models/stories260K") else { return nil }
    var c = try ResumeTests.selfPlay(model, folder, "out", steps: 1)
    c.dataset = try folder.write(prompts, "chat.jsonl")
    try c.apply(yaml: more)
    return c
  }

  static let prompts = """
    {"prompt": "Once"}
    {"prompt": [{"role": "user", "content": "A cat, a dog and a bird went to the park. Tell me more"}]}
    {"chosen": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "a"}], "rejected": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "b"}]}
    """

  @Test func conversationsBecomePrompts() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(Self.template, "t.jinja")
    guard let c = try Self.selfPlay("chat_template: \(file)", Self.prompts, folder) else { return }
    try TestBackends.cpus()[0].run { backend in
      let trainer = try AlignmentTrainer(c, on: backend)
      #expect(trainer.promptWarning == nil)
      let texts = try trainer.prompts.prefix(9).map { trainer.model.tokenizer.decode($0.tokens) }
      #expect(texts[1].hasSuffix("Tell me more\n[assistant] "))
      #expect(texts[2].hasSuffix("[user] Hi\n[assistant] "))
      #expect(try trainer.prompts[2].text == "User: Hi\n\nAssistant:")
      #expect(try !trainer.step().values.isEmpty)
    }
  }

  /// A long prompt is an error that names its line, or is cut on the left with a warning.
  @Test func longPromptsAreNeverCutSilently() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(Self.template, "t.jinja")
    let setting = "chat_template: \(file)\nmax_prompt_length: 8"
    guard let cut = try Self.selfPlay(setting, Self.prompts, folder) else { return }
    try TestBackends.cpus()[0].run { backend in
      let trainer = try AlignmentTrainer(cut, on: backend)
      #expect(try trainer.prompts.prefix(9).allSatisfy { $0.tokens.count <= 8 })
      #expect(trainer.promptWarning?.contains("the first is") == true)
      // The end is what stays.
      #expect(try trainer.model.tokenizer.decode(trainer.prompts[1].tokens).hasSuffix("ssistant] "))
      let words = String(repeating: "word ", count: 2000)
      let long = "{\"prompt\": \"a\"}\n{\"prompt\": \"\(words)\"}\n"
      let refused = try #require(try Self.selfPlay("", long, folder))
      let error = #expect(throws: DataError.self) { try AlignmentTrainer(refused, on: backend) }
      #expect(error?.description.contains("chat.jsonl:2: the prompt has") == true)
      let none = try #require(try Self.selfPlay("", Self.prompts, folder))
      let missing = #expect(throws: DataError.self) { try AlignmentTrainer(none, on: backend) }
      #expect(missing?.description.contains("no chat template") == true)
    }
  }
}
