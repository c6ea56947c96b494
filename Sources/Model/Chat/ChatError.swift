/// Why a conversation did not become text or tokens.
public enum ChatError: Error, Equatable, CustomStringConvertible {
  /// The folder has no chat template.
  case noTemplate(folder: String)
  /// A template asked for by name is not among those there are.
  case unknownTemplate(folder: String, name: String, known: [String])
  /// Not a list of messages.
  case messages(String)
  /// The assistant's tokens cannot be told from the others.
  case mask(String)

  public var description: String {
    switch self {
    case .noTemplate(let folder):
      return "\(folder): the model has no chat template (chat_template.jinja, or the field in "
        + "tokenizer_config.json); give one with --chat-template FILE, or write plain text"
    case .unknownTemplate(let folder, let name, let known):
      return "\(folder): no chat template '\(name)'; there are: \(known.joined(separator: ", "))"
    case .messages(let text), .mask(let text): return text
    }
  }
}
