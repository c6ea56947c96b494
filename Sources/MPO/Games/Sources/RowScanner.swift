/// Reads the rows of a table from its bytes, one at a time; `TableFile` says what it accepts.
struct RowScanner {
  let path: String
  let bytes: UnsafeRawBufferPointer
  let separator: TableFile.Separator
  var skipsComments = true
  private(set) var position = 0
  private(set) var line = 1

  init(path: String, bytes: UnsafeRawBufferPointer, separator: TableFile.Separator) {
    self.path = path
    self.bytes = bytes
    self.separator = separator
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
  }

  /// The next row with anything in it, nil at the end.
  /// - Throws: `DataError.line`.
  mutating func next() throws -> TableRow? {
    skipToContent()
    guard position < bytes.count else { return nil }
    let start = line
    var fields: [String] = []
    while true {
      if separator == .spaces {
        skipSpaces()
        if atLineEnd, !fields.isEmpty { break }
      }
      guard fields.count < TableFile.maximumFields else {
        throw error(
          "more than \(TableFile.maximumFields) columns; a game may have "
            + "\(PreferenceGame.maximumCount) players")
      }
      fields.append(try field())
      if atLineEnd { break }
      if separator != .spaces { position += 1 }
    }
    endLine()
    return TableRow(line: start, fields: fields)
  }

  /// Passes over lines that are blank or comments, to the start of a line that is neither.
  mutating func skipToContent() {
    while position < bytes.count {
      let start = position
      while position < bytes.count, bytes[position] == 32 || bytes[position] == 9 { position += 1 }
      if skipsComments, position < bytes.count, bytes[position] == UInt8(ascii: "#") {
        while !atLineEnd { position += 1 }
      }
      guard atLineEnd else {
        position = start
        return
      }
      endLine()
    }
  }

  private var atLineEnd: Bool {
    position >= bytes.count || bytes[position] == 10 || bytes[position] == 13
  }

  private var atSeparator: Bool {
    guard position < bytes.count else { return false }
    switch separator {
    case .comma: return bytes[position] == UInt8(ascii: ",")
    case .tab: return bytes[position] == 9
    case .spaces: return bytes[position] == 32 || bytes[position] == 9
    }
  }

  private func isNewline(_ index: Int) -> Bool { index < bytes.count && bytes[index] == 10 }

  private mutating func endLine() {
    guard position < bytes.count else { return }
    position += bytes[position] == 13 && isNewline(position + 1) ? 2 : 1
    line += 1
  }

  private mutating func skipSpaces() {
    while position < bytes.count,
      bytes[position] == 32 || (bytes[position] == 9 && separator != .tab)
    {
      position += 1
    }
  }

  /// One field, up to the separator or the line's end after it.
  private mutating func field() throws -> String {
    skipSpaces()
    if position < bytes.count, bytes[position] == UInt8(ascii: "\"") { return try quotedField() }
    let start = position
    var end = position
    while !atLineEnd, !atSeparator {
      guard bytes[position] != UInt8(ascii: "\"") else {
        throw error(
          "a quote inside a field that does not begin with one; put the whole field in quotes and "
            + "double the quote inside")
      }
      position += 1
      if bytes[position - 1] != 32, bytes[position - 1] != 9 { end = position }
    }
    return try text(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
  }

  private mutating func quotedField() throws -> String {
    let opened = line
    var content: [UInt8] = []
    position += 1
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        position += 1
        guard position < bytes.count, bytes[position] == byte else {
          if separator != .spaces { skipSpaces() }
          guard atLineEnd || atSeparator else {
            throw error("text after the quote that closes a field; double a quote inside a field")
          }
          return try content.withUnsafeBytes { try text($0) }
        }
      } else if byte == 10 || (byte == 13 && !isNewline(position + 1)) {
        line += 1
      }
      content.append(byte)
      position += 1
    }
    line = opened
    throw error("a quote opens a field here and is never closed")
  }

  private func text(_ field: UnsafeRawBufferPointer) throws -> String {
    guard let text = String(validating: field, as: UTF8.self) else {
      throw error("not UTF-8; convert it: iconv -f LATIN1 -t UTF-8 '\(path)' > data.csv")
    }
    return text
  }

  private func error(_ text: String) -> DataError { .line(path: path, line: line, text) }
}
