import MPOModel

/// Where the prompt ends that two texts begin with.
enum TranscriptSplit {
  static let human = Array("\n\nHuman:".utf8)
  static let assistant = Array("\n\nAssistant:".utf8)

  /// The prompt and what follows it in either text.
  ///
  /// Of HH-RLHF's transcripts (`\n\nHuman: ...\n\nAssistant: ...`) it ends with the last
  /// `\n\nAssistant:` that both share, whatever the answers then have in common. Of other texts it ends
  /// with the last whole word that both share, without the space behind it (TRL cuts where the first
  /// letters differ, inside a word).
  /// - Throws: text for a message, where there is no such prompt.
  static func split(
    _ chosen: String, _ rejected: String
  ) throws(SplitFailure) -> (prompt: String, chosen: String, rejected: String) {
    let a = Array(chosen.utf8)
    let b = Array(rejected.utf8)
    let shared = zip(a, b).prefix { $0 == $1 }.count
    let end: Int
    if isTranscript(a), isTranscript(b) {
      guard let place = last(assistant, in: a[..<shared]) else {
        throw SplitFailure("the transcripts share no turn that ends with \"\\n\\nAssistant:\"")
      }
      end = place + assistant.count
    } else {
      end = wordEnd(a, b, shared)
      guard end > 0, end < max(a.count, b.count) else {
        throw SplitFailure(
          end > 0
            ? "'chosen' and 'rejected' are the same text, so that no prompt can be told"
            : "'chosen' and 'rejected' begin with no word in common that could be the prompt; "
              + "expected a key 'prompt'")
      }
    }
    func text(_ part: ArraySlice<UInt8>) -> String { String(decoding: part, as: UTF8.self) }
    return (text(a[..<end]), text(a[end...]), text(b[end...]))
  }

  struct SplitFailure: Error {
    let text: String
    init(_ text: String) { self.text = text }
  }

  /// Begins with a human's turn.
  static func isTranscript(_ text: [UInt8]) -> Bool {
    text.drop { $0 <= 32 }.starts(with: human.drop { $0 <= 32 })
  }

  private static func wordEnd(_ a: [UInt8], _ b: [UInt8], _ shared: Int) -> Int {
    func isEdge(_ text: [UInt8]) -> Bool { shared == text.count || text[shared] <= 32 }
    var end = shared
    if !(isEdge(a) && isEdge(b)) { while end > 0, a[end - 1] > 32 { end -= 1 } }
    if end > 0, a[end - 1] == UInt8(ascii: " "), end < max(a.count, b.count) { end -= 1 }
    return end
  }

  /// Where `wanted` begins first.
  static func first(_ wanted: [UInt8], in text: ArraySlice<UInt8>) -> Int? {
    var rest = text
    while let place = rest.firstIndex(of: wanted[0]) {
      if text[place...].starts(with: wanted) { return place }
      rest = text[(place + 1)...]
    }
    return nil
  }

  private static func last(_ wanted: [UInt8], in text: ArraySlice<UInt8>) -> Int? {
    guard text.count >= wanted.count else { return nil }
    return (text.startIndex...(text.endIndex - wanted.count)).last {
      text[$0] == 10 && text[$0..<($0 + wanted.count)].elementsEqual(wanted)
    }
  }

  /// A transcript as messages, without the spaces around them; an answer (what follows
  /// `\n\nAssistant:`) begins with the assistant's.
  static func messages(_ text: String, isAnswer: Bool) -> [JSONValue] {
    let bytes = Array(text.utf8)
    var result: [JSONValue] = []
    var role = isAnswer ? "assistant" : ""
    var start = 0
    func close(_ end: Int) {
      guard !role.isEmpty else { return }
      let part = String(decoding: bytes[start..<end], as: UTF8.self)
      result.append(Self.message(role, part.trimmingSpace))
    }
    var i = 0
    while i < bytes.count {
      let rest = bytes[i...]
      let isHuman =
        rest.starts(with: human) || (i == 0 && rest.starts(with: human.dropFirst(2)))
      if isHuman || rest.starts(with: assistant) {
        close(i)
        role = isHuman ? "user" : "assistant"
        let mark = bytes[i] == 10 ? 2 : 0
        start = i + mark + (isHuman ? human.count : assistant.count) - 2
        i = start
      } else {
        i += 1
      }
    }
    close(bytes.count)
    return result
  }

  static func message(_ role: String, _ content: String) -> JSONValue {
    .object(
      JSONObject([
        .init(name: "role", value: .string(role)), .init(name: "content", value: .string(content)),
      ]))
  }
}

extension String {
  /// Without white space at both ends.
  var trimmingSpace: String {
    let scalars = unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    return String(scalars[first...last])
  }
}
