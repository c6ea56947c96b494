import Foundation

extension ChatTemplate {
  /// The largest template that is read; the longest in use are below 50 KB.
  static let sizeLimit = 4 << 20

  /// Reads a folder's templates. As in transformers `chat_template.jinja` and
  /// `additional_chat_templates/NAME.jinja` win over the field `chat_template` of
  /// `tokenizer_config.json`, which is a text or a list of `{name, template}`. `file` is a template
  /// to use instead of all of them.
  /// - Throws: `ChatError.noTemplate`; `ModelError` for files that cannot be read, are no regular
  ///   file or, through a link, lie outside of the folder; `JinjaError` with line and column.
  public static func load(folder: String, file: String = "") throws -> ChatTemplate {
    let tokens = try specialTokens(folder)
    if !file.isEmpty {
      return ChatTemplate(
        try JinjaTemplate(text(file), name: file), specialTokens: tokens, folder: folder)
    }
    var sources = try files(folder)
    if sources.isEmpty { sources = try field(folder) }
    guard !sources.isEmpty else { throw ChatError.noTemplate(folder: folder) }
    var templates: [String: JinjaTemplate] = [:]
    for (name, path, source) in sources { templates[name] = try JinjaTemplate(source, name: path) }
    return ChatTemplate(templates, specialTokens: tokens, folder: folder)
  }

  private static func files(_ folder: String) throws -> [(String, String, String)] {
    var found: [(String, String, String)] = []
    func add(_ name: String, _ path: String) throws {
      try check(path, inside: folder)
      found.append((name, path, try text(path)))
    }
    let main = folder + "/chat_template.jinja"
    if FileManager.default.fileExists(atPath: main) { try add("default", main) }
    let more = folder + "/additional_chat_templates"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: more)) ?? []
    for name in names.sorted() where name.hasSuffix(".jinja") {
      try add(String(name.dropLast(".jinja".count)), more + "/" + name)
    }
    return found
  }

  private static func field(_ folder: String) throws -> [(String, String, String)] {
    guard let fields = try configuration(folder), let value = fields.value("chat_template") else {
      return []
    }
    let path = fields.path + ": chat_template"
    if let text = value.string { return [("default", path, text)] }
    guard let list = value.array else {
      throw fields.wrong("chat_template", expected: "a text or a list of {name, template}")
    }
    return try list.map { item in
      guard let name = item.object?["name"]?.string, let text = item.object?["template"]?.string
      else {
        throw fields.wrong(
          "chat_template", expected: "{name, template} with two texts", found: item.kind)
      }
      return (name, "\(path) '\(name)'", text)
    }
  }

  private static func configuration(_ folder: String) throws -> FieldReader? {
    let path = "\(folder)/tokenizer_config.json"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    guard let object = try JSONValue(file: path).object else {
      throw ModelError.format(path: path, "expected a JSON object")
    }
    return FieldReader(path: path, object: object)
  }

  /// `bos_token` and the like, each a text or an object with its `content`.
  private static func specialTokens(_ folder: String) throws -> JSONObject {
    var tokens = JSONObject()
    for member in try configuration(folder)?.object.members ?? [] {
      guard member.name.hasSuffix("_token") else { continue }
      if let text = member.value.string ?? member.value.object?["content"]?.string {
        tokens[member.name] = .string(text)
      }
    }
    return tokens
  }

  /// A link may lead to another file of the folder, and in the hub's cache from `snapshots/X` to
  /// `blobs`; nowhere else.
  private static func check(_ path: String, inside folder: String) throws {
    func real(_ path: String) -> String {
      URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
    }
    let home = real(folder)
    var roots = [home]
    let parent = (home as NSString).deletingLastPathComponent
    if (parent as NSString).lastPathComponent == "snapshots" {
      roots.append((parent as NSString).deletingLastPathComponent + "/blobs")
    }
    let target = real(path)
    guard roots.contains(where: { target.hasPrefix($0 + "/") }) else {
      throw ModelError.format(
        path: path, "expected a file inside the model's folder, found a link to \(target)")
    }
  }

  private static func text(_ path: String) throws -> String {
    let file = try MappedFile(path: path)
    guard file.bytes.count <= sizeLimit else {
      throw ModelError.format(
        path: path, "expected a template of at most \(sizeLimit) bytes, found \(file.bytes.count)")
    }
    defer { withExtendedLifetime(file) {} }
    guard let text = String(validating: file.bytes, as: UTF8.self) else {
      throw ModelError.format(path: path, "expected UTF-8 text")
    }
    return text
  }
}
