import Foundation

/// Which tokens begin, end and pad a text, by `tokenizer_config.json`.
struct SpecialTokenRoles {
  var bos: Int32?
  var eos: Int32?
  var pad: Int32?
  var unknown: Int32?

  /// Without the file there are none. `find` gives a token's id; a token that has none throws.
  init(folder: String, find: (String) -> Int32?) throws {
    let path = "\(folder)/tokenizer_config.json"
    guard FileManager.default.fileExists(atPath: path) else { return }
    guard let object = try JSONValue(file: path).object else {
      throw ModelError.format(path: path, "expected a JSON object")
    }
    let fields = FieldReader(path: path, object: object)
    bos = try Self.id(fields, "bos_token", find)
    eos = try Self.id(fields, "eos_token", find)
    pad = try Self.id(fields, "pad_token", find)
    unknown = try Self.id(fields, "unk_token", find)
  }

  /// A token is a text, or an object with its `content`.
  private static func id(
    _ fields: FieldReader, _ name: String, _ find: (String) -> Int32?
  ) throws -> Int32? {
    guard let value = fields.value(name) else { return nil }
    let content =
      try value.object == nil
      ? fields.string(name) : fields.optionalObject(name)?.string("content")
    guard let content else { return nil }
    guard let id = find(content) else {
      throw ModelError.missing(
        path: fields.path, "\(name) '\(content)' is not a token of tokenizer.json")
    }
    return id
  }
}
