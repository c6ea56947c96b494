import Foundation

/// A conversation's ids and which of them the assistant wrote.
public struct ChatTokens: Sendable, Equatable {
  public var ids: [Int32]
  /// One for each id.
  public var isAssistant: [Bool]
}

extension ChatTemplate {
  /// The ids of a conversation. The rendered text holds its special tokens itself, so none are added.
  public func ids(
    _ input: Input, addGenerationPrompt: Bool = false, tokenizer: Tokenizer, now: Date = Date()
  ) throws -> [Int32] {
    tokenizer.encode(
      try render(input, addGenerationPrompt: addGenerationPrompt, now: now),
      addSpecialTokens: false)
  }

  /// The ids and the assistant's mask. Where the template has `{% generation %}` blocks the mask is
  /// what they wrote; otherwise, for every assistant message, what the conversation up to and with
  /// it has beyond the conversation before it with the generation prompt. A token that lies across
  /// an edge counts as the assistant's.
  /// - Throws: `ChatError.mask` where those texts are not beginnings of the whole (a template that
  ///   rewrites earlier turns), with the message's number.
  public func tokenize(
    _ input: Input, tokenizer: Tokenizer, now: Date = Date()
  ) throws -> ChatTokens {
    let whole = try rendering(input, false, name: nil, now: now)
    let template = try template(nil, hasTools: input.tools != nil)
    let ranges: [Range<Int>]
    if template.hasGeneration {
      guard !whole.hasUnplacedGeneration else {
        throw ChatError.mask(
          "\(template.name): a 'generation' block inside a macro or a captured text: its place in "
            + "the conversation is unknown")
      }
      ranges = whole.generated
    } else {
      ranges = try prefixRanges(input, whole.text, now: now)
    }
    return Self.tokens(whole.text, ranges, tokenizer)
  }

  private func prefixRanges(
    _ input: Input, _ whole: String, now: Date
  ) throws -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    for (i, message) in input.messages.enumerated()
    where message.object?["role"]?.string == "assistant" {
      var part = input
      part.messages = Array(input.messages[..<i])
      let before = try render(part, addGenerationPrompt: true, now: now)
      part.messages.append(message)
      let with = try render(part, now: now)
      guard whole.utf8.starts(with: before.utf8), whole.utf8.starts(with: with.utf8),
        before.utf8.count <= with.utf8.count
      else {
        throw ChatError.mask(
          "message \(i + 1): which tokens the assistant wrote is unknown: the conversation up to it "
            + "is no beginning of the whole (the template rewrites earlier turns). Use a template "
            + "with {% generation %} blocks, or split the conversation so that it ends there")
      }
      ranges.append(before.utf8.count..<with.utf8.count)
    }
    return ranges
  }

  /// Where byte offsets fall among the ids: the ids that the text up to there shares with the whole.
  static func tokens(_ text: String, _ ranges: [Range<Int>], _ tokenizer: Tokenizer) -> ChatTokens {
    let ids = tokenizer.encode(text, addSpecialTokens: false)
    var mask = [Bool](repeating: false, count: ids.count)
    let bytes = Array(text.utf8)
    func place(_ offset: Int) -> (shared: Int, isExact: Bool) {
      let part = tokenizer.encode(
        String(decoding: bytes[..<offset], as: UTF8.self), addSpecialTokens: false)
      let shared = zip(part, ids).prefix { $0 == $1 }.count
      return (shared, shared == part.count)
    }
    for range in ranges where !range.isEmpty {
      let first = place(range.lowerBound).shared
      let last = place(range.upperBound)
      for i in first..<max(first, min(ids.count, last.isExact ? last.shared : last.shared + 1)) {
        mask[i] = true
      }
    }
    return ChatTokens(ids: ids, isAssistant: mask)
  }
}
