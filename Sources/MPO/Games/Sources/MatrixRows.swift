/// The rows of a matrix file. n players; `values` (n, n) row-major as they stand in the file, NaN
/// where a cell is missing.
struct MatrixRows {
  let path: String
  private(set) var names: [String] = []
  var values: [Double] = []
  /// The line of every row, n.
  private(set) var lines: [Int] = []

  /// - Throws: `DataError`.
  init(_ table: TableFile) throws {
    path = table.path
    var layout = MatrixLayout(first: table.first)
    var rowNames: [String] = []
    var rowCount = 0
    try table.forEachRow(.anywhere) { row in
      if layout.hasHeader, row.line == table.first.line { return }
      if rowCount == 0 {
        layout.adapt(to: row)
        try checkSize(layout.columns, line: row.line)
      }
      rowCount += 1
      guard row.fields.count == layout.fieldCount else {
        throw error(
          row.line,
          "row \(rowCount): expected \(layout.fieldCount) fields as in line "
            + "\(layout.fieldCountLine), found \(row.fields.count)")
      }
      // Rows beyond the square are counted for the message, not kept.
      guard rowCount <= layout.columns else { return }
      if layout.hasRowNames { rowNames.append(row.fields[0]) }
      lines.append(row.line)
      for (b, field) in row.fields.dropFirst(layout.hasRowNames ? 1 : 0).enumerated() {
        values.append(try number(field, row: rowCount, column: b + 1, line: row.line))
      }
    }
    guard rowCount == layout.columns else {
      throw DataError.format(
        path: path,
        "not square: expected as many rows as columns, found \(rowCount) rows of "
          + "\(layout.columns) values" + (layout.hasHeader ? " below a header" : ""))
    }
    names = layout.columnNames ?? (rowNames.isEmpty ? (1...rowCount).map(String.init) : rowNames)
    try checkNames(rowNames, header: layout.columnNames == nil ? nil : table.first.line)
  }

  private func checkSize(_ columns: Int, line: Int) throws {
    guard columns <= PreferenceGame.maximumCount else {
      throw error(
        line, "\(columns) columns; a game may have \(PreferenceGame.maximumCount) players")
    }
  }

  private func number(_ field: String, row: Int, column: Int, line: Int) throws -> Double {
    if MatrixLayout.isMissing(field) { return .nan }
    guard let value = Double(field) else {
      let separator =
        field.contains(";") ? "; columns are apart by commas, tabs or spaces, not semicolons" : ""
      throw error(
        line,
        "row \(row) column \(column): expected a number, found \(quoted(field))\(separator)")
    }
    guard value.isFinite else {
      throw error(
        line,
        "row \(row) column \(column): expected a finite number, found \(quoted(field)); leave a "
          + "missing value empty, or write NA")
    }
    return value
  }

  /// - Parameter header: the line that names the columns, nil where the rows name the players.
  private func checkNames(_ rowNames: [String], header: Int?) throws {
    var seen: [String: Int] = [:]
    for (a, name) in names.enumerated() {
      let line = header ?? lines[a]
      guard !name.isEmpty else { throw error(line, "player \(a + 1) has no name") }
      if let other = seen.updateValue(a, forKey: name) {
        throw error(line, "players \(other + 1) and \(a + 1) are both named \(quoted(name))")
      }
    }
    for (a, name) in rowNames.enumerated() where name != names[a] {
      throw error(
        lines[a],
        "row \(a + 1) is named \(quoted(name)), but column \(a + 1) is \(quoted(names[a])); "
          + "expected the same order")
    }
  }

  func error(_ line: Int, _ text: String) -> DataError { .line(path: path, line: line, text) }
}
