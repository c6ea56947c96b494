import Foundation

/// A file of a table: found, told apart from formats that are not read, mapped into memory.
package struct DataFile {
  /// What the text is made of; the other kind is refused by its name where that tells.
  package enum Kind { case jsonLines, table }

  package let path: String
  package let data: Data

  /// - Parameters:
  ///   - path: a file.
  ///   - what: for messages, `games`.
  /// - Throws: `DataError`.
  package init(_ path: String, what: String) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw DataError.missing(path: path)
    }
    guard !isFolder.boolValue else {
      throw DataError.format(path: path, "is a folder; expected a file of \(what)")
    }
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
    } catch {
      throw DataError.unreadable(path: path, (error as NSError).localizedDescription)
    }
    self.path = path
    try Self.refuseOtherFormats(path, [UInt8](data.prefix(4)), what, .table)
    if data.starts(with: [0x1f, 0x8b]) || path.lowercased().hasSuffix(".gz") {
      throw DataError.format(path: path, "is compressed; unpack it first: gunzip -k '\(path)'")
    }
  }

  /// Tells files that are not read here by their first bytes and their names.
  static func refuseOtherFormats(
    _ path: String, _ head: [UInt8], _ what: String, _ kind: Kind
  ) throws {
    let name = path.lowercased()
    if head == Array("PAR1".utf8) || name.hasSuffix(".parquet") {
      let write =
        kind == .table
        ? "to_csv('data.csv', index=False)"
        : "to_json('data.jsonl', orient='records', lines=True)"
      throw DataError.format(
        path: path,
        "Parquet is not read here; convert it: python3 -c \"import pandas; "
          + "pandas.read_parquet('\(path)').\(write)\"")
    }
    if head.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) || name.hasSuffix(".zst") {
      throw DataError.format(path: path, "is compressed; unpack it first: unzstd -k '\(path)'")
    }
    if head.starts(with: [0xff, 0xfe]) || head.starts(with: [0xfe, 0xff]) {
      throw DataError.format(
        path: path,
        "is UTF-16; convert it: iconv -f UTF-16 -t UTF-8 '\(path)' > data."
          + (kind == .table ? "csv" : "jsonl"))
    }
    if kind == .jsonLines, name.hasSuffix(".csv") || name.hasSuffix(".arrow") {
      throw DataError.format(path: path, "expected \(what) as JSON lines (.jsonl), not a table")
    }
    if kind == .table, name.hasSuffix(".jsonl") || name.hasSuffix(".json") {
      throw DataError.format(
        path: path, "expected \(what) as a table (CSV, TSV or columns apart by spaces), not JSON")
    }
  }
}
