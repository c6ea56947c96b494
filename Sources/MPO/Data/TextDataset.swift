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

/// Data of `magnetic sft`: rows `{"text": "..."}`, `{"messages": [...]}` or `{"prompt", "completion"}`,
/// LLaMA-Factory's alpaca and sharegpt layouts, or a file of plain text. That is one text, or several
/// where lines `<|endoftext|>` part them; blank lines are part of a text.
public enum TextDataset {
  public static let separator = "<|endoftext|>"

  /// - Throws: `DataError`, `ConfigurationError`; a malformed example's when that one is decoded.
  public static func examples(
    _ settings: DatasetSettings, split: DataSplit = .train
  ) throws -> Examples<TrainingText> {
    try Examples(settings, split, .texts) { row, decoder in try decoder.text(row) }
  }

  /// All texts in the file's order.
  /// - Throws: `DataError`; an empty text is an error.
  public static func read(_ path: String) throws -> [TrainingText] {
    try examples(DatasetSettings(name: path)).all().map(\.example)
  }

  /// Whether a file is plain text: by its name, and where that tells nothing, unless it begins like a
  /// JSON object.
  static func isPlain(_ path: String) throws -> Bool {
    var name = path.lowercased()
    if name.hasSuffix(".gz") { name.removeLast(3) }
    if name.hasSuffix(".txt") { return true }
    if name.hasSuffix(".jsonl") || name.hasSuffix(".json") { return false }
    let head = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
    defer { head.deallocate() }
    let count = try OpenFile(path).read(at: 0, into: head)
    if head[..<count].starts(with: [0x1f, 0x8b]) { return false }
    let first = head[..<count].first { $0 > 0x20 && ![0xEF, 0xBB, 0xBF].contains($0) }
    return first != UInt8(ascii: "{")
  }
}
