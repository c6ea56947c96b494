/// The `pre_tokenizer` of a tokenizer.json: cuts a text into the pieces within which the model
/// works. No stage: the text is one piece.
struct PreTokenizer: Sendable {
  enum Stage: Sendable {
    /// GPT-2's pattern (or no cut), after a space was put before a text that has none. The bytes
    /// are then the model's symbols.
    case byteLevel(addPrefixSpace: Bool, useRegex: Bool)
    case cut(Cut, SplitBehavior, invert: Bool)
    case metaspace(Metaspace)
  }

  /// What a text is cut at.
  enum Cut: Sendable {
    case pattern(SplitPattern)
    /// Each character that has one of the flags.
    case flags(ScalarFlags)
    /// `\w+|[^\w\s]+`
    case words
  }

  let stages: [Stage]

  /// Whether the model's symbols are bytes.
  var isByteLevel: Bool {
    if case .byteLevel = stages.last { return true }
    return false
  }

  init(_ fields: FieldReader?) throws {
    stages = try fields.map { try Self.stages($0) } ?? []
    try fields?.limit(stages.count, "pre_tokenizer")
    for stage in stages.dropLast() {
      if case .byteLevel = stage, let fields {
        throw ModelError.unsupported(
          path: fields.path, "pre_tokenizer: ByteLevel is supported only as the last of a Sequence")
      }
    }
  }

  /// Calls `body` with the pieces in order, none empty. `isFirst`: the text begins where the whole
  /// text began.
  func split(_ text: TextBytes, isFirst: Bool, stage: Int = 0, _ body: (TextBytes) -> Void) {
    guard !text.isEmpty else { return }
    guard stage < stages.count else { return body(text) }
    switch stages[stage] {
    case .byteLevel(let addPrefixSpace, let useRegex):
      guard addPrefixSpace && text[0] != 0x20 else {
        return scan(text, useRegex: useRegex, body)
      }
      ([0x20] + Array(text)).withUnsafeBufferPointer { scan($0, useRegex: useRegex, body) }
    case .cut(let cut, let behavior, let invert):
      var collector = SplitCollector(behavior)
      func next(_ range: Range<Int>) {
        split(
          TextBytes(rebasing: text[range]), isFirst: isFirst && range.lowerBound == 0,
          stage: stage + 1, body)
      }
      cut.forEach(in: text) { collector.add($0, isMatch: $1 != invert, next) }
      collector.finish(next)
    case .metaspace(let metaspace):
      metaspace.apply(text, isFirst: isFirst) { piece, isFirst in
        split(piece, isFirst: isFirst, stage: stage + 1, body)
      }
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
}

extension PreTokenizer.Cut {
  /// Calls `body` with the stretches of the text in order, and whether each is a match.
  func forEach(in text: TextBytes, _ body: (Range<Int>, Bool) -> Void) {
    var done = 0
    while let match = next(from: done, in: text) {
      if match.lowerBound > done { body(done..<match.lowerBound, false) }
      body(match, true)
      done = match.upperBound
    }
    if done < text.count { body(done..<text.count, false) }
  }

  private func next(from start: Int, in text: TextBytes) -> Range<Int>? {
    let classes = ScalarClasses.shared
    if case .pattern(let pattern) = self { return pattern.next(from: start, in: text) }
    var i = start
    while i < text.count {
      let next = classes.at(i, in: text)
      switch self {
      case .flags(let flags):
        if !next.flags.isDisjoint(with: flags) { return i..<(i + next.length) }
      default:
        if next.flags.contains(.word) { return i..<classes.end(of: .word, from: i, in: text) }
        if !next.flags.contains(.space) { return i..<endOfSymbols(from: i, in: text) }
      }
      i += next.length
    }
    return nil
  }

  /// `[^\w\s]+`
  private func endOfSymbols(from start: Int, in text: TextBytes) -> Int {
    var i = start
    while i < text.count {
      let next = ScalarClasses.shared.at(i, in: text)
      if !next.flags.isDisjoint(with: [.word, .space]) { break }
      i += next.length
    }
    return i
  }
}

extension Metaspace {
  /// Calls `body` with the pieces and whether each begins the whole text.
  func apply(_ text: TextBytes, isFirst: Bool, _ body: (TextBytes, Bool) -> Void) {
    let pattern = SplitPattern.literal([0x20])
    var bytes = pattern.replacing(in: Array(text), with: mark).bytes
    let prepends = prefix == .always || (prefix == .first && isFirst)
    if prepends && !bytes.starts(with: mark) { bytes.insert(contentsOf: mark, at: 0) }
    bytes.withUnsafeBufferPointer { text in
      guard split else { return body(text, isFirst) }
      var collector = SplitCollector(.mergedWithNext)
      func emit(_ range: Range<Int>) {
        body(TextBytes(rebasing: text[range]), isFirst && range.lowerBound == 0)
      }
      PreTokenizer.Cut.pattern(.literal(mark)).forEach(in: text) {
        collector.add($0, isMatch: $1, emit)
      }
      collector.finish(emit)
    }
  }
}
