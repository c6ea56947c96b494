/// What becomes of a pattern's matches when a text is cut at them (huggingface/tokenizers,
/// `SplitDelimiterBehavior`). "a--b" at "-":
enum SplitBehavior: String, Sendable, CaseIterable {
  /// a, b
  case removed = "Removed"
  /// a, -, -, b
  case isolated = "Isolated"
  /// a-, -, b
  case mergedWithPrevious = "MergedWithPrevious"
  /// a, -, -b
  case mergedWithNext = "MergedWithNext"
  /// a, --, b
  case contiguous = "Contiguous"

  init(_ fields: FieldReader, _ name: String = "behavior") throws {
    let text = try fields.string(name)
    // The constructor's spelling is accepted as well, "merged_with_next".
    let plain = text.lowercased().filter { $0 != "_" }
    guard let found = Self.allCases.first(where: { $0.rawValue.lowercased() == plain }) else {
      let names = Self.allCases.map(\.rawValue).joined(separator: ", ")
      throw fields.wrong(name, expected: "one of \(names)", found: "'\(text)'")
    }
    self = found
  }
}

/// Takes the stretches of a text, matches or not, in order and gives the pieces that a behaviour
/// makes of them.
struct SplitCollector {
  let behavior: SplitBehavior
  private var pending: Range<Int>?
  private var previousMatched = false

  init(_ behavior: SplitBehavior) { self.behavior = behavior }

  mutating func add(_ range: Range<Int>, isMatch: Bool, _ body: (Range<Int>) -> Void) {
    guard !range.isEmpty else { return }
    switch behavior {
    case .isolated: body(range)
    case .removed: if !isMatch { body(range) }
    case .contiguous: join(range, isMatch == previousMatched, body)
    case .mergedWithPrevious: join(range, isMatch && !previousMatched, body)
    case .mergedWithNext: join(range, !isMatch && previousMatched, body)
    }
    previousMatched = isMatch
  }

  private mutating func join(_ range: Range<Int>, _ joins: Bool, _ body: (Range<Int>) -> Void) {
    if let held = pending, joins {
      pending = held.lowerBound..<range.upperBound
    } else {
      finish(body)
      pending = range
    }
  }

  /// After the last stretch.
  mutating func finish(_ body: (Range<Int>) -> Void) {
    if let held = pending { body(held) }
    pending = nil
  }
}
