import Foundation
import MPOModel

/// One example of `magnetic sft`.
public enum TrainingText: Sendable, Equatable, ExpressibleByStringLiteral {
  case text(String)
  /// `messages`: the loss is on the assistant's tokens.
  case conversation(ChatTemplate.Input)
  /// `prompt` and `completion`, two texts or two lists: the loss is on the completion.
  case completion(prompt: String, String)
  case reply(ChatTemplate.Input, [JSONValue])

  public init(stringLiteral value: String) { self = .text(value) }
}

/// Data of `magnetic sft`: JSON lines `{"text": "..."}`, `{"messages": [...]}` or `{"prompt",
/// "completion"}`, or a .txt file. A .txt file is one text, or several where lines `<|endoftext|>`
/// part them; blank lines are part of a text.
public enum TextDataset {
  public static let separator = "<|endoftext|>"

  /// - Throws: `DataError`; an empty text is an error.
  public static func read(_ path: String) throws -> [TrainingText] {
    try numbered(path).map(\.text)
  }

  /// With the line of each; that of a .txt file's texts is unknown and 0.
  package static func numbered(_ path: String) throws -> [(line: Int, text: TrainingText)] {
    let file = try DataFile(path, what: "texts")
    let name = file.path.lowercased()
    let first = file.data.first { $0 > 0x20 && ![0xEF, 0xBB, 0xBF].contains($0) }
    // Whatever it is called, a file that begins like an object is JSON lines and no text to learn.
    if !name.hasSuffix(".txt"), first == UInt8(ascii: "{") || name.hasSuffix(".jsonl") {
      return try file.rows(expected: #"{"text": "..."}"#).map { ($0.line, try example($0)) }
    }
    guard var text = String(data: file.data, encoding: .utf8) else {
      throw DataError.format(path: file.path, "expected UTF-8 text")
    }
    if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
    let texts = split(text.replacing("\r\n", with: "\n"))
    guard !texts.isEmpty else { throw DataError.empty(path: file.path, "holds no text") }
    return texts.map { (0, .text($0)) }
  }

  private static func split(_ text: String) -> [String] {
    text.split(separator: separator).compactMap { part in
      let trimmed = part.trimmingCharacters(in: .newlines)
      return trimmed.contains { !$0.isWhitespace } ? trimmed : nil
    }
  }

  private static func example(_ row: DataRow) throws -> TrainingText {
    if row.has("text") {
      guard let text = row.object["text"]?.string else { throw row.wrong("text") }
      guard !text.isEmpty else { throw row.failure("'text' is empty") }
      return .text(text)
    }
    if row.has("messages") { return .conversation(try row.conversation(row.messages("messages"))) }
    guard row.has("prompt"), row.has("completion") else {
      let hint =
        row.has("chosen")
        ? " (of preference data, write the chosen answers as 'completion')"
        : (row.has("prompt") ? " (a 'prompt' needs its 'completion')" : "")
      throw row.failure(
        "no key 'text'; expected {\"text\": \"...\"}, {\"messages\": [...]} or "
          + "{\"prompt\": ..., \"completion\": ...}\(hint)")
    }
    switch try row.prompt("prompt") {
    case .text(let prompt):
      guard let completion = row.object["completion"]?.string else {
        throw row.failure("'completion' has the wrong type; expected a text, as 'prompt' is one")
      }
      guard !completion.isEmpty else { throw row.failure("'completion' is empty") }
      return .completion(prompt: prompt, completion)
    case .conversation(let prompt): return .reply(prompt, try row.messages("completion"))
    }
  }
}
