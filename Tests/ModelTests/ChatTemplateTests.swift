import Foundation
import MPOModel
import TestSupport
import Testing

@Suite struct ChatTemplateTests {
  static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Fixtures/templates").path

  static let styles = [
    "chatml", "chatml_generation", "command_r", "deepseek", "gemma", "llama3", "mistral", "phi",
    "qwen2.5", "qwen3",
  ]

  /// Expected texts are Jinja2's own (tools/check_templates.py --write).
  @Test(arguments: styles) func textsAreThoseOfJinja2(_ style: String) throws {
    let source = try String(contentsOfFile: "\(Self.fixtures)/\(style).jinja", encoding: .utf8)
    let template = try JinjaTemplate(source, name: style)
    let cases = try JSONValue(file: "\(Self.fixtures)/\(style).json").array ?? []
    #expect(cases.count == 24)
    for (i, item) in cases.enumerated() {
      let context = try #require(item.object?["context"]?.object)
      if let expected = item.object?["text"]?.string {
        let text = try template.render(context).text
        #expect(Array(text.utf8) == Array(expected.utf8), "case \(i)")
      } else {
        #expect(throws: JinjaError.self, "case \(i)") { try template.render(context) }
      }
    }
  }

  static func folder(_ files: [String: String]) throws -> String {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("chat-\(UUID())")
      .path
    for (name, text) in files {
      let path = "\(folder)/\(name)"
      try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }
    return folder
  }

  static func message(_ role: String, _ content: String) -> JSONValue {
    .object(
      JSONObject([
        .init(name: "role", value: .string(role)), .init(name: "content", value: .string(content)),
      ]))
  }

  static let field =
    "{\"bos_token\": {\"content\": \"<s>\"}, \"chat_template\": \"field{{ bos_token }}\"}"

  @Test func precedence() throws {
    let input = ChatTemplate.Input([])
    func text(_ files: [String: String], tools: [JSONValue]? = nil) throws -> String {
      let folder = try Self.folder(files)
      defer { try? FileManager.default.removeItem(atPath: folder) }
      var input = input
      input.tools = tools
      return try ChatTemplate.load(folder: folder).render(input)
    }
    #expect(try text(["tokenizer_config.json": Self.field]) == "field<s>")
    let file = ["tokenizer_config.json": Self.field, "chat_template.jinja": "file{{ bos_token }}"]
    #expect(try text(file) == "file<s>")
    let named = file.merging(["additional_chat_templates/tool_use.jinja": "tools"]) { $1 }
    #expect(try text(named) == "file<s>")
    #expect(try text(named, tools: []) == "tools")
    let list =
      "{\"chat_template\": [{\"name\": \"default\", \"template\": \"d\"}, "
      + "{\"name\": \"tool_use\", \"template\": \"t\"}]}"
    #expect(try text(["tokenizer_config.json": list]) == "d")
    #expect(try text(["tokenizer_config.json": list], tools: []) == "t")
    #expect(throws: ChatError.self) { try text(["tokenizer_config.json": "{}"]) }
    #expect(throws: ModelError.self) {
      try text(["tokenizer_config.json": "{\"chat_template\": 1}"])
    }
  }

  @Test func linksOutOfTheFolderAreRefused() throws {
    let outside = try Self.folder(["secret": "secret"])
    let folder = try Self.folder(["inside": "inside"])
    let link = "\(folder)/chat_template.jinja"
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: "\(outside)/secret")
    #expect(throws: ModelError.self) { try ChatTemplate.load(folder: folder) }
    try FileManager.default.removeItem(atPath: link)
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "inside")
    #expect(try ChatTemplate.load(folder: folder).render(.init([])) == "inside")
    for path in [outside, folder] { try FileManager.default.removeItem(atPath: path) }
  }

  static let chatML =
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    + "{% if add_generation_prompt %}<|assistant|>{% endif %}"

  @Test func continuesTheFinalMessage() throws {
    let template = ChatTemplate(try JinjaTemplate(Self.chatML))
    let input = ChatTemplate.Input([Self.message("user", "a"), Self.message("assistant", "so ")])
    #expect(
      try template.render(input, continueFinalMessage: true) == "<|user|>a<|end|><|assistant|>so ")
    #expect(throws: ChatError.self) {
      try template.render(input, addGenerationPrompt: true, continueFinalMessage: true)
    }
  }

  /// By prefixes and by `generation` blocks the mask is the assistant's tokens; GPT-2's tokenizer
  /// splits the markers into plain pieces.
  @Test func masks() throws {
    guard let folder = SharedData.path("tokenizers/gpt2") else { return }
    let tokenizer = try Tokenizer(folder: folder)
    let input = ChatTemplate.Input([
      Self.message("user", "one two"), Self.message("assistant", "three"),
      Self.message("user", "four"), Self.message("assistant", "five six"),
    ])
    func assistant(_ source: String) throws -> String {
      let tokens = try ChatTemplate(try JinjaTemplate(source)).tokenize(input, tokenizer: tokenizer)
      #expect(tokens.ids.count == tokens.isAssistant.count)
      return tokenizer.decode(zip(tokens.ids, tokens.isAssistant).filter { $1 }.map { $0.0 })
    }
    #expect(
      try assistant(
        "{% for m in messages %}\n[{{ m.role }}]\n{{ m.content }}\n{% endfor %}"
          + "{% if add_generation_prompt %}\n[assistant]\n{% endif %}"
      ).contains("three"))
    let marked =
      "{% for m in messages %}({{ m.role }}) {% if m.role == 'assistant' %}{% generation %}"
      + "{{ m.content }}.{% endgeneration %}{% else %}{{ m.content }}{% endif %}\n\n{% endfor %}"
    let text = try assistant(marked)
    #expect(text.contains("three.") && text.contains("five six.") && !text.contains("four"))
    // What comes before is rewritten as the conversation grows.
    #expect(throws: ChatError.self) { try assistant("{{ messages | length }}" + Self.chatML) }
  }
}
