import Foundation

/// A text file of data: found, told apart from formats that are not read, mapped into memory.
package struct DataFile {
  /// What the text is made of; the other kind is refused by its name where that tells.
  package enum Kind { case jsonLines, table }

  package let path: String
  package let data: Data

  /// - Parameters:
  ///   - path: a file, or, of JSON lines, a folder that holds `train.jsonl` (mlx-lm's layout).
  ///   - what: for messages, `prompts`.
  /// - Throws: `DataError`.
  package init(_ path: String, what: String, kind: Kind = .jsonLines) throws {
    var path = path
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw DataError.missing(path: path)
    }
    if isFolder.boolValue {
      guard kind == .jsonLines else {
        throw DataError.format(path: path, "is a folder; expected a file of \(what)")
      }
      let inside = URL(fileURLWithPath: path).appendingPathComponent("train.jsonl").path
      guard FileManager.default.fileExists(atPath: inside) else {
        throw DataError.format(
          path: path, "is a folder; expected a file of \(what), or a train.jsonl inside")
      }
      path = inside
    }
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
    } catch {
      throw DataError.unreadable(path: path, (error as NSError).localizedDescription)
    }
    self.path = path
    try refuseOtherFormats(what, kind)
  }

  private func refuseOtherFormats(_ what: String, _ kind: Kind) throws {
    let name = path.lowercased()
    let head = [UInt8](data.prefix(4))
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
    if head.starts(with: [0x1f, 0x8b]) || name.hasSuffix(".gz") {
      throw DataError.format(path: path, "is compressed; unpack it first: gunzip -k '\(path)'")
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

  /// Calls `body` with every line that is not blank and its number, from 1. A byte-order mark and
  /// CRLF are taken off; the last line needs no end.
  package func forEachLine(_ body: (Int, Data) throws -> Void) rethrows {
    var start = data.startIndex
    if data.starts(with: [0xEF, 0xBB, 0xBF]) { start += 3 }
    var number = 0
    while start < data.endIndex {
      number += 1
      let end = data[start...].firstIndex(of: 10) ?? data.endIndex
      let line = data[start..<end]
      if line.contains(where: { $0 != 32 && $0 != 9 && $0 != 13 }) {
        try body(number, line.last == 13 ? line.dropLast() : line)
      }
      start = end < data.endIndex ? end + 1 : end
    }
  }

  /// Decodes every line, naming file and line where one is malformed.
  /// - Throws: `DataError.line`; `DataError.empty` when there is no line at all.
  package func records<Record: Decodable>(
    _ type: Record.Type, expected: String
  ) throws -> [(line: Int, record: Record)] {
    var records: [(line: Int, record: Record)] = []
    let decoder = JSONDecoder()
    try forEachLine { number, line in
      do {
        records.append((number, try decoder.decode(type, from: Data(line))))
      } catch let error as DecodingError {
        throw DataError.line(
          path: path, line: number, Self.explain(error, line: line, expected: expected))
      }
    }
    guard !records.isEmpty else {
      throw DataError.empty(path: path, "holds nothing; expected \(expected) on every line")
    }
    return records
  }

  private static func explain(_ error: DecodingError, line: Data, expected: String) -> String {
    let text = quoted(String(decoding: line, as: UTF8.self), limit: 80)
    if line.first(where: { $0 != 32 && $0 != 9 }) == UInt8(ascii: "[") {
      return "a JSON array, not JSON lines; write \(expected) on every line. Found \(text)"
    }
    switch error {
    case .keyNotFound(let key, _):
      return "no key '\(key.stringValue)'; expected \(expected), found \(text)"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      guard let key = context.codingPath.first else {
        return "expected \(expected), found \(text)"
      }
      return "'\(key.stringValue)' has the wrong type; expected \(expected), found \(text)"
    case .dataCorrupted(let context) where !context.codingPath.isEmpty:
      return "\(context.debugDescription); expected \(expected), found \(text)"
    default:
      return "not valid JSON; expected \(expected), found \(text)"
    }
  }
}
