import MPOModel

extension FuzzReader {
  /// A chat template: parsed and rendered with a conversation, within bounds that a test can wait for.
  static let template = FuzzReader(
    name: "template", share: 10, mutator: TextMutator.mutate, file: "chat_template.jinja",
    memory: 96 << 20,
    read: { folder in
      let path = "\(folder)/chat_template.jinja"
      let source = String(decoding: try bytes(of: path), as: UTF8.self)
      var limits = JinjaLimits()
      limits.steps = 200_000
      limits.memory = 16 << 20
      limits.text = 1 << 20
      do {
        let template = try JinjaTemplate(source, name: path)
        _ = template.hasGeneration
        for context in conversations {
          let rendering = try template.render(context, limits: limits)
          try require(rendering.text.utf8.count <= limits.text, "a text beyond its limit")
          try require(
            rendering.generated.allSatisfy { $0.upperBound <= rendering.text.utf8.count },
            "a generated part outside the text")
        }
      } catch let error as JinjaError {
        try require(!error.description.isEmpty, "an error of no words")
        throw ModelError.format(path: path, error.description)
      }
    })

  /// Several turns with a system prompt, a tool's call and answer; and an empty conversation.
  private static let conversations: [JSONObject] = {
    let text = #"""
      [{"messages": [{"role": "system", "content": " Be brief.\n"},
        {"role": "user", "content": "Hé <b>&amp; \"you\""},
        {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function":
          {"name": "sum", "arguments": {"a": 1, "b": [2.5, null, true]}}}]},
        {"role": "tool", "name": "sum", "content": "3"}, {"role": "user", "content": null},
        {"role": "assistant", "content": "<think>x</think>It is 3."}],
        "tools": [{"type": "function", "function": {"name": "sum", "description": "Adds",
          "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}}],
        "bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": true, "x": {"y": [1]}},
       {"messages": [], "bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": false}]
      """#
    let value = try? JSONValue(parsing: text, path: "conversations")
    return value?.array?.compactMap(\.object) ?? []
  }()
}
