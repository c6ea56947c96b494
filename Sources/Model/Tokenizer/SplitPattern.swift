/// The `pattern` of a Split or Replace: a text, or one of the regular expressions that are known
/// by their wording. There is no general engine.
enum SplitPattern: Sendable {
  case literal([UInt8])
  case run(ClassRun)
  case gpt2(GPT2Scanner)
  case tiktoken(TiktokenScanner)

  /// Patterns that match every character by something.
  private static let scanners: [(name: String, pattern: String, scanner: SplitPattern)] = [
    ("GPT-2", GPT2Scanner.pattern, .gpt2(GPT2Scanner())),
    (
      "Llama 3",
      contraction + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"# + spaces,
      .tiktoken(TiktokenScanner(words: .plain, numbers: 3))
    ),
    (
      "Qwen 2/2.5/3",
      contraction + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"# + spaces,
      .tiktoken(TiktokenScanner(words: .plain, numbers: 1))
    ),
    (
      "Qwen 3.5",
      contraction + #"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"#
        + spaces,
      .tiktoken(TiktokenScanner(words: .withMarks, numbers: 1))
    ),
    (
      "GPT-4o",
      small + contraction + "?|" + capital + contraction
        + #"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*"# + spaces,
      .tiktoken(TiktokenScanner(words: .casedWithContraction, numbers: 3))
    ),
    (
      "Tekken", small + "|" + capital + #"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*"# + spaces,
      .tiktoken(TiktokenScanner(words: .cased, numbers: 1))
    ),
  ]
  private static let contraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
  private static let spaces = #"|\s*[\r\n]+|\s+(?!\S)|\s+"#
  private static let small =
    #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"#
  private static let capital =
    #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"#

  /// Reads {"String": text} or {"Regex": pattern}.
  init(_ fields: FieldReader) throws {
    if let text = try fields.optionalString("String") {
      guard !text.isEmpty else { throw fields.wrong("String", expected: "a text with characters") }
      self = .literal(Array(text.utf8))
      return
    }
    let pattern = try fields.string("Regex")
    if let run = ClassRun(pattern) {
      self = .run(run)
    } else if let known = Self.scanners.first(where: { $0.pattern == pattern }) {
      self = known.scanner
    } else {
      let names = Self.scanners.map(\.name).joined(separator: ", ")
      throw ModelError.unsupported(
        path: fields.path,
        "\(fields.prefix)Regex: the pattern '\(pattern.debugDescription)' is not supported;"
          + " supported are the split patterns of \(names), and \(ClassRun.supported)")
    }
  }

  /// The first match at or after `start`, which is at a character.
  func next(from start: Int, in text: TextBytes) -> Range<Int>? {
    guard start < text.count else { return nil }
    switch self {
    case .literal(let literal): return find(literal, from: start, in: text)
    case .run(let run): return run.next(from: start, in: text)
    case .gpt2(let scanner): return start..<scanner.end(from: start, in: text)
    case .tiktoken(let scanner): return start..<scanner.end(from: start, in: text)
    }
  }

  /// Every match replaced, from left to right. `movesStart` tells whether one of the first
  /// character leaves the text to begin with a later character of the original.
  func replacing(
    in bytes: [UInt8], with content: [UInt8]
  ) -> (bytes: [UInt8], movesStart: Bool) {
    bytes.withUnsafeBufferPointer { text in
      guard var match = next(from: 0, in: text) else { return (bytes, false) }
      var movesStart = false
      if match.lowerBound == 0 {
        // What replaces several characters stands for the last of them.
        movesStart = content.isEmpty || scalarValue(at: 0, in: text).length < match.count
      }
      var result: [UInt8] = []
      result.reserveCapacity(bytes.count + bytes.count / 4)
      var done = 0
      while true {
        result.append(contentsOf: text[done..<match.lowerBound])
        result.append(contentsOf: content)
        done = match.upperBound
        guard let following = next(from: done, in: text) else { break }
        match = following
      }
      result.append(contentsOf: text[done...])
      return (result, movesStart)
    }
  }
}

/// The first occurrence of a text at or after `start`.
private func find(_ literal: [UInt8], from start: Int, in text: TextBytes) -> Range<Int>? {
  guard let first = literal.first else { return nil }
  var i = start
  while i + literal.count <= text.count {
    if text[i] == first {
      var k = 1
      while k < literal.count && text[i + k] == literal[k] { k += 1 }
      if k == literal.count { return i..<(i + k) }
    }
    i += 1
  }
  return nil
}
