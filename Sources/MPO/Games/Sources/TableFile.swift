import Foundation

/// A row of a table: its fields, spaces around them and quotes taken off.
package struct TableRow: Equatable {
  /// Where it begins, from 1.
  package let line: Int
  package let fields: [String]
}

/// Tables as text: CSV, TSV, or columns apart by spaces; the first line with anything on it tells
/// which (a tab, else a comma, else spaces). Fields may be quoted as RFC 4180 says, also over
/// several lines. Lines without anything are skipped, LF, CRLF and CR end one.
///
/// Written here because the package there is, SwiftCSV 0.10, pads short rows without a word,
/// names no line in its errors, and keeps a dictionary per row; a matrix or a vote file with a
/// broken row must not become a game.
package struct TableFile {
  /// Where a line that begins with `#` is a comment: anywhere in a file of numbers; only before the
  /// header where the first column is free text, such as a prompt in Markdown.
  package enum Comments { case anywhere, beforeHeader }
  package enum Separator { case comma, tab, spaces }

  package let file: DataFile
  package let separator: Separator
  /// The first row, a header or not.
  package let first: TableRow
  package var path: String { file.path }

  /// More fields than this in a row end the reading before they fill the memory.
  static let maximumFields = PreferenceGame.maximumCount + 1

  /// - Throws: `DataError`.
  package init(_ path: String, what: String) throws {
    let file = try DataFile(path, what: what)
    separator = file.data.withUnsafeBytes { Self.separator($0) }
    let separator = separator
    let first = try file.data.withUnsafeBytes { bytes in
      var scanner = RowScanner(path: file.path, bytes: bytes, separator: separator)
      return try scanner.next()
    }
    guard let first else {
      throw DataError.empty(path: file.path, "holds nothing; expected \(what)")
    }
    self.file = file
    self.first = first
  }

  /// Calls `body` with every row, the first one too.
  package func forEachRow(_ comments: Comments, _ body: (TableRow) throws -> Void) throws {
    try file.data.withUnsafeBytes { bytes in
      var scanner = RowScanner(path: path, bytes: bytes, separator: separator)
      while let row = try scanner.next() {
        if comments == .beforeHeader { scanner.skipsComments = false }
        try body(row)
      }
    }
  }

  private static func separator(_ bytes: UnsafeRawBufferPointer) -> Separator {
    var scanner = RowScanner(path: "", bytes: bytes, separator: .spaces)
    scanner.skipToContent()
    var found = Separator.spaces
    var inQuotes = false
    for byte in bytes[scanner.position...] {
      switch byte {
      case UInt8(ascii: "\""): inQuotes.toggle()
      case _ where inQuotes: continue
      case 9: return .tab
      case UInt8(ascii: ","): found = .comma
      case 10, 13: return found
      default: continue
      }
    }
    return found
  }
}

/// Named columns of a table with a header; further columns are ignored.
struct TableColumns {
  let path: String
  let width: Int
  let line: Int
  private let indices: [String: Int]

  /// A header's names as they are compared.
  static func names(_ row: TableRow) -> [String] { row.fields.map { $0.lowercased() } }

  /// - Throws: `DataError.line` for a column that is not there, or there twice.
  init(_ table: TableFile, required: [String], optional: [String] = []) throws {
    path = table.path
    width = table.first.fields.count
    line = table.first.line
    let names = Self.names(table.first)
    var indices: [String: Int] = [:]
    for name in required + optional {
      let found = names.indices.filter { names[$0] == name }
      guard found.count <= 1 else {
        throw DataError.line(
          path: table.path, line: table.first.line, "two columns are named '\(name)'")
      }
      if let index = found.first {
        indices[name] = index
      } else if required.contains(name) {
        throw DataError.line(
          path: table.path, line: table.first.line,
          "no column '\(name)'; expected a header with \(required.joined(separator: ", ")), found "
            + quoted(table.first.fields.joined(separator: ",")))
      }
    }
    self.indices = indices
  }

  /// The field of `row` in a column; nil where the table has no such column.
  func field(_ name: String, _ row: TableRow) -> String? {
    indices[name].map { row.fields[$0] }
  }

  /// - Throws: `DataError.line` for a row that is longer or shorter than the header.
  func check(_ row: TableRow) throws {
    guard row.fields.count == width else {
      throw DataError.line(
        path: path, line: row.line,
        "expected \(width) fields as in the header, line \(line); found \(row.fields.count)")
    }
  }

  /// Two different players, by the columns that name them.
  func players(_ first: String, _ second: String, _ row: TableRow) throws -> PlayerPair {
    let pair = PlayerPair(field(first, row) ?? "", field(second, row) ?? "")
    for (column, name) in [(first, pair.first), (second, pair.second)] where name.isEmpty {
      throw DataError.line(path: path, line: row.line, "'\(column)' is empty; expected a name")
    }
    guard pair.first != pair.second else {
      throw DataError.line(
        path: path, line: row.line,
        "\(quoted(pair.first)) against itself; expected two different players. A tie with "
          + "oneself is understood; take the row out")
    }
    return pair
  }
}
