/// The small patterns of tokenizer files: one class of characters, repeated. `\s+`, ` {2,}` or
/// `\p{N}{1,3}`, say.
struct ClassRun: Sendable, Equatable {
  enum Kind: String, Sendable, CaseIterable {
    case whiteSpace = #"\s"#
    case space = " "
    case number = #"\p{N}"#
    case decimal = #"\p{Nd}"#
    case digit = #"\d"#
    case asciiDigit = "[0-9]"
    case newline = #"\n"#
    case lineEnd = #"[\r\n]"#
  }

  /// Repetitions as the patterns write them, and how many they take.
  private static let counts: [(text: String, range: ClosedRange<Int>)] = [
    ("", 1...1), ("+", 1...Int.max), ("{2,}", 2...Int.max), ("{1,3}", 1...3),
  ]
  /// For messages.
  static let supported =
    #"one of \s, " ", \p{N}, \p{Nd}, \d, [0-9], \n, [\r\n], alone or with + {2,} {1,3}"#

  let kind: Kind
  let count: ClosedRange<Int>

  init?(_ pattern: String) {
    for kind in Kind.allCases {
      for count in Self.counts where pattern == kind.rawValue + count.text {
        self.kind = kind
        self.count = count.range
        return
      }
    }
    return nil
  }

  /// The bytes of the character at `i` when it is of the class, else 0.
  private func length(at i: Int, _ text: TextBytes) -> Int {
    let byte = text[i]
    switch kind {
    case .space: return byte == 0x20 ? 1 : 0
    case .asciiDigit: return byte >= 0x30 && byte <= 0x39 ? 1 : 0
    case .newline: return byte == 0x0A ? 1 : 0
    case .lineEnd: return byte == 0x0A || byte == 0x0D ? 1 : 0
    case .whiteSpace: return length(at: i, text, .space)
    case .number: return length(at: i, text, .number)
    case .decimal, .digit: return length(at: i, text, .decimal)
    }
  }

  private func length(at i: Int, _ text: TextBytes, _ flags: ScalarFlags) -> Int {
    let next = ScalarClasses.shared.at(i, in: text)
    return next.flags.isDisjoint(with: flags) ? 0 : next.length
  }

  /// The next match from `start` on: as many characters as it may take.
  func next(from start: Int, in text: TextBytes) -> Range<Int>? {
    var i = start
    while i < text.count {
      var end = i
      var taken = 0
      while taken < count.upperBound && end < text.count {
        let length = length(at: end, text)
        if length == 0 { break }
        end += length
        taken += 1
      }
      if taken >= count.lowerBound { return i..<end }
      i = taken > 0 ? end : i + scalarValue(at: i, in: text).length
    }
    return nil
  }
}
