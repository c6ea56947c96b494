/// Where the rows of a file begin: 8 bytes a row.
struct RowIndex: Sendable {
  /// Blocks, so that growing never holds the list twice.
  private var blocks: [[Int]] = []
  private(set) var count = 0
  /// Runs of rows between blank lines: the run's first row, and the blank lines before it.
  private var gaps: [(row: Int, blank: Int)] = []
  /// What a row is.
  var unit = DataPlace.Unit.line
  /// Where the last row's part ends.
  var end = 0

  private static let blockSize = 1 << 16

  /// - Parameter line: of the row, from 1.
  mutating func append(_ start: Int, line: Int) {
    if count % Self.blockSize == 0 {
      var block: [Int] = []
      block.reserveCapacity(count == 0 ? 64 : Self.blockSize)
      blocks.append(block)
    }
    blocks[blocks.count - 1].append(start)
    let blank = line - 1 - count
    if blank != gaps.last?.blank ?? 0 { gaps.append((count, blank)) }
    count += 1
  }

  func start(_ row: Int) -> Int {
    row < count ? blocks[row / Self.blockSize][row % Self.blockSize] : end
  }

  /// The row and what parts it from the next.
  func part(_ row: Int) -> Range<Int> { start(row)..<start(row + 1) }

  /// The line of a row, or its place in the array, from 1.
  func number(_ row: Int) -> Int {
    var low = 0
    var high = gaps.count
    while low < high {
      let middle = (low + high) / 2
      if gaps[middle].row <= row { low = middle + 1 } else { high = middle }
    }
    return row + 1 + (low > 0 ? gaps[low - 1].blank : 0)
  }
}

/// Finds the rows of JSON lines, the elements of one JSON array, or texts with `<|endoftext|>` between
/// them, in a file that comes in parts. Only where rows begin and end is decided here; what is wrong inside one is told when it is read.
struct RowIndexer {
  private(set) var index = RowIndex()
  private let path: String
  private var position = 0
  private var line = 1
  private var state = State.undecided

  private enum State: Equatable {
    /// Before the first byte that tells lines from an array.
    case undecided
    /// Before the content of a line.
    case lineStart
    case inLine
    /// Of an array: before an element (after the bracket or a comma), in one, behind the last.
    case beforeElement(afterComma: Bool)
    case inElement(depth: Int, inText: Bool, isEscaped: Bool)
    case afterArray
    /// Plain text: bytes of the separator that match so far, the place of the text's first byte
    /// that is no line end, whether the text is a row yet (it has more than white space).
    case inText(matched: Int, start: Int?, isRow: Bool)
  }

  /// Bytes of the longest row; a longer one is no row of data.
  static let longestRow = 1 << 28
  static let separator = Array(TextDataset.separator.utf8)

  init(path: String, isText: Bool) {
    self.path = path
    guard isText else { return }
    index.unit = .text
    state = .inText(matched: 0, start: nil, isRow: false)
  }

  mutating func add(_ part: UnsafeRawBufferPointer) throws {
    var i = 0
    while i < part.count {
      switch state {
      case .undecided: decide(part[i], &i)
      case .lineStart, .inLine: lines(part, &i)
      case .inText: texts(part, &i)
      default: try elements(part, &i)
      }
    }
    position += part.count
    if index.count > 0, position - index.start(index.count - 1) > Self.longestRow, isInRow {
      throw Self.tooLong(place)
    }
  }

  static func tooLong(_ place: DataPlace) -> DataError {
    let hint = place.unit == .text ? "; part the text by lines \(TextDataset.separator)" : ""
    return place.failure("longer than \(longestRow >> 20) MiB\(hint)")
  }

  /// - Throws: `DataError` where an array has no end.
  mutating func finish() throws -> RowIndex {
    if case .inText(1..., let start?, false) = state {
      index.append(start, line: index.count + 1)
    }
    if index.unit != .element { index.end = position }
    guard index.unit == .element, state != .afterArray else { return index }
    throw place.failure("the file ends inside the JSON array; it is cut off, or lacks its ']'")
  }

  private var isInRow: Bool {
    switch state {
    case .inLine, .inElement: return true
    case .inText(_, _, let isRow): return isRow
    default: return false
    }
  }

