import Foundation
import TestSupport
import Testing

@testable import MPO

/// Real preference files.
@Suite struct SharedPreferencesTests {
  /// 2,312 pairs of people's judgements: each is parsed, the prompt ends with the assistant's turn, and
  /// prompt and answers together are the transcripts as they stand in the file.
  @Test func transcripts() throws {
    guard let path = SharedData.path("preferences/hh-rlhf/harmless-base-test.jsonl.gz") else {
      return
    }
    let settings = DatasetSettings(name: path)
    let rows = try DatasetRows(settings, .train, .pairs)
    let examples = try PreferenceDataset.examples(settings)
    #expect(examples.count == 2312)
    var empty = 0
    for i in 0..<examples.count {
      let example = try examples.example(i)
      let place = rows.place(i)
      let row = try place.file.row(place.row)
      guard case .text(let prompt) = example.prompt, case .text(let chosen) = example.chosen,
        case .text(let rejected) = example.rejected
      else {
        Issue.record("line \(i + 1) is no text")
        return
      }
      #expect(prompt.hasSuffix("\n\nAssistant:") && prompt.hasPrefix("\n\nHuman:"))
      #expect(try prompt + chosen == row.text("chosen"))
      #expect(try prompt + rejected == row.text("rejected"))
      // A cut inside a word would leave an answer that does not begin with a space.
      for answer in [chosen, rejected] where !answer.isEmpty {
        #expect(answer.first?.isWhitespace == true)
      }
      if chosen.trimmingSpace.isEmpty || rejected.trimmingSpace.isEmpty { empty += 1 }
    }
    #expect(empty == 4)
    var messages = settings
    messages.appliesChatTemplate = true
    for prompt in try PromptDataset.read(messages) {
      guard case .conversation(let input) = prompt else {
        Issue.record("no conversation")
        return
      }
      #expect(input.messages.first?.object?["role"]?.string == "user")
      #expect(input.messages.last?.object?["role"]?.string == "user")
    }
  }

  @Test func instructions() throws {
    guard
      let path = SharedData.path(
        "preferences/llms-from-scratch/instruction-data-with-preference.json")
    else { return }
    let settings = DatasetSettings(name: path)
    let pairs = try PreferenceDataset.examples(settings).all()
    #expect(pairs.count == 1100 && pairs.last?.line == 1100)
    for (_, pair) in pairs {
      guard case .text(let prompt) = pair.prompt else { continue }
      #expect(prompt.hasPrefix("### Instruction:\n") && prompt.hasSuffix("### Response:\n"))
    }
    #expect(try TextDataset.read(path).count == 1100 && PromptDataset.read(path).count == 1100)
  }

  @Test func judgedInstructions() throws {
    guard let folder = SharedData.path("preferences/llmbar") else { return }
    var counts: [String: Int] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder)
    where name.hasSuffix(".json") {
      let settings = DatasetSettings(name: "\(folder)/\(name)")
      let pairs = try PreferenceDataset.examples(settings).all().map(\.example)
      counts[name] = pairs.count
      #expect(pairs.allSatisfy { $0.preference == 1 })
      // One pair of LLMEval2 has the same text twice.
      #expect(
        pairs.count { $0.chosen == $0.rejected } == (name == "Processed_LLMEval2.json" ? 1 : 0))
    }
    #expect(counts["LLMBar_Natural.json"] == 100 && counts["LLMBar_Adversarial_GPTOut.json"] == 47)
  }
}
