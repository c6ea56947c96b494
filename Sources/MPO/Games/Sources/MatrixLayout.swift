/// Which parts of a matrix file are names and which are numbers.
struct MatrixLayout {
  /// The first row holds names.
  let hasHeader: Bool
  private(set) var hasRowNames: Bool
  /// From the header.
  private(set) var columnNames: [String]?
  /// Fields of every row, the name's too.
  private(set) var fieldCount: Int
  private(set) var fieldCountLine: Int

  /// Values in a row.
  var columns: Int { fieldCount - (hasRowNames ? 1 : 0) }

  static func isMissing(_ field: String) -> Bool { field.isEmpty || field == "NA" }

  private static func isName(_ field: String) -> Bool { !isMissing(field) && Double(field) == nil }

  init(first: TableRow) {
    let rest = first.fields.dropFirst()
    let isIndex =
      first.fields[0].isEmpty && rest.count > 1
      && zip(rest, 0...).allSatisfy { $0 == String($1) }
    let hasNames = rest.contains(where: Self.isName)
    let hasNumbers = first.fields.contains { !Self.isMissing($0) && !Self.isName($0) }
    hasHeader = isIndex || (hasNames && !hasNumbers)
    hasRowNames = !hasHeader && Self.isName(first.fields[0]) && !rest.isEmpty
    columnNames = hasHeader ? first.fields : nil
    fieldCount = first.fields.count
    fieldCountLine = first.line
  }

  /// Settles, by the first row below a header, whether rows are named.
  mutating func adapt(to row: TableRow) {
    guard hasHeader, let names = columnNames else { return }
    if row.fields.count == names.count + 1 {
      hasRowNames = true
      fieldCount = row.fields.count
      fieldCountLine = row.line
    } else if names[0].isEmpty || Self.isName(row.fields[0]) {
      hasRowNames = true
      columnNames = Array(names.dropFirst())
    }
  }
}