  /// Of the last row that began.
  private var place: DataPlace {
    let number = index.count > 0 ? index.number(index.count - 1) : 1
    return DataPlace(path: path, number: number, unit: index.unit)
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

  private mutating func decide(_ byte: UInt8, _ i: inout Int) {
    // A byte-order mark, whose bytes begin no JSON.
    if [0xEF, 0xBB, 0xBF].contains(byte), position + i < 3 {
      i += 1
    } else if byte == UInt8(ascii: "[") {
      index.unit = .element
      state = .beforeElement(afterComma: false)
      i += 1
    } else if Self.isSpace(byte) {
      if byte == 10 { line += 1 }
      i += 1
    } else {
      state = .lineStart
    }
  }

  private mutating func lines(_ part: UnsafeRawBufferPointer, _ i: inout Int) {
    while i < part.count {
      if state == .lineStart {
        let byte = part[i]
        if Self.isSpace(byte) {
          if byte == 10 { line += 1 }
          i += 1
          continue
        }
        index.append(position + i, line: line)
        state = .inLine
      }
      guard let end = part[i...].firstIndex(of: 10) else {
        i = part.count
        return
      }
      line += 1
      i = end + 1
      state = .lineStart
    }
  }

  private mutating func texts(_ part: UnsafeRawBufferPointer, _ i: inout Int) {
    guard case .inText(var matched, var start, var isRow) = state else { return }
    for offset in i..<part.count {
      let byte = part[offset]
      if position + offset < 3, [0xEF, 0xBB, 0xBF].contains(byte) { continue }
      // The separator's first byte is nowhere else in it, so a mismatch can only begin it anew.
      let before = matched
      matched =
        byte == Self.separator[matched] ? matched + 1 : byte == Self.separator[0] ? 1 : 0
      if start == nil, byte != 10, byte != 13 { start = position + offset }
      guard matched < Self.separator.count else {
        (matched, start, isRow) = (0, nil, false)
        continue
      }
      // A byte that may belong to a separator makes no row before it is known not to.
      let isText = matched == 0 && !Self.isSpace(byte) || matched <= before && before > 0
      if !isRow, isText, let start {
        index.append(start, line: index.count + 1)
        isRow = true
      }
    }
    i = part.count
    state = .inText(matched: matched, start: start, isRow: isRow)
  }

  private mutating func elements(_ part: UnsafeRawBufferPointer, _ i: inout Int) throws {
    while i < part.count {
      let byte = part[i]
      switch state {
      case .beforeElement(let afterComma):
        if Self.isSpace(byte) { break }
        if byte == UInt8(ascii: "]"), !afterComma {
          index.end = position + i
          state = .afterArray
          break
        }
        index.append(position + i, line: index.count + 1)
        guard byte != UInt8(ascii: ","), byte != UInt8(ascii: "]") else {
          throw place.failure("expected an element, found '\(Character(UnicodeScalar(byte)))'")
        }
        state = .inElement(depth: 0, inText: false, isEscaped: false)
        continue
      case .inElement:
        inElement(part, &i)
        continue
      default:
        guard Self.isSpace(byte) else {
          throw DataError.format(
            path: path, "text follows the end of the JSON array; expected one array, or JSON lines")
        }
      }
      i += 1
    }
  }

  /// Inside an element: brackets that are not part of a text are counted.
  private mutating func inElement(_ part: UnsafeRawBufferPointer, _ i: inout Int) {
    guard case .inElement(var depth, var inText, var isEscaped) = state else { return }
    defer {
      if case .inElement = state {
        state = .inElement(depth: depth, inText: inText, isEscaped: isEscaped)
      }
    }
    while i < part.count {
      let byte = part[i]
      i += 1
      if inText {
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
          inText = false
        }
        continue
      }
      switch byte {
      case UInt8(ascii: "\""): inText = true
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"): depth = max(0, depth - 1)
      case UInt8(ascii: "]") where depth > 0: depth -= 1
      case UInt8(ascii: "]"):
        index.end = position + i - 1
        state = .afterArray
        return
      case UInt8(ascii: ",") where depth == 0:
        state = .beforeElement(afterComma: true)
        return
      default: break
      }
    }
  }
}
