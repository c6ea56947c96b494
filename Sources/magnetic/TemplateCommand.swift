import ArgumentParser
import Foundation
import MPO
import MPOModel

struct TemplateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "template", abstract: "Renders conversations with a model's chat template.",
    discussion: """
      Reads JSON lines {"messages": [...], "tools": [...], ...} from standard input; further keys \
      are names for the template, and 'chat_template' is a template for that line alone. With \
      --json, a line each: {"text"}, or {"error"}, and the next line goes on.
      """)

  @Option(help: "Model folder, or a hub name in the local cache.") var model: String?
  @Option(
    name: [.long, .customLong("template")], help: "Jinja file to use in place of the model's.")
  var chatTemplate: String?
  @Flag(help: "End with what comes before an assistant's message.") var addGenerationPrompt = false
  @Flag(help: "Print JSON lines.") var json = false

  func run() throws {
    let folder = try model.map { try ModelFolder.resolve($0) } ?? ""
    let loaded =
      folder.isEmpty && chatTemplate == nil
      ? nil : try ChatTemplate.load(folder: folder, file: chatTemplate ?? "")
    var number = 0
    while let line = readLine() {
      number += 1
      if line.allSatisfy(\.isWhitespace) { continue }
      var result = JSONLine()
      do {
        let text = try render(line, number, loaded)
        if !json { try output(text) }
        result.add("text", text)
      } catch let error as any CustomStringConvertible & Error where json {
        result.add("error", error.description)
      }
      if json { try output(result.text) }
    }
  }

  private func render(_ line: String, _ number: Int, _ loaded: ChatTemplate?) throws -> String {
    let path = "standard input:\(number)"
    guard var context = try JSONValue(parsing: line, path: path).object else {
      throw ValidationError("\(path): expected an object with 'messages'")
    }
    func take(_ name: String) -> JSONValue? {
      defer { context[name] = nil }
      return context[name].flatMap { $0.isNull ? nil : $0 }
    }
    let own = try take("chat_template")?.string.map {
      ChatTemplate(
        try JinjaTemplate($0, name: path), specialTokens: loaded?.specialTokens ?? JSONObject())
    }
    guard let template = own ?? loaded else {
      throw ValidationError("\(path): give --model DIR, --chat-template FILE or 'chat_template'")
    }
    func list(_ name: String) throws -> [JSONValue]? {
      guard let value = take(name) else { return nil }
      guard let items = value.array else {
        throw ValidationError("\(path): '\(name)': expected a list, found \(value.kind)")
      }
      return items
    }
    let adds = take("add_generation_prompt")?.bool ?? addGenerationPrompt
    return try template.render(
      ChatTemplate.Input(
        list("messages") ?? [], tools: list("tools"), documents: list("documents"),
        extra: context),
      addGenerationPrompt: adds)
  }
}
