/// Tables for people who read the text as it is and for those who render it.
enum MarkdownTable {
  /// Rows of one number of cells, the first the heading; the first column to the left, the others to the
  /// right, padded to the widest.
  static func aligned(_ cells: [[String]]) -> String {
    let escaped = cells.map { $0.map { $0.replacing("|", with: "\\|") } }
    let widths = escaped[0].indices.map { column in
      max(3, escaped.map { $0[column].count }.max() ?? 0)
    }
    func line(_ row: [String]) -> String {
      let padded = zip(row, widths).enumerated().map { column, cell in
        let space = String(repeating: " ", count: cell.1 - cell.0.count)
        return column == 0 ? cell.0 + space : space + cell.0
      }
      return "| " + padded.joined(separator: " | ") + " |\n"
    }
    let rule = widths.enumerated().map { column, width in
      String(repeating: "-", count: column == 0 ? width + 2 : width + 1) + (column == 0 ? "" : ":")
    }
    return line(escaped[0]) + "|" + rule.joined(separator: "|") + "|\n"
      + escaped.dropFirst().map(line).joined()
  }
}
