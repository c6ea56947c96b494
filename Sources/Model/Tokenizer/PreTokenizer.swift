/// The `pre_tokenizer` of a tokenizer.json: cuts a text into the pieces within which the model
/// merges. No stage: the text is one piece.
struct PreTokenizer: Sendable {
  enum Stage: Sendable, Equatable {
    /// Runs of numbers apart from the rest, or each number alone.
    case digits(individual: Bool)
    /// GPT-2's pattern (or no cut), after a space was put before a text that has none. The bytes
    /// are then the model's symbols.
    case byteLevel(addPrefixSpace: Bool, useRegex: Bool)
  }

  let stages: [Stage]

  /// Whether the model's symbols are bytes.
  var isByteLevel: Bool {
    if case .byteLevel = stages.last { return true }
    return false
  }

  init(_ fields: FieldReader?) throws {
    stages = try fields.map { try Self.stages($0) } ?? []
    for stage in stages.dropLast() {
      if case .byteLevel = stage, let fields {
        throw ModelError.unsupported(
          path: fields.path, "pre_tokenizer: ByteLevel is supported only as the last of a Sequence")
      }
    }
  }

  private static func stages(_ fields: FieldReader) throws -> [Stage] {
    let type = try fields.string("type")
    switch type {
    case "Sequence": return try fields.readers("pretokenizers").flatMap { try stages($0) }
    case "Digits":
      return [.digits(individual: try fields.optionalBool("individual_digits") ?? false)]
    case "ByteLevel":
      return [
        .byteLevel(
          addPrefixSpace: try fields.optionalBool("add_prefix_space") ?? true,
          useRegex: try fields.optionalBool("use_regex") ?? true)
      ]
    default:
      throw ModelError.unsupported(
        path: fields.path,
        "pre_tokenizer '\(type)' is not supported; supported are ByteLevel, Digits, Sequence")
    }
  }

  /// Calls `body` with the pieces in order; empty texts have none.
  func split(_ text: TextBytes, stage: Int = 0, _ body: (TextBytes) -> Void) {
    guard !text.isEmpty else { return }
    guard stage < stages.count else { return body(text) }
    switch stages[stage] {
    case .digits(let individual):
      splitDigits(text, individual: individual) { split($0, stage: stage + 1, body) }
    case .byteLevel(let addPrefixSpace, let useRegex):
      guard !addPrefixSpace || text[0] == 0x20 else {
        return ([0x20] + Array(text)).withUnsafeBufferPointer {
          scan($0, useRegex: useRegex, body)
        }
      }
      scan(text, useRegex: useRegex, body)
    }
  }

  private func scan(_ text: TextBytes, useRegex: Bool, _ body: (TextBytes) -> Void) {
    guard useRegex else { return body(text) }
    let scanner = GPT2Scanner()
    var start = 0
    while start < text.count {
      let end = scanner.end(from: start, in: text)
      body(TextBytes(rebasing: text[start..<end]))
      start = end
    }
  }

  private func splitDigits(
    _ text: TextBytes, individual: Bool, _ body: (TextBytes) -> Void
  ) {
    let classes = ScalarClasses.shared
    var start = 0
    var inNumber = false
    var i = 0
    while i < text.count {
      let next = classes.at(i, in: text)
      let isNumber = next.kind == .number
      if i > start && (isNumber != inNumber || (isNumber && individual)) {
        body(TextBytes(rebasing: text[start..<i]))
        start = i
      }
      inNumber = isNumber
      i += next.length
    }
    if start < text.count { body(TextBytes(rebasing: text[start...])) }
  }
}
