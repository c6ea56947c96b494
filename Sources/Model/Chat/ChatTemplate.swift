import Foundation

/// A model's chat template and the special tokens that it may name: makes the text of a conversation
/// as transformers' `apply_chat_template` does.
public struct ChatTemplate: Sendable {
  /// By name: `default`, and what else the folder has (`tool_use`).
  public let templates: [String: JinjaTemplate]
  /// `bos_token` and the like, in the order of `tokenizer_config.json`.
  public let specialTokens: JSONObject
  /// Where it comes from, for messages.
  public let folder: String

  public init(
    _ template: JinjaTemplate, specialTokens: JSONObject = JSONObject(), folder: String = ""
  ) {
    self.init(["default": template], specialTokens: specialTokens, folder: folder)
  }

  init(_ templates: [String: JinjaTemplate], specialTokens: JSONObject, folder: String) {
    self.templates = templates
    self.specialTokens = specialTokens
    self.folder = folder
  }

  /// A conversation and what goes with it into the template.
  public struct Input: Sendable, Equatable {
    /// Objects with `role` and, mostly, `content`.
    public var messages: [JSONValue]
    /// JSON schemas of functions; nil is None in the template.
    public var tools: [JSONValue]?
    public var documents: [JSONValue]?
    /// Further names (`enable_thinking`), over the special tokens.
    public var extra: JSONObject

    public init(
      _ messages: [JSONValue], tools: [JSONValue]? = nil, documents: [JSONValue]? = nil,
      extra: JSONObject = JSONObject()
    ) {
      self.messages = messages
      self.tools = tools
      self.documents = documents
      self.extra = extra
    }
  }

  /// The text of a conversation.
  /// - Parameters:
  ///   - addGenerationPrompt: ends with what comes before an assistant's message.
  ///   - continueFinalMessage: ends inside the last message, which the model then continues.
  ///   - name: of the template; nil takes `tool_use` where there are tools and it exists, else
  ///     `default`.
  /// - Throws: `JinjaError`, `ChatError`.
  public func render(
    _ input: Input, addGenerationPrompt: Bool = false, continueFinalMessage: Bool = false,
    name: String? = nil, now: Date = Date()
  ) throws -> String {
    guard continueFinalMessage else {
      return try rendering(input, addGenerationPrompt, name: name, now: now).text
    }
    guard !addGenerationPrompt else {
      throw ChatError.messages(
        "a generation prompt and a continued final message exclude each other")
    }
    return try continued(input, name: name, now: now)
  }

  func rendering(
    _ input: Input, _ addGenerationPrompt: Bool, name: String?, now: Date
  ) throws -> JinjaTemplate.Rendering {
    var context = specialTokens
    for member in input.extra.members { context[member.name] = member.value }
    context["messages"] = .array(try input.messages.enumerated().map(Self.message))
    context["tools"] = input.tools.map { .array($0) } ?? .null
    context["documents"] = input.documents.map { .array($0) } ?? .null
    context["add_generation_prompt"] = .bool(addGenerationPrompt)
    return try template(name, hasTools: input.tools != nil).render(context, now: now)
  }

  /// The template that serves a conversation.
  func template(_ name: String?, hasTools: Bool) throws -> JinjaTemplate {
    let wanted = name ?? (hasTools && templates["tool_use"] != nil ? "tool_use" : "default")
    guard let template = templates[wanted] else {
      throw ChatError.unknownTemplate(
        folder: folder, name: wanted, known: templates.keys.sorted())
    }
    return template
  }

  /// A message as templates expect it: reasoning is passed under all of its names.
  private static func message(_ index: Int, _ value: JSONValue) throws -> JSONValue {
    guard var message = value.object else {
      throw ChatError.messages(
        "message \(index + 1): expected an object with 'role' and 'content', found \(value.kind)")
    }
    let names = ["reasoning_content", "thinking", "reasoning"]
    guard let reasoning = names.lazy.compactMap({ message[$0] }).first(where: { !$0.isNull })
    else { return value }
    if message["thinking"] == nil {
      message.members.insert(.init(name: "thinking", value: reasoning), at: 0)
    }
    message["reasoning_content"] = reasoning
    return .object(message)
  }

  /// Puts a mark behind the last message's text and cuts the rendered text there.
  private func continued(_ input: Input, name: String?, now: Date) throws -> String {
    let mark = "CONTINUE_FINAL_MESSAGE_TAG "
    var input = input
    guard var last = input.messages.last?.object, let content = last["content"]?.string else {
      throw ChatError.messages(
        "continuing the final message needs a last message whose 'content' is text")
    }
    last["content"] = .string(content + mark)
    input.messages[input.messages.count - 1] = .object(last)
    let text = try rendering(input, false, name: name, now: now).text
    let bytes = Array(text.utf8)
    let bare = Array(mark.utf8.dropLast())
    guard let place = JinjaText.places(of: bare, in: bytes).last,
      JinjaText.contains(text, JinjaText.strip(content, nil))
    else {
      throw ChatError.messages(
        "the template does not write the final message as it is, so that it cannot be continued")
    }
    let before = String(decoding: bytes[..<place], as: UTF8.self)
    let keepsSpace = bytes[place...].starts(with: mark.utf8)
    return keepsSpace ? before : JinjaText.strip(before, nil, start: false)
  }
}
