import Foundation
import MPOModel
import TestSupport
import Testing

@testable import MPO

/// Every format of data, and what is said of rows that have none.
@Suite struct DataFormatTests {
  static func pairs(
    _ lines: String, _ edit: (inout DatasetSettings) -> Void = { _ in }
  ) throws -> [PreferenceExample] {
    let folder = try TemporaryFolder()
    var settings = DatasetSettings(name: try folder.write(lines, "d.jsonl"))
    edit(&settings)
    return try PreferenceDataset.examples(settings).all().map(\.example)
  }

  static func refusal(_ line: String, _ read: (DatasetSettings) throws -> Void) throws -> String {
    let folder = try TemporaryFolder()
    let settings = DatasetSettings(name: try folder.write(line, "d.jsonl"))
    let error = #expect(throws: DataError.self) { try read(settings) }
    return (error?.description ?? "").replacing(settings.name, with: "F")
  }

  static func says(_ role: String, _ text: String) -> JSONValue {
    TranscriptSplit.message(role, text)
  }

  static func conversation(_ messages: JSONValue...) -> Prompt { .conversation(.init(messages)) }

  @Test func pairsWithAnExplicitPrompt() throws {
    let read = try Self.pairs(
      """
      {"prompt": "The sky is", "chosen": " blue.", "rejected": " green.", "id": 7}
      {"prompt": "p", "chosen": "a", "rejected": "b", "preference": 0.25}
      {"prompt": [{"role": "user", "content": "Hi"}], "chosen": [{"role": "assistant", "content": "a"}], "rejected": [{"role": "assistant", "content": "b"}], "preference": 0.5}
      """)
    #expect(
      read == [
        PreferenceExample(prompt: "The sky is", chosen: " blue.", rejected: " green."),
        PreferenceExample(prompt: "p", chosen: "a", rejected: "b", preference: 0.25),
        PreferenceExample(
          prompt: Self.conversation(Self.says("user", "Hi")),
          chosen: Self.conversation(Self.says("assistant", "a")),
          rejected: Self.conversation(Self.says("assistant", "b")), preference: 0.5),
      ])
  }

  /// UltraFeedback's layout: a text beside whole conversations; and answers that repeat the prompt.
  @Test func pairsWithThePromptInTheAnswers() throws {
    let hi = #"{"role": "user", "content": "Hi"}"#
    let read = try Self.pairs(
      """
      {"prompt": "Hi", "chosen": [\(hi), {"role": "assistant", "content": "a"}], "rejected": [\(hi), {"role": "assistant", "content": "b"}]}
      {"chosen": [\(hi), {"role": "assistant", "content": "a"}], "rejected": [\(hi), {"role": "assistant", "content": "b"}]}
      {"prompt": [\(hi)], "chosen": [\(hi), {"role": "assistant", "content": "a"}], "rejected": "b"}
      """)
    let expected = PreferenceExample(
      prompt: Self.conversation(Self.says("user", "Hi")),
      chosen: Self.conversation(Self.says("assistant", "a")),
      rejected: Self.conversation(Self.says("assistant", "b")))
    #expect(read == [expected, expected, expected])
  }

  /// The prompt ends with a whole word; TRL would cut "b" off "blue" and "black".
  @Test(arguments: [
    ("The sky is blue", "The sky is black", "The sky is", " blue", " black"),
    ("The sky is blue.", "The sky is blue!", "The sky is", " blue.", " blue!"),
    ("Q: x\nA: yes", "Q: x\nA: no", "Q: x\nA:", " yes", " no"),
    ("one two", "one two three", "one two", "", " three"),
    ("Caf\u{E9} \u{1F600}", "Caf\u{E9} \u{1F601}", "Caf\u{E9}", " \u{1F600}", " \u{1F601}"),
    ("Q?\nAll", "Q?\nAny", "Q?\n", "All", "Any"),
  ])
  func implicitPrompts(_ a: String, _ b: String, _ prompt: String, _ x: String, _ y: String) throws
  {
    let line = "{\"chosen\": \(jsonString(a)), \"rejected\": \(jsonString(b))}"
    let read = try Self.pairs(line)
    #expect(
      read == [PreferenceExample(prompt: .text(prompt), chosen: .text(x), rejected: .text(y))])
  }

  @Test func transcriptsKeepWholeAnswers() throws {
    let start = #"\n\nHuman: Hi\n\nAssistant: Hello.\n\nHuman: Who are you?\n\nAssistant:"#
    let read = try Self.pairs(
      "{\"chosen\": \"\(start) I'm a bot.\", \"rejected\": \"\(start) I'm Bob.\"}")
    let prompt = "\n\nHuman: Hi\n\nAssistant: Hello.\n\nHuman: Who are you?\n\nAssistant:"
    #expect(
      read == [
        PreferenceExample(prompt: .text(prompt), chosen: " I'm a bot.", rejected: " I'm Bob.")
      ])
    // As messages; a conversation that goes different ways keeps its later turns in the answer.
    let messages = try Self.pairs(
      "{\"chosen\": \"\(start) I'm a bot.\\n\\nHuman: Oh\\n\\nAssistant: Yes\", "
        + "\"rejected\": \"\(start)\"}"
    ) { $0.appliesChatTemplate = true }
    #expect(
      messages == [
        PreferenceExample(
          prompt: Self.conversation(
            Self.says("user", "Hi"), Self.says("assistant", "Hello."),
            Self.says("user", "Who are you?")),
          chosen: Self.conversation(
            Self.says("assistant", "I'm a bot."), Self.says("user", "Oh"),
            Self.says("assistant", "Yes")),
          rejected: Self.conversation(Self.says("assistant", "")))
      ])
  }

  @Test func alpaca() throws {
    let line = """
      {"instruction": "Add.", "input": "1 2", "output": "3", "chosen": "3", "rejected": "4", "system": "Be brief."}
      """
    let text = "Be brief.\n\n### Instruction:\nAdd.\n\n### Input:\n1 2\n\n### Response:\n"
    #expect(
      try Self.pairs(line)
        == [PreferenceExample(prompt: .text(text), chosen: "3", rejected: "4")])
    #expect(
      try Self.pairs(line) { $0.inputTemplate = "Q: {}\nA: " }
        == [
          PreferenceExample(
            prompt: "Be brief.\n\nQ: Add.\n1 2\nA: ", chosen: "3", rejected: "4")
        ])
    #expect(
      try Self.pairs(line) { $0.appliesChatTemplate = true }
        == [
          PreferenceExample(
            prompt: Self.conversation(
              Self.says("system", "Be brief."), Self.says("user", "Add.\n1 2")),
            chosen: Self.conversation(Self.says("assistant", "3")),
            rejected: Self.conversation(Self.says("assistant", "4")))
        ])
    let folder = try TemporaryFolder()
    let history = #"{"instruction": "c", "input": "", "output": "d", "history": [["a", "b"]]}"#
    let path = try folder.write(history, "h.jsonl")
    let turns =
      "### Instruction:\na\n\n### Response:\nb\n\n### Instruction:\nc\n\n### Response:\n"
    #expect(try TextDataset.read(path) == [.completion(prompt: turns, "d")])
    #expect(try PromptDataset.read(path) == [.text(turns)])
  }

  @Test func shareGPT() throws {
    let line = """
      {"conversations": [{"from": "human", "value": "Hi"}], "chosen": {"from": "gpt", "value": "a"}, "rejected": {"from": "gpt", "value": "b"}, "system": "S"}
      """
    #expect(
      try Self.pairs(line) == [
        PreferenceExample(
          prompt: Self.conversation(Self.says("system", "S"), Self.says("user", "Hi")),
          chosen: Self.conversation(Self.says("assistant", "a")),
          rejected: Self.conversation(Self.says("assistant", "b")))
      ])
    let folder = try TemporaryFolder()
    let path = try folder.write(
      """
      {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "a"}], "kto_tag": false}
      """, "c.jsonl")
    let settings = DatasetSettings(name: path)
    let user = Self.conversation(Self.says("user", "Hi"))
    #expect(
      try TextDataset.read(path)
        == [.conversation(.init([Self.says("user", "Hi"), Self.says("assistant", "a")]))])
    #expect(try PromptDataset.read(path) == [user])
    #expect(
      try UnpairedDataset.examples(settings).example(0)
        == UnpairedExample(
          prompt: user, completion: Self.conversation(Self.says("assistant", "a")), label: false))
  }

  @Test func judgedPairs() throws {
    let read = try Self.pairs(
      """
      {"input": "Add.", "output_1": "3", "output_2": "4", "label": 2}
      {"prompt": "p", "response_0": "x", "response_1": "y", "better_response_id": 0}
      {"prompt": "p", "first": "x", "second": "y", "preference": 0.25}
      """)
    #expect(
      read == [
        PreferenceExample(
          prompt: "### Instruction:\nAdd.\n\n### Response:\n", chosen: "4", rejected: "3"),
        PreferenceExample(prompt: "p", chosen: "x", rejected: "y"),
        PreferenceExample(prompt: "p", chosen: "y", rejected: "x", preference: 0.75),
      ])
  }

  @Test func unpairedAndRenamed() throws {
    let folder = try TemporaryFolder()
    var settings = DatasetSettings(
      name: try folder.write(
        """
        {"question": "p", "answer": "c", "good": true, "prompt": 1}
        {"question": "p", "answer": "d", "good": 0}
        """, "d.jsonl"))
    settings.columns.prompt = "question"
    settings.columns.completion = "answer"
    settings.columns.label = "good"
    #expect(
      try UnpairedDataset.examples(settings).all().map(\.example) == [
        UnpairedExample(prompt: "p", completion: "c", label: true),
        UnpairedExample(prompt: "p", completion: "d", label: false),
      ])
    #expect(
      try TextDataset.examples(settings).example(1) == .completion(prompt: "p", "d"))
    settings.columns.prompt = "qestion"
    let error = #expect(throws: DataError.self) {
      try UnpairedDataset.examples(settings).example(0)
    }
    #expect(
      error?.description.contains(
        "no key 'qestion' (prompt_feature); found the keys \"question\", \"answer\"") == true)
  }

  @Test func systemMessagesAndTemplates() throws {
    let folder = try TemporaryFolder()
    var settings = DatasetSettings(
      name: try folder.write(#"{"prompt": "p", "sys": "S"}"# + "\n{\"prompt\": \"q\"}", "d.jsonl"))
    settings.columns.system = "sys"
    settings.inputTemplate = "User: {}\n"
    #expect(try PromptDataset.read(settings) == ["S\n\nUser: p\n", "User: q\n"])
    settings.appliesChatTemplate = true
    #expect(
      try PromptDataset.read(settings) == [
        Self.conversation(Self.says("system", "S"), Self.says("user", "p")),
        Self.conversation(Self.says("user", "q")),
      ])
  }

  @Test(arguments: [
    (#"{"promt": "a", "chosen": "b", "rejected": 3}"#, "F:1: 'chosen' and 'rejected': expected"),
    (#"{"promt": "a", "chosn": "b"}"#, "no key 'prompt': expected pairs as {prompt, chosen,"),
    (#"{"promt": "a", "chosn": "b"}"#, "found the keys \"promt\", \"chosn\"; is it 'promt'?"),
    (#"{"prompt": "a", "chosen": null, "rejected": "b"}"#, "'chosen' is null"),
    (#"{"prompt": "a", "chosen": "b", "rejected": ["c"]}"#, "expected a text, as 'prompt' is one"),
    (#"{"prompt": "a", "chosen": "b", "rejected": "c", "preference": 1.5}"#, "from 0 to 1"),
    (#"{"chosen": "a b", "rejected": "a b"}"#, "are the same text"),
    (#"{"chosen": "ab", "rejected": "ac"}"#, "no word in common"),
    (
      #"{"chosen": "\n\nHuman: a\n\nAssistant: x", "rejected": "\n\nHuman: b\n\nAssistant: x"}"#,
      "share no turn"
    ),
    (#"{"input": "i", "output_1": "a", "output_2": "b", "label": 3}"#, "expected 1 for 'output_1'"),
    (
      #"{"conversations": [{"from": "me", "value": "x"}], "chosen": "a", "rejected": "b"}"#,
      "message 1: 'from' is \"me\"; expected one of"
    ),
    (
      #"{"conversations": [{"from": "gpt", "value": "x"}], "chosen": "a", "rejected": "b"}"#,
      "ends with the assistant's"
    ),
    (#"{"conversations": [], "chosen": "a", "rejected": "b"}"#, "holds no message"),
    (#"{"instruction": 1, "chosen": "a", "rejected": "b"}"#, "'instruction' has the wrong type"),
    (#"{"instruction": "i", "history": [1], "chosen": "a", "rejected": "b"}"#, "pairs of two"),
    ("{}", "found no keys"),
  ])
  func refusesPairs(_ line: String, _ expected: String) throws {
    let found = try Self.refusal(line) { _ = try PreferenceDataset.examples($0).all() }
    #expect(found.contains(expected) && !found.contains("\n"), "\(found)")
  }

  @Test(arguments: [
    (#"{"prompt": "a", "completion": "b"}"#, "no key 'label'"),
    (#"{"prompt": "a", "completion": "b", "label": "yes"}"#, "expected true or false"),
    (#"{"prompt": "a", "completion": ["b"], "label": true}"#, "expected a text"),
  ])
  func refusesLabels(_ line: String, _ expected: String) throws {
    let found = try Self.refusal(line) { _ = try UnpairedDataset.examples($0).all() }
    #expect(found.contains(expected), "\(found)")
  }
}
