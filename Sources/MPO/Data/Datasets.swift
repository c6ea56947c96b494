import Foundation

// The three kinds of text that are read, each a plain array: prompts, texts, score inputs.

/// Self-play's input: JSON lines `{"prompt": "The sky is"}`; other keys are ignored.
public enum PromptDataset {
  private struct Line: Decodable {
    var prompt: Prompt
  }

  private enum Prompt: Decodable {
    case text(String)
    case messages
    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let text = try? container.decode(String.self) {
        self = .text(text)
      } else if (try? decoder.unkeyedContainer()) != nil {
        self = .messages
      } else {
        throw DecodingError.typeMismatch(
          String.self, .init(codingPath: decoder.codingPath, debugDescription: "expected text"))
      }
    }
  }

  /// All prompts in the file's order. An empty prompt is allowed (it starts from BOS).
  /// - Throws: `DataError`. A list of messages is refused: it needs the model's chat template.
  public static func read(_ path: String) throws -> [String] {
    let file = try DataFile(path, what: "prompts")
    return try file.records(Line.self, expected: #"{"prompt": "..."}"#).map { line, record in
      switch record.prompt {
      case .text(let text): return text
      case .messages:
        throw DataError.line(
          path: file.path, line: line,
          "the prompt is a list of messages, and chat templates are not supported yet; write each "
            + "prompt as one text, with the model's own markers")
      }
    }
  }
}

/// Language-modelling text: JSON lines `{"text": "..."}`, or a .txt file. A .txt file is one text,
/// or several where lines `<|endoftext|>` part them; blank lines are part of a text.
public enum TextDataset {
  private struct Line: Decodable {
    var text: String?
    var messages: Ignored?
    var prompt: Ignored?
  }

  private struct Ignored: Decodable {
    init(from decoder: any Decoder) throws {}
  }

  public static let separator = "<|endoftext|>"

  /// - Throws: `DataError`; an empty text is an error.
  public static func read(_ path: String) throws -> [String] {
    let file = try DataFile(path, what: "texts")
    let name = file.path.lowercased()
    let first = file.data.first { $0 > 0x20 && ![0xEF, 0xBB, 0xBF].contains($0) }
    // Whatever it is called, a file that begins like an object is JSON lines and no text to learn.
    if !name.hasSuffix(".txt"), first == UInt8(ascii: "{") || name.hasSuffix(".jsonl") {
      return try lines(file)
    }
    guard var text = String(data: file.data, encoding: .utf8) else {
      throw DataError.format(path: file.path, "expected UTF-8 text")
    }
    if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
    let texts = split(text.replacing("\r\n", with: "\n"))
    guard !texts.isEmpty else { throw DataError.empty(path: file.path, "holds no text") }
    return texts
  }

  private static func split(_ text: String) -> [String] {
    text.split(separator: separator).compactMap { part in
      let trimmed = part.trimmingCharacters(in: .newlines)
      return trimmed.contains { !$0.isWhitespace } ? trimmed : nil
    }
  }

  private static func lines(_ file: DataFile) throws -> [String] {
    try file.records(Line.self, expected: #"{"text": "..."}"#).map { line, record in
      if let text = record.text {
        guard !text.isEmpty else {
          throw DataError.line(path: file.path, line: line, "'text' is empty")
        }
        return text
      }
      if record.messages != nil {
        throw DataError.line(
          path: file.path, line: line,
          "a list of messages, and chat templates are not supported yet; write one 'text'")
      }
      let hint = record.prompt != nil ? " (join prompt and completion into one)" : ""
      throw DataError.line(
        path: file.path, line: line, "no key 'text'; expected {\"text\": \"...\"}\(hint)")
    }
  }
}

/// One line for `magnetic score`: `{"text": "..."}` or `{"input_ids": [1, 2]}`.
public enum ScoreInput: Sendable, Equatable {
  case text(String)
  case tokens([Int])

  private struct Line: Decodable {
    var text: String?
    var inputIds: [Int]?
    enum CodingKeys: String, CodingKey {
      case text
      case inputIds = "input_ids"
    }
  }

  /// - Throws: `DataError`; a negative or missing id and a line with both keys or neither are errors.
  public static func read(_ path: String) throws -> [ScoreInput] {
    let file = try DataFile(path, what: "texts")
    let expected = #"{"text": "..."} or {"input_ids": [...]}"#
    return try file.records(Line.self, expected: expected).map { line, record in
      switch (record.text, record.inputIds) {
      case (let text?, nil): return .text(text)
      case (nil, let ids?):
        if let bad = ids.first(where: { $0 < 0 }) {
          throw DataError.line(path: file.path, line: line, "'input_ids' holds \(bad)")
        }
        guard !ids.isEmpty else {
          throw DataError.line(path: file.path, line: line, "'input_ids' is empty")
        }
        return .tokens(ids)
      case (.some, .some):
        throw DataError.line(
          path: file.path, line: line, "both 'text' and 'input_ids'; expected one of them")
      case (nil, nil):
        throw DataError.line(path: file.path, line: line, "expected \(expected)")
      }
    }
  }
}
